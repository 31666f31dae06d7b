"""Summaries of all files of a project: from the cache, elsewhere, by worker processes, or here.

A worker that dies costs one failure for the file it died on; everything else goes on.
What is lost elsewhere is made here.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.system.cache import Cache, Entry, digest_of
from celeryleak_lint.system.garbage import never_collect
from celeryleak_lint.system.outcomes import (
    Outcome,
    broken,
    decoded,
    encoded,
    failed,
    summarise_file,
    value_of,
)
from celeryleak_lint.system.read import reader
from celeryleak_lint.system.sightings import Sightings

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext

    from celeryleak_lint.system.elsewhere import Elsewhere

#: With fewer files than this to summarise, starting processes costs more than it saves.
MIN_FILES = 50

_FILES_PER_TASK = 20


class Gathering(msgspec.Struct, frozen=True):
    """How summaries are made: with how many processes, which cache, and which unsaved texts.

    ``elsewhere`` is asked first where it is given. ``sightings`` know the digests of files;
    without them each file is read to learn it. ``met`` is told how many files of the scope
    are done, again and again.
    """

    jobs: int = 1
    cache: Cache | None = None
    overlay: Mapping[str, bytes] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    met: Callable[[int], None] = lambda _count: None
    sightings: Sightings | None = None
    elsewhere: Elsewhere | None = None


def summaries(scope: Scope, how: Gathering) -> Iterator[ModuleSummary | Failure]:
    """One summary, or the failure in its place, for each file of the scope, in its order."""
    known = dict(_remembered(scope, how))
    missing = [file for file in scope.files if file.path not in known]
    made = _made(scope.root, missing, how)
    # kept before anything is decoded: encoded and decoded summaries together take most memory
    _keep(scope, how, made)
    for done, file in enumerate(scope.files):
        how.met(done)
        entry = known.pop(file.path, None)
        value = value_of(entry) if entry is not None else None
        if value is not None:
            yield value
            continue
        outcome = made.pop(file.path, None)
        if outcome is None:
            outcome = summarise_file(scope.root, file, how.overlay)
            if how.cache is not None and outcome.lasting:
                how.cache.put(file.path, outcome.entry)
        yield value_of(outcome.entry) or broken(file, "its summary cannot be decoded")
    _keep(scope, how, {})


def _keep(scope: Scope, how: Gathering, made: Mapping[str, Outcome]) -> None:
    """Write what has been made into the cache, which lets go of it then."""
    if how.cache is None:
        return
    for path, outcome in made.items():
        if outcome.lasting:
            how.cache.put(path, outcome.entry)
    how.cache.save(frozenset(file.path for file in scope.files))


def available_jobs() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _remembered(scope: Scope, how: Gathering) -> Iterator[tuple[str, Entry]]:
    if how.cache is None:
        return
    sightings = how.sightings or Sightings(scope.root, how.overlay)
    for file in scope.files:
        try:
            entry = how.cache.get(file.path, digest_of(file, sightings.digest(file.path)))
        except OSError:
            continue
        if entry is not None:
            yield file.path, entry


def _made(root: str, missing: Sequence[SourceFile], how: Gathering) -> dict[str, Outcome]:
    """Outcomes of files by path, made by others than this process."""
    if how.elsewhere is None or not missing:
        return _from_workers(root, missing, how) if _is_worth_it(missing, how) else {}
    from celeryleak_lint.system.elsewhere import summarised

    answer = summarised(how.elsewhere, missing, reader(root, how.overlay), how.met)
    left = [file for file in missing if file.path not in answer.made]
    # what was lost may have taken its worker with it, so it never comes into this process
    is_safer = bool(answer.lost) and not _is_daemon()
    here = _from_workers(root, left, how) if is_safer or _is_worth_it(left, how) else {}
    return {**answer.made, **here}


def _is_worth_it(missing: Sequence[SourceFile], how: Gathering) -> bool:
    return how.jobs > 1 and len(missing) >= MIN_FILES and not _is_daemon()


def _is_daemon() -> bool:
    """A daemonic process, such as a worker of flake8, must not have children."""
    import multiprocessing  # imported late: small runs never need it

    return bool(multiprocessing.current_process().daemon)


def _from_workers(root: str, files: Sequence[SourceFile], how: Gathering) -> dict[str, Outcome]:
    """Outcomes of files by path; what is missing in it is left for this process to do."""
    made: dict[str, Outcome] = {}
    plain = [file for file in files if file.path not in how.overlay]
    tasks = deque(
        tuple(plain[start : start + _FILES_PER_TASK])
        for start in range(0, len(plain), _FILES_PER_TASK)
    )
    try:
        while tasks:
            suspects = _drain(root, tasks, how.jobs, made, how.met)
            singly: deque[tuple[SourceFile, ...]] = deque(
                (file,) for task in suspects for file in task
            )
            while singly:
                for (file,) in _drain(root, singly, 1, made, how.met):
                    made[file.path] = _died(file)
    except (OSError, ImportError, NotImplementedError):
        return made  # no processes on this system, or no more of them
    return made


def _drain(
    root: str,
    tasks: deque[tuple[SourceFile, ...]],
    jobs: int,
    made: dict[str, Outcome],
    met: Callable[[int], None],
) -> tuple[tuple[SourceFile, ...], ...]:
    """Work through ``tasks`` until none is left, or until a worker dies.

    Gives the tasks that were under way then, one of which killed it. With one job only one
    task is ever under way, so the culprit is known.
    """
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    # imported once here, and not by each process that is forked
    importlib.import_module("celeryleak_lint.extract.module")
    importlib.import_module("celeryleak_lint.summarising")
    under_way: dict[Future[bytes], tuple[SourceFile, ...]] = {}
    limit = 2 * jobs if jobs > 1 else 1
    with ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_start_worker) as pool:
        _ensure_running(pool)
        try:
            while tasks or under_way:
                while tasks and len(under_way) < limit:
                    under_way[_submitted(pool, root, tasks[0])] = tasks[0]
                    tasks.popleft()
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    made.update(_received(under_way[future], future.result()))
                    del under_way[future]
                    met(len(made))
        except BrokenProcessPool:
            return tuple(under_way.values())
    return ()


def _ensure_running(pool: ProcessPoolExecutor) -> None:
    """Raise ``OSError`` when workers die before they have any work: no file is to blame then."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as error:
        raise ChildProcessError(str(error)) from error


def _submitted(pool: ProcessPoolExecutor, root: str, task: tuple[SourceFile, ...]) -> Future[bytes]:
    return pool.submit(_work, root, task)


def _received(task: Iterable[SourceFile], sent: bytes) -> Iterator[tuple[str, Outcome]]:
    for file, outcome in zip(task, decoded(sent), strict=True):
        yield file.path, outcome


def _work(root: str, task: tuple[SourceFile, ...]) -> bytes:
    """Runs in a worker: the outcomes of a task, encoded."""
    return encoded([summarise_file(root, file, {}) for file in task])


def _died(file: SourceFile) -> Outcome:
    message = "the process that read this file died; the file was not checked"
    return failed(Failure(file.path, 1, 1, message))


def _start_worker() -> None:
    """Leave the keyboard to the parent, which ends its workers itself."""
    import signal

    never_collect()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _context() -> BaseContext:
    """Fork where that is safe and cheap (Linux, one thread), else start processes afresh."""
    import multiprocessing

    is_safe = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if is_safe else "spawn")
