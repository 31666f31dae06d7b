"""The command with streams that are closed, full or no longer read, and with a user who gives up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.projects import LEAKY_TASK, written

COMMAND = f"{sys.executable} -m celeryleak_lint"
#: As it is installed beside the interpreter.
SCRIPT = str(Path(sys.executable).with_name("celeryleak-lint"))
#: Processor seconds after which nothing is left to be imported.
START_UP = 0.4

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``%`` stands for the command; never with a traceback."""
    done = subprocess.run(
        ["bash", "-c", line.replace("%", COMMAND)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written(tmp_path, {"jobs.py": LEAKY_TASK})


@pytest.mark.parametrize("command", ["%", SCRIPT])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(project: Path, command: str, closed: str) -> None:
    done = shell(f"{command} check --output-format concise {closed}", project)
    assert done.returncode == 1
    assert done.stdout.count("CLK101") == (">&-" not in closed.replace("2>&-", ""))
    assert shell(f"% check --output-format sarif --output-file out {closed}", project).stdout == ""
    assert '"ruleId":' in (project / "out").read_text()
    json.loads((project / "out").read_text())  # no message went astray


def test_text_from_a_closed_stream(project: Path) -> None:
    done = shell("% check - <&-", project)
    assert done.returncode == 2
    assert done.stderr == "celeryleak-lint: `-` reads from standard input, which is closed\n"


@needs_full
@pytest.mark.parametrize("command", ["%", SCRIPT])
@pytest.mark.parametrize("arguments", ["check", "check --output-format json", "rules", "--help"])
def test_full_disk_behind_stdout(project: Path, command: str, arguments: str) -> None:
    done = shell(f"{command} {arguments} >/dev/full", project)
    assert done.returncode == 2
    told = "celeryleak-lint: cannot write to standard output: no space left on device"
    assert done.stderr.splitlines()[-1] == told


@needs_full
@pytest.mark.parametrize("option", ["--output-file /dev/full", "--output-format sarif:/dev/full"])
def test_full_disk_behind_a_file(project: Path, option: str) -> None:
    done = shell(f"% check -q {option}", project)
    assert done.returncode == 2
    assert done.stderr == "celeryleak-lint: cannot write '/dev/full': no space left on device\n"


@needs_full
@pytest.mark.parametrize("command", ["%", SCRIPT])
@pytest.mark.parametrize("arguments", ["check --bogus", "check nothere.py", "check"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_full_disk_behind_stderr(
    project: Path, command: str, arguments: str, unbuffered: str
) -> None:
    line = f"PYTHONUNBUFFERED={unbuffered} {command} {arguments} 2>/dev/full"
    assert shell(line, project).returncode == 2


@pytest.mark.parametrize("command", ["%", SCRIPT])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_no_report_is_cut_off_without_a_word(tmp_path: Path, command: str, unbuffered: str) -> None:
    written(tmp_path, {f"jobs{number}.py": LEAKY_TASK for number in range(30)})
    line = f"ulimit -f 8; PYTHONUNBUFFERED={unbuffered} {command} check --output-format json >out"
    done = shell(line, tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith("cannot write to standard output: file too large\n")


def test_profilers_have_the_last_word(project: Path) -> None:
    line = f"{sys.executable} -m cProfile -o profile -m celeryleak_lint check"
    shell(line, project)
    assert (project / "profile").stat().st_size


@pytest.mark.parametrize("arguments", ["rule CLK101", "rules", "check --output-format json"])
def test_reader_that_has_gone(project: Path, arguments: str) -> None:
    done = shell(f"% {arguments} | true; echo ${{PIPESTATUS[0]}}", project)
    assert done.stdout in ("2\n", "1\n" if "check" in arguments else "0\n")  # whoever is faster


def test_device_is_no_baseline(project: Path) -> None:
    for option in ("--baseline", "--write-baseline"):
        done = shell(f"% check {option} /dev/zero", project)
        assert done.returncode == 2
        assert done.stderr.endswith("is no regular file, so it holds no baseline\n")


def _minds_interrupts() -> None:
    """A shell that starts this in the background has interrupts ignored, also by what we start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_until_at_work(pid: int) -> None:
    """Past its imports, however slow the machine is; where that cannot be seen, after a while."""
    time.sleep(1.5)
    status = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 30
    while status.exists() and time.monotonic() < deadline:
        ticks = int(status.read_text().rpartition(")")[2].split()[11])
        if ticks / os.sysconf("SC_CLK_TCK") > START_UP:
            return
        time.sleep(0.1)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupted_by_the_user(tmp_path: Path, jobs: str) -> None:
    calls = "".join(f"def f{n}(x):\n    return x.a(n, m)\n" for n in range(3000))
    written(tmp_path, {f"m{number}.py": calls for number in range(80)})
    process = subprocess.Popen(
        [*COMMAND.split(), "check", "--no-cache", "--jobs", jobs],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
        preexec_fn=_minds_interrupts,  # noqa: PLW1509  no other thread is running
    )  # fmt: skip
    _wait_until_at_work(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "celeryleak-lint: interrupted"
