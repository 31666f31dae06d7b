"""Where reports go: several at once, to files and to standard output, and what goes wrong."""

from __future__ import annotations

import io
import itertools
import json
import os
from pathlib import Path

import pytest
from junitparser import JUnitXml

from celeryleak_lint.frontends.progress import PATIENCE, Progress
from tests.frontends.command import run
from tests.projects import LEAKY_TASK, written


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    return written(tmp_path, {"jobs.py": LEAKY_TASK, "setup.cfg": ""})


def formats(*names: str) -> list[str]:
    return [word for name in names for word in ("--output-format", name)]


def test_several_at_once(leaky: Path) -> None:
    wanted = formats("concise", "sarif:out.sarif", "gitlab:out.json", "junit:out.xml")
    ended = run("check", *wanted, cwd=leaky)
    assert ended.code == 1
    (line,) = ended.lines
    assert line.startswith("jobs.py:7:14: CLK101 ")
    (result,) = json.loads((leaky / "out.sarif").read_text())["runs"][0]["results"]
    (entry,) = json.loads((leaky / "out.json").read_text())
    ((case,),) = [list(suite) for suite in JUnitXml.fromfile(str(leaky / "out.xml"))]
    mark = result["partialFingerprints"]["primaryLocationLineHash"]
    assert (result["ruleId"], entry["fingerprint"]) == ("CLK101", mark)
    assert case.name == "CLK101 jobs.py:7:14"


def test_output_file_takes_the_report_that_has_none(leaky: Path) -> None:
    ended = run(
        "check", *formats("json:a.json"), "--output-file", "b.txt", *formats("text"), cwd=leaky
    )
    assert ended.out == ""
    assert "CLK101" in (leaky / "b.txt").read_text()
    ended = run("check", "--output-file", "c.txt", cwd=leaky)
    assert ended.out == ""
    assert "1. jobs.py:6" in (leaky / "c.txt").read_text()


def test_a_report_replaces_a_file_as_a_whole_and_keeps_its_rights(leaky: Path) -> None:
    target = leaky / "out.txt"
    target.write_text("old" * 10000)
    target.chmod(0o640)
    link = leaky / "link.txt"
    link.symlink_to(target)
    run("check", *formats("concise:link.txt"), cwd=leaky)
    assert link.is_symlink()
    assert target.read_text().startswith("jobs.py:7:14: CLK101")
    assert target.read_text().count("\n") == 1
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in leaky.glob(".celeryleak-*")) == []


def test_a_pipe_is_written_into(leaky: Path) -> None:
    ended = run("check", *formats("concise:/dev/stdout"), "--quiet", cwd=leaky)
    assert ended.out.startswith("jobs.py:7:14: CLK101")


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (formats("text", "json"), ["only one report fits on standard output, not text, json"]),
        (formats("xml"), ["invalid value for '--output-format': 'xml' is not one of"]),
        (formats("sarf:x"), ["invalid value for '--output-format': 'sarf'"]),
        (formats("sarif:no/x"), ["cannot write 'no/x': there is no folder 'no'"]),
        (formats("sarif:."), ["cannot write '.': is a folder"]),
        (formats("sarif:a", "json:./a"), ["several reports would be written to 'a'"]),
        (
            [*formats("sarif:a"), "--output-file", "b"],
            ["'--output-file' needs exactly one '--output-format' without a file"],
        ),
        (
            formats("xml", "sarif:no/x"),
            ["invalid value for '--output-format'", "cannot write 'no/x'"],
        ),
        (["--quiet", "--verbose"], ["`--quiet` and `--verbose` contradict each other"]),
        (["--write-baseline", "no/x"], ["cannot write 'no/x': there is no folder 'no'"]),
        (
            ["--write-baseline", "x", "--baseline", "y"],
            ["`--write-baseline` reports nothing, so `--baseline` has no use"],
        ),
        (["--write-baseline", "x", "-"], ["`--write-baseline` needs files, not the text of `-`"]),
        (["--baseline", "none.toml"], ["there is no baseline 'none.toml'; write it with"]),
        (["--diff-base", "HEAD"], ["--diff-base: cannot look at 'HEAD': not a git repository"]),
    ],
)
def test_bad_usage_writes_nothing(leaky: Path, arguments: list[str], messages: list[str]) -> None:
    before = sorted(leaky.iterdir())
    ended = run("check", *arguments, cwd=leaky)
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert len(lines) == len(messages), lines
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith(f"celeryleak-lint: {message}")
    assert sorted(leaky.iterdir()) == before


def test_quiet_prints_findings_and_failures_only(leaky: Path) -> None:
    written(leaky, {"bad.py": "def f(:\n"})
    ended = run("check", *formats("concise"), "--quiet", cwd=leaky)
    assert (len(ended.lines), ended.code) == (1, 2)
    (line,) = ended.err.splitlines()
    assert line.startswith("bad.py:1:")


def test_verbose_tells_the_stages(leaky: Path) -> None:
    err = run("check", "--verbose", cwd=leaky).err
    timings = itertools.takewhile(lambda line: " finding" not in line, err.splitlines())
    stages = [line.split()[2] for line in timings]
    assert stages == [
        "prepare", "extract", "link", "rules", "find", "comments", "other", "total",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "variable"), [("github", "GITHUB_WORKSPACE"), ("gitlab", "CI_PROJECT_DIR")]
)
def test_paths_are_seen_from_the_top_of_the_checkout(
    tmp_path: Path, name: str, variable: str
) -> None:
    written(tmp_path, {"svc/jobs.py": LEAKY_TASK, "svc/setup.cfg": ""})
    options = formats(name)
    inner = run("check", *options, cwd=tmp_path / "svc").out
    assert "svc/jobs.py" not in inner
    assert (
        "svc/jobs.py"
        in run("check", *options, cwd=tmp_path / "svc", **{variable: str(tmp_path)}).out
    )
    elsewhere = run("check", *options, cwd=tmp_path / "svc", **{variable: os.sep + "nowhere"}).out
    assert elsewhere == inner


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_appears_when_it_takes_long_and_goes_away() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock)
    progress.met(1, 4)
    progress.end()
    assert stream.getvalue() == ""
    clock.now = PATIENCE + 1
    progress.met(2, 4)
    progress.met(3, 4)  # too soon after the last one
    clock.now += 1
    progress.met(1, 4)
    progress.end()
    shown = stream.getvalue().split("\r\x1b[K")
    assert shown == ["", "[############............] 2 of 4 files",
                     "[##################......] 3 of 4 files", ""]  # fmt: skip


def test_no_progress_without_a_terminal(leaky: Path) -> None:
    assert "\r" not in run("check", cwd=leaky).err
