"""What former runs have left: it saves work, and never changes what is said."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import celeryleak_lint.engine
from celeryleak_lint.frontends.run import Outcome, Request, run
from celeryleak_lint.model.findings import Report
from celeryleak_lint.system.cache import open_cache
from celeryleak_lint.system.reports import FILE
from celeryleak_lint.system.sightings import SETTLED_NANOSECONDS, Sightings, content_digest

LEAKY = "from celery import Celery, shared_task\n\n\n@shared_task\ndef work():\n    Celery('a')\n"
QUIET = "from celery import Celery, shared_task\n\n\n@shared_task\ndef work():\n    Celer_('a')\n"
SETTINGS = "[tool.celeryleak-lint]\n"
#: The seconds after which a file counts as settled, and a little more.
LONG_AGO = SETTLED_NANOSECONDS / 1e9 + 60


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "work.py").write_text(LEAKY)
    (tmp_path / "other.py").write_text("import work\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(**options: object) -> Report:
    outcome = run(Request(**options))  # type: ignore[arg-type]
    assert isinstance(outcome, Outcome)
    return outcome.report


def codes(report: Report) -> list[str]:
    return sorted({finding.code for finding in report.findings})


def forbid_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(celeryleak_lint.engine, "analyse", unexpected)


def test_second_run_says_the_same_and_analyses_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = checked()
    assert "CLK101" in codes(first)
    forbid_analysis(monkeypatch)
    second = checked()
    assert second.findings == first.findings
    assert (second.files, second.lines, second.failures) == (first.files, first.lines, ())


def test_without_the_cache_nothing_is_remembered(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(use_cache=False)
    assert not (root / ".celeryleak_cache").exists()
    forbid_analysis(monkeypatch)
    with pytest.raises(AssertionError):
        checked(use_cache=False)


@pytest.mark.parametrize(
    ("name", "text", "gone"),
    [
        ("work.py", QUIET, True),
        ("work.py", LEAKY.replace("Celery('a')", "Celery('a')  # noqa: CLK101"), True),
        ("pyproject.toml", SETTINGS + 'ignore = ["CLK1"]\n', True),
        ("pyproject.toml", SETTINGS + 'once = ["work"]\n', True),
        ("celeryleak-lint.toml", 'exclude = ["work.py"]\n', True),
        (".gitignore", "work.py\n", True),
        ("other.py", "import work\nwork.work()\n", False),
        ("third.py", "import celery\n\n\ndef make():\n    return celery.Celery('b')\n", False),
    ],
)
def test_whatever_changes_is_noticed(root: Path, name: str, text: str, *, gone: bool) -> None:
    assert "CLK101" in codes(checked())
    (root / name).write_text(text)
    report = checked()
    assert report.findings == checked(use_cache=False).findings
    assert ("CLK101" not in codes(report)) == gone


def test_deploy_files_count(root: Path) -> None:
    (root / "Procfile").write_text("worker: celery -A work worker\n")
    assert "CLK501" in codes(checked(options={"confidence": "possible"}))
    (root / "Procfile").write_text("worker: celery -A work worker --max-tasks-per-child=9\n")
    assert "CLK501" not in codes(checked(options={"confidence": "possible"}))


def test_what_is_asked_for_is_part_of_the_question(root: Path) -> None:
    assert "CLK101" in codes(checked())
    assert codes(checked(paths=("other.py",))) == []
    assert codes(checked(options={"select": ["CLK9"]})) == []
    assert "CLK101" in codes(checked())


def test_damaged_reports_are_made_anew(root: Path) -> None:
    before = checked()
    cache = open_cache(str(root), None)
    assert cache is not None
    report = Path(cache.folder, FILE)
    for damage in (b"", b"\x00" * 64, report.read_bytes()[:-1], report.read_bytes() + b"x"):
        report.write_bytes(damage)
        assert checked().findings == before.findings
    for name in sorted(os.listdir(cache.folder)):
        cache.write(name, b"\x93sealed, yet of another shape")
    assert checked().findings == before.findings


def test_only_a_few_reports_are_kept(root: Path) -> None:
    cache = open_cache(str(root), None)
    assert cache is not None
    sizes = []
    for count in range(16):
        checked(options={"ignore": [f"CLK9{'0' * (count % 2)}"], "once": [f"f{count}"]})
        sizes.append(len(cache.read(FILE) or b""))
    assert sizes[1] > sizes[0]
    assert sizes[-1] == sizes[-2]


def test_unsaved_text_leaves_no_report(root: Path) -> None:
    cache = open_cache(str(root), None)
    assert cache is not None
    for text in (QUIET, LEAKY):
        report = checked(text=text.encode(), text_name="work.py")
        assert ("CLK101" in codes(report)) == (text == LEAKY)
    assert cache.read(FILE) is None
    checked()
    assert cache.read(FILE) is not None


def test_content_that_changes_within_one_tick_is_noticed(root: Path) -> None:
    path = root / "work.py"
    moment = path.stat().st_mtime_ns
    assert "CLK101" in codes(checked())
    path.write_text(QUIET)
    os.utime(path, ns=(moment, moment))
    assert len(QUIET) == len(LEAKY)
    assert "CLK101" not in codes(checked())


def test_settled_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_text("import celery\n")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + int(LONG_AGO * 1e9))
    first = Sightings(str(tmp_path))
    assert first.imports("a.py") == ("celery",)
    again = Sightings(str(tmp_path), known=first.kept())
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("the file was read"))
    assert again.digest("a.py") == content_digest(b"import celery\n")
    assert again.imports("a.py") == ("celery",)


def test_file_that_just_changed_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    sightings = Sightings(str(tmp_path))
    assert sightings.digest("a.py") == content_digest(b"x = 1\n")
    assert sightings.kept() == {}


def test_unsaved_text_is_never_kept(tmp_path: Path) -> None:
    sightings = Sightings(str(tmp_path), {"a.py": b"y = 2\n"})
    assert sightings.digest("a.py") == content_digest(b"y = 2\n")
    assert sightings.kept() == {}


def test_file_that_cannot_be_read_is_told_each_time(root: Path) -> None:
    (root / "broken.py").symlink_to(root / "nowhere.py")
    (root / "bad.py").write_text("def f(:\n")
    first, second = checked(), checked()
    assert [failure.path for failure in first.failures] == ["bad.py"]
    assert first.failures == second.failures
