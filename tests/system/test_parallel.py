"""Summaries of many files: the same with and without processes, and without one file's worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import celeryleak_lint.summarising
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.system.cache import open_cache
from celeryleak_lint.system.parallel import MIN_FILES, Gathering, summaries

COUNT = MIN_FILES + 25


def project(root: Path, count: int = COUNT) -> Scope:
    """A project of many small modules."""
    files = []
    for number in range(count):
        name = f"m{number:03d}"
        (root / f"{name}.py").write_text(f"import os\n\ndef f{number}():\n    return os\n")
        files.append(SourceFile(f"{name}.py", name, False))
    return Scope(str(root), ("",), tuple(files))


def test_order_and_content_do_not_depend_on_processes(tmp_path: Path) -> None:
    scope = project(tmp_path)
    alone = list(summaries(scope, Gathering(jobs=1)))
    assert [summary.path for summary in alone] == [file.path for file in scope.files]
    assert all(isinstance(summary, ModuleSummary) for summary in alone)
    assert list(summaries(scope, Gathering(jobs=2))) == alone


def test_cached_summaries_are_the_same_and_cost_no_extraction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = project(tmp_path)
    fresh = list(summaries(scope, Gathering(2, open_cache(str(tmp_path), None))))

    def unexpected(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(celeryleak_lint.summarising, "summarise", unexpected)
    assert list(summaries(scope, Gathering(2, open_cache(str(tmp_path), None)))) == fresh


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    scope = project(tmp_path, 3)
    before = list(summaries(scope, Gathering(1, open_cache(str(tmp_path), None))))
    (tmp_path / "m001.py").write_text("x = 1\n\n\n")
    after = list(summaries(scope, Gathering(1, open_cache(str(tmp_path), None))))
    assert [one == two for one, two in zip(before, after, strict=True)] == [True, False, True]


@pytest.mark.parametrize("jobs", [1, 2])
def test_vanished_file_is_one_failure(tmp_path: Path, jobs: int) -> None:
    scope = project(tmp_path)
    (tmp_path / "m003.py").unlink()
    found = list(summaries(scope, Gathering(jobs)))
    (failure,) = [item for item in found if isinstance(item, Failure)]
    assert failure.path == "m003.py"
    assert failure.message == "cannot be read: no such file or directory; the file was not checked"
    assert len(found) == COUNT


def test_file_that_is_too_large_is_one_failure(tmp_path: Path) -> None:
    scope = project(tmp_path, 1)
    with (tmp_path / "m000.py").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    (failure,) = summaries(scope, Gathering())
    assert isinstance(failure, Failure)
    assert failure.message.startswith("cannot be read: larger than 16 MiB")


def test_dead_worker_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = project(tmp_path)
    real = celeryleak_lint.summarising.summarise

    def deadly(file: SourceFile, data: bytes) -> ModuleSummary | Failure:
        if file.module == "m020":
            os._exit(3)
        return real(file, data)

    monkeypatch.setattr(celeryleak_lint.summarising, "summarise", deadly)
    found = list(summaries(scope, Gathering(jobs=2)))
    failures = [item for item in found if isinstance(item, Failure)]
    assert [(item.path, item.message) for item in failures] == [
        ("m020.py", "the process that read this file died; the file was not checked")
    ]
    assert len(found) == COUNT


def test_exception_in_extraction_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = project(tmp_path, 3)
    real = celeryleak_lint.summarising.summarise

    def fragile(file: SourceFile, data: bytes) -> ModuleSummary | Failure:
        if file.module == "m001":
            raise ZeroDivisionError("by chance")
        return real(file, data)

    monkeypatch.setattr(celeryleak_lint.summarising, "summarise", fragile)
    cache = open_cache(str(tmp_path), None)
    _, failure, _ = summaries(scope, Gathering(cache=cache))
    assert isinstance(failure, Failure)
    assert failure.message.startswith("internal error: ZeroDivisionError: by chance; the file was")
    monkeypatch.setattr(celeryleak_lint.summarising, "summarise", real)
    _, again, _ = summaries(scope, Gathering(cache=open_cache(str(tmp_path), None)))
    assert isinstance(again, ModuleSummary)


def test_unsaved_text_stands_in_for_the_file(tmp_path: Path) -> None:
    scope = project(tmp_path)
    (item, *_) = summaries(scope, Gathering(jobs=2, overlay={"m000.py": b"a = 1\n" * 9}))
    assert isinstance(item, ModuleSummary)
    assert item.lines == 9
