"""A report stands after a change that cannot matter, and falls after one that may."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import celeryleak_lint.engine
from celeryleak_lint.frontends.run import Outcome, Request, run
from celeryleak_lint.model.findings import Report
from celeryleak_lint.system.cache import open_cache
from tests.projects import LEAKY_TASK, written

HELPER = """\
import json


def load(text):
    # what comes in
    values = json.loads(text)
    return values


class Shelf:
    def title(self):
        return "shelf"
"""
FILES = {
    "pyproject.toml": "[tool.celeryleak-lint]\n",
    "Procfile": "web: gunicorn app\n",
    "tasks.py": LEAKY_TASK,
    "helper.py": HELPER,
    "calls.py": "import helper\n\n\ndef main():\n    return helper.load('1')\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(written(tmp_path, dict(FILES)))
    return tmp_path


def checked(**options: object) -> Report:
    outcome = run(Request(**options))  # type: ignore[arg-type]
    assert isinstance(outcome, Outcome)
    return outcome.report


@pytest.fixture
def analyses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each analysis of everything."""
    made: list[int] = []
    real = celeryleak_lint.engine.analyse

    def counted(*arguments: object, **options: object) -> Report:
        made.append(1)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(celeryleak_lint.engine, "analyse", counted)
    return made


def changed(path: Path, text: str) -> None:
    path.write_text(text)
    # a change within one tick of the clock would not be seen, whatever is remembered
    later = time.time() + 5
    os.utime(path, (later, later))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("helper.py", HELPER.replace("what comes in", "what came in")),
        ("helper.py", "# moved down\n\n\n" + HELPER),
        ("helper.py", HELPER + "\nchanged = True\n"),
        ("helper.py", HELPER.replace("values = json", "print(text)\n    values = json")),
        ("helper.py", HELPER.replace('"shelf"', '"board"')),
    ],
)
def test_what_cannot_matter_leaves_the_report(
    root: Path, analyses: list[int], name: str, text: str
) -> None:
    before = checked()
    assert len(analyses) == 1
    changed(root / name, text)
    after = checked()
    assert len(analyses) == 1
    assert after.findings == before.findings == checked(use_cache=False).findings
    assert after.lines - before.lines == text.count("\n") - FILES[name].count("\n")
    assert checked().findings == after.findings
    assert len(analyses) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tasks.py", "# moved\n" + LEAKY_TASK),
        ("helper.py", HELPER + "\n\ndef new():\n    pass\n"),
        ("helper.py", HELPER.replace("json.loads", "open")),
        ("helper.py", HELPER.replace("import json", "import json, redis")),
        ("helper.py", HELPER.replace("# what comes in", "# noqa: CLK101")),
        ("helper.py", HELPER + "def broken(:\n"),
        ("Procfile", "worker: celery -A tasks worker\n"),
        ("third.py", "x = 1\n"),
    ],
)
def test_what_may_matter_is_looked_at(
    root: Path, analyses: list[int], name: str, text: str
) -> None:
    checked()
    changed(root / name, text)
    after = checked()
    assert len(analyses) == 2
    again = checked(use_cache=False)
    assert (after.findings, after.failures) == (again.findings, again.failures)


def test_a_finding_that_comes_up_elsewhere_is_found(root: Path, analyses: list[int]) -> None:
    (root / "tasks.py").write_text(
        LEAKY_TASK.replace("@shared_task\n", "").replace("from celery import shared_task\n", "")
    )
    assert checked().findings == ()
    text = "import tasks\nfrom celery import shared_task\n\n\n@shared_task\ndef run():\n    tasks.remember(1)\n"
    changed(root / "calls.py", text)
    assert [finding.path for finding in checked().findings] == ["tasks.py"]


def test_a_hook_that_names_changed_files_asks_the_same_memory(
    root: Path, analyses: list[int]
) -> None:
    whole = checked()
    changed(root / "helper.py", HELPER + "\nchanged = True\n")
    assert checked(paths=("helper.py",)).findings == ()
    assert checked(paths=("tasks.py", "calls.py")).findings == whole.findings
    assert len(analyses) == 1


def test_a_file_that_cannot_be_parsed_does_not_keep_the_rest_from_standing(
    root: Path, analyses: list[int]
) -> None:
    (root / "broken.py").write_text("def broken(:\n")
    before = checked()
    changed(root / "helper.py", HELPER + "\nchanged = True\n")
    after = checked()
    assert len(analyses) == 1
    assert (after.findings, after.failures) == (before.findings, before.failures)
    changed(root / "broken.py", "def mended():\n    pass\n")
    assert checked().failures == ()
    assert len(analyses) == 2


def test_a_damaged_ground_is_none(root: Path, analyses: list[int]) -> None:
    before = checked()
    cache = open_cache(str(root), None)
    assert cache is not None
    (kept,) = Path(cache.folder).glob("ground-*.pack")
    for damage in (b"", b"\x00" * 64, kept.read_bytes()[:-1]):
        kept.write_bytes(damage)
        changed(root / "helper.py", HELPER + f"\nchanged = {len(damage)}\n")
        assert checked().findings == before.findings
    cache.write(kept.name, b"\x94sealed, yet of another shape")
    changed(root / "helper.py", HELPER + "\nchanged = True\n")
    assert checked().findings == before.findings
    assert len(analyses) == 5


def test_grounds_of_old_questions_go(root: Path) -> None:
    for line in ("CLK1", "CLK2", "CLK3", "CLK4", "CLK5", "CLK9"):
        checked(options={"select": [line]})
    cache = open_cache(str(root), None)
    assert cache is not None
    assert len(list(Path(cache.folder).glob("ground-*.pack"))) == 4
