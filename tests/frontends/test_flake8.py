"""The flake8 plugin: the same findings as the command, whatever the processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.frontends.command import flake8, module, run
from tests.projects import LEAKY_TASK, committed, copied, written

#: Runs flake8 with a start method, and counts the analyses in all processes together.
COUNTING = """\
import multiprocessing, sys

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])

import celeryleak_lint.frontends.run as doors

real = doors.run

def counted(request):
    with open("analyses.log", "a") as log:
        log.write("once\\n")
    return real(request)

doors.run = counted

if __name__ == "__main__":
    from flake8.main.cli import main

    sys.exit(main(["--isolated", "--select=CLK", "-j2", "."]))
"""


def many(folder: Path) -> Path:
    """A project with two leaky files among several."""
    calm = {f"calm{number}.py": "x = 1\n" for number in range(6)}
    return written(folder, {"one.py": LEAKY_TASK, "pkg/two.py": LEAKY_TASK, **calm})


def same(command: list[str], plugin: list[str]) -> bool:
    # flake8 fixes nothing, so it marks nothing
    unmarked = sorted(line.replace("[*] ", "") for line in command)
    return unmarked == sorted(line.removeprefix("./") for line in plugin)


@pytest.mark.parametrize("name", ["namespace", "django", "src_layout", "two_roots"])
def test_same_findings_as_the_command(tmp_path: Path, name: str) -> None:
    project = copied(name, tmp_path)
    command = run("check", "--output-format", "concise", cwd=project).lines
    assert command
    assert same(command, flake8(cwd=project).lines)


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_one_analysis_a_run_in_all_processes(tmp_path: Path, method: str) -> None:
    project = many(tmp_path)
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(COUNTING)
    done = subprocess.run(
        [sys.executable, str(script), method],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    command = run("check", "--output-format", "concise", cwd=project).lines
    assert len(command) == 2
    assert same(command, done.stdout.splitlines())
    assert done.stderr == ""
    assert (project / "analyses.log").read_text() == "once\n"


def test_findings_are_handed_over_and_cleared_away(tmp_path: Path) -> None:
    project = many(tmp_path / "project")
    rest = tmp_path / "rest"
    rest.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select=CLK", "-j2", "."],
        cwd=project,
        env={"TMPDIR": str(rest), "PATH": ""},
        capture_output=True,
        check=False,
    )
    assert done.stdout.count(b"CLK101") == 2
    assert list(rest.iterdir()) == []


def test_noqa_is_left_to_flake8(tmp_path: Path) -> None:
    text = LEAKY_TASK.replace('host")', 'host")  # noqa: CLK101')
    project = written(tmp_path, {"jobs.py": text})
    assert flake8(cwd=project).out == ""
    (line,) = flake8("--disable-noqa", cwd=project).lines
    assert line.startswith("./jobs.py:7:14: CLK101 ")


def test_text_from_stdin(tmp_path: Path) -> None:
    project = copied("two_roots", tmp_path)
    text = (project / "mail/app/tasks.py").read_text().replace("make_app()", "make_app( )")
    options = ["--stdin-display-name", "mail/app/tasks.py", "-"]
    (line,) = flake8(*options, cwd=project, stdin=text.encode()).lines
    assert line.startswith("mail/app/tasks.py:8:5: CLK102 ")


def test_options_on_the_command_line_and_in_files(tmp_path: Path) -> None:
    text = LEAKY_TASK.replace("@shared_task\n", "").replace('"redis://localhost"', "order_id")
    project = written(tmp_path, {"jobs.py": text})
    wide = run("check", "--output-format", "concise", "--confidence", "possible", cwd=project).lines
    assert wide
    assert flake8(cwd=project).lines == []
    assert same(wide, flake8("--clk-confidence", "possible", cwd=project).lines)
    written(project, {".flake8": "[flake8]\nselect = CLK\nclk-confidence = possible\n"})
    assert same(wide, module("flake8", cwd=project).lines)


def test_our_configuration_holds(tmp_path: Path) -> None:
    project = many(tmp_path)
    written(project, {"celeryleak-lint.toml": 'per-file-ignores = {"/pkg" = ["CLK1"]}\n'})
    (line,) = flake8(cwd=project).lines
    assert line.startswith("./one.py:")
    written(project, {"other.toml": 'ignore = ["CLK1"]\n'})
    assert flake8("--clk-config", "other.toml", cwd=project).lines == []


def test_bad_configuration_is_a_line_and_the_gate_does_not_pass(tmp_path: Path) -> None:
    project = many(tmp_path)
    written(project, {"celeryleak-lint.toml": "selct = []\n"})
    ended = flake8(cwd=project)
    assert ended.code == 1
    assert "celeryleak-lint cannot do its job" in ended.out
    assert ended.err == (
        "celeryleak-lint: celeryleak-lint.toml: selct: unknown key; did you mean `select`?\n"
    )


def test_bad_configuration_leaves_an_editor_the_rest_of_flake8(tmp_path: Path) -> None:
    project = written(tmp_path, {"celeryleak-lint.toml": "selct = []\n"})
    text = b"import os\n"
    ended = module("flake8", "--isolated", "--select=CLK,F", "-", cwd=project, stdin=text)
    assert [line.split()[1] for line in ended.lines] == ["F401"]
    assert "selct: unknown key" in ended.err


def test_missing_path_is_left_to_flake8(tmp_path: Path) -> None:
    project = written(tmp_path, {"jobs.py": LEAKY_TASK})
    lines = module(
        "flake8", "--isolated", "--select=CLK,E9", "none.py", "jobs.py", cwd=project
    ).lines
    assert sorted(line.split()[1] for line in lines) == ["CLK101", "E902"]


def test_baseline_lists_and_base_revision_hold_here_too(tmp_path: Path) -> None:
    project = many(tmp_path)
    run("check", "--write-baseline", "known.toml", cwd=project)
    assert flake8("--clk-baseline", "known.toml", cwd=project).lines == []
    written(project, {".flake8": "[flake8]\nselect = CLK\nclk-baseline = known.toml\n"})
    written(project, {"three.py": LEAKY_TASK.replace("remember", "forget")})
    (line,) = module("flake8", cwd=project).lines
    assert line.startswith("./three.py:")
    lists = ["--clk-exclude", "pkg,three.py", "--clk-once", "remember"]
    assert flake8(*lists, "one.py", cwd=project).lines == []
    assert len(flake8("--clk-exclude", "three.py", "one.py", cwd=project).lines) == 1


def test_base_revision(tmp_path: Path) -> None:
    project = committed(many(tmp_path))
    written(project, {"three.py": LEAKY_TASK})
    (line,) = flake8("--clk-diff-base", "HEAD", cwd=project).lines
    assert line.startswith("./three.py:")


def test_internal_error_is_a_line_and_no_crash(tmp_path: Path) -> None:
    project = many(tmp_path)
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(
        "import sys\nimport celeryleak_lint.frontends.run as doors\n"
        "def broken(request): raise ZeroDivisionError('by chance')\ndoors.run = broken\n"
        "from flake8.main.cli import main\n"
        # workers that are not forked import this file again
        "if __name__ == '__main__': sys.exit(main(['--isolated', '--select=CLK', '.']))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "celeryleak-lint: internal error: ZeroDivisionError: by chance; please report this\n"
    )


def test_broken_file_is_left_to_flake8_and_the_rest_is_checked(tmp_path: Path) -> None:
    project = written(tmp_path, {"bad.py": "def f(:\n", "jobs.py": LEAKY_TASK})
    lines = module("flake8", "--isolated", "--select=CLK,E9", cwd=project).lines
    assert [line.split()[1] for line in lines] == ["E999", "CLK101"]


def test_file_that_flake8_can_parse_and_we_cannot_is_no_silence(tmp_path: Path) -> None:
    project = written(tmp_path, {"bad.py": LEAKY_TASK.encode() + b"# caf\xe9\n", "ok.py": ""})
    (line,) = flake8(cwd=project).lines
    assert line.startswith("./bad.py:9:1: CLK901 byte 0xe9 is not valid in utf-8")
    assert flake8("ok.py", cwd=project).lines == []
    assert flake8("--extend-ignore=CLK901", cwd=project).lines == []


def test_nothing_is_analysed_when_nobody_wants_it(tmp_path: Path) -> None:
    project = written(tmp_path, {"celeryleak-lint.toml": "selct = []\n", "a.py": "x=1\n"})
    ended = module("flake8", "--isolated", "--select=E225", cwd=project)
    assert len(ended.lines) == 1
    assert ended.err == ""
