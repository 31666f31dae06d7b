"""Summaries from executors of others' making: good ones, bad ones, and ones that are gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

import celeryleak_lint.summarising
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.system.cache import version
from celeryleak_lint.system.elsewhere import BATCH_BYTES, BATCH_FILES, Elsewhere, work
from celeryleak_lint.system.outcomes import decoded, encoded
from celeryleak_lint.system.parallel import Gathering, summaries
from tests.system.test_parallel import project

COUNT = 4 * BATCH_FILES + 3
BATCHES = 5


class Acting(Executor):
    """Does the work at once, in this process, as ``act`` wants it done."""

    def __init__(self, act: Callable[[int, bytes], bytes | None]) -> None:
        self.act = act
        self.requests: list[bytes] = []
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert (fn, args[0], kwargs) == (work, version(), {})
        future: Future[Any] = Future()
        self.requests.append(args[1])
        self.futures.append(future)
        try:
            answer = self.act(len(self.requests) - 1, args[1])
        except ZeroDivisionError as error:
            future.set_exception(error)
        else:
            if answer is not None:
                future.set_result(answer)
        return future


def good(_number: int, request: bytes) -> bytes:
    return work(version(), request)


def broken(_number: int, _request: bytes) -> bytes:
    raise ZeroDivisionError("by chance")


def asked(
    scope: Scope, executor: Executor, slots: int = 2, **more: float
) -> tuple[list[ModuleSummary | Failure], list[str]]:
    """What an executor makes of a project, and what is said of it."""
    warnings: list[str] = []
    place = Elsewhere(executor, "the far end", lambda: slots, warnings.append, **more)
    return list(summaries(scope, Gathering(2, elsewhere=place))), warnings


def alone(scope: Scope) -> list[ModuleSummary | Failure]:
    return list(summaries(scope, Gathering()))


def test_any_executor_gives_the_same_in_the_same_order(tmp_path: Path) -> None:
    scope = project(tmp_path, COUNT)
    expected = alone(scope)
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (threads, processes, Acting(good)):
            assert asked(scope, executor) == (expected, [])


def test_texts_travel_and_paths_of_this_machine_do_not(tmp_path: Path) -> None:
    executor = Acting(good)
    asked(project(tmp_path, COUNT), executor)
    assert len(executor.requests) == BATCHES
    assert not any(os.fsencode(tmp_path) in request for request in executor.requests)
    assert b"def f0()" in executor.requests[0]


def test_a_batch_of_large_files_is_small(tmp_path: Path) -> None:
    scope = project(tmp_path, 4)
    for file in scope.files:
        (tmp_path / file.path).write_bytes((b"#" * 1023 + b"\n") * (BATCH_BYTES // 1024 + 1))
    executor = Acting(good)
    assert asked(scope, executor) == (alone(scope), [])
    assert len(executor.requests) == 4


def test_no_more_is_under_way_than_can_be_worked_on(tmp_path: Path) -> None:
    most = []

    def act(_number: int, request: bytes) -> bytes:
        most.append(sum(not future.done() for future in executor.futures))
        return work(version(), request)

    executor = Acting(act)
    asked(project(tmp_path, COUNT), executor)
    assert max(most) == 1


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (
            lambda n, r: broken(n, r) if n == 1 else good(n, r),
            "the far end lost 1 of 5 batches (ZeroDivisionError: by chance)",
        ),
        (lambda n, r: b"\x00" if n == 1 else good(n, r), "lost 1 of 5 batches (ValidationError: "),
        (
            lambda n, r: encoded(decoded(good(n, r))[::-1]) if n == 1 else good(n, r),
            "the far end lost 1 of 5 batches (it answered something else)",
        ),
        (
            lambda n, r: encoded(decoded(good(n, r))[:-1]) if n == 1 else good(n, r),
            "the far end lost 1 of 5 batches (it answered something else)",
        ),
        (broken, "the far end lost 5 of 5 batches (ZeroDivisionError: by chance)"),
    ],
)
def test_lost_batches_are_made_here_and_told_once(
    tmp_path: Path, act: Callable[[int, bytes], bytes | None], said: str
) -> None:
    scope = project(tmp_path, COUNT)
    made, (warning,) = asked(scope, Acting(act))
    assert made == alone(scope)
    assert said in warning
    assert warning.endswith("; their files are read here instead")


def test_after_many_losses_no_more_is_sent(tmp_path: Path) -> None:
    executor = Acting(broken)
    made, warnings = asked(project(tmp_path, 12 * BATCH_FILES), executor, slots=1)
    assert len(made) == 12 * BATCH_FILES
    assert len(executor.requests) < 12
    assert len(warnings) == 1


def test_executor_that_takes_no_work(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    scope = project(tmp_path, COUNT)
    made, (warning,) = asked(scope, executor)
    assert made == alone(scope)
    assert warning.startswith("the far end lost all batches (RuntimeError: cannot schedule new ")


@pytest.mark.parametrize(
    ("slots", "patience", "grace", "said"),
    [
        (2, 0.0, 60.0, "nothing came back for 0 s"),
        (0, 60.0, 0.0, "nobody is left to work there"),
    ],
)
def test_silence_ends_in_work_here(
    tmp_path: Path, slots: int, patience: float, grace: float, said: str
) -> None:
    scope = project(tmp_path, COUNT)
    executor = Acting(lambda n, r: None if n == 1 else good(n, r))
    made, (warning,) = asked(scope, executor, slots, patience=patience, grace=grace)
    assert made == alone(scope)
    assert said in warning
    assert executor.futures[1].cancelled()


def test_failures_are_told_as_they_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = project(tmp_path, COUNT)
    (tmp_path / "m001.py").write_text("x =\n")
    (tmp_path / "m002.py").unlink()
    real = celeryleak_lint.summarising.summarise
    is_there = []

    def act(number: int, request: bytes) -> bytes:
        is_there.append(True)
        answer = good(number, request)
        is_there.pop()
        return answer

    def short_of_memory(file: SourceFile, data: bytes) -> ModuleSummary | Failure:
        if is_there and file.path == "m003.py":
            return Failure(file.path, 1, 1, "nested too deeply for a small machine")
        return real(file, data)

    monkeypatch.setattr(celeryleak_lint.summarising, "summarise", short_of_memory)
    made, warnings = asked(scope, Acting(act))
    assert made == alone(scope)
    assert [item.path for item in made if isinstance(item, Failure)] == ["m001.py", "m002.py"]
    assert warnings == []


def test_other_code_refuses_to_work() -> None:
    request = msgspec.msgpack.encode(((), ()))
    assert decoded(work(version(), request)) == []
    with pytest.raises(RuntimeError, match=r"a worker has celeryleak-lint .*, not 0\.0\.7-py3\.9"):
        work("0.0.7-py3.9-00", request)


def test_interrupted_run_takes_its_work_back(tmp_path: Path) -> None:
    executor = Acting(lambda n, r: good(n, r) if n == 0 else None)

    def interrupt(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    place = Elsewhere(executor, "the far end", lambda: 2, lambda _message: None)
    with pytest.raises(KeyboardInterrupt):
        list(summaries(project(tmp_path, COUNT), Gathering(met=interrupt, elsewhere=place)))
    assert [future.cancelled() for future in executor.futures] == [False] + [True] * 4
