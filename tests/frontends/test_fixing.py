"""``check --fix`` and its relatives from the outside: what is written, shown, told and left alone."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from celeryleak_lint.system.write import write_source
from tests.frontends.command import Ended, run
from tests.projects import written

#: A safe fix, an unsafe one, and a finding that has none.
MIXED = """\
from celery import shared_task

seen = []


def read(path):
    return open(path).read()


@shared_task
def remember(name):
    seen.append(name)


def text(path):
    return open(path).read() if path else ""
"""
SAFE = MIXED.replace(
    "    return open(path).read()\n\n\n@",
    "    with open(path) as f:\n        return f.read()\n\n\n@",
)
ALL = SAFE.replace("from celery", "import collections\n\nfrom celery").replace(
    "seen = []", "seen = collections.deque(maxlen=1000)"
)
REFUSED = "it is evaluated under a condition or more than once"


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    return written(tmp_path / "project", {"jobs.py": MIXED, "calm.py": "x = 1\n"})


def text_of(project: Path, name: str = "jobs.py") -> str:
    return (project / name).read_text()


def test_safe_fixes_are_applied_and_told(mixed: Path) -> None:
    ended = run("check", "--fix", "--output-format", "concise", cwd=mixed)
    assert text_of(mixed) == SAFE
    assert text_of(mixed, "calm.py") == "x = 1\n"
    assert ended.code == 1
    assert [line.split(" ")[1] for line in ended.lines] == ["CLK201", "CLK301"]
    assert ended.complaints == [
        "fixed 1 finding in 1 file:",
        "  jobs.py:7:12: CLK301 open it in a `with` statement",
        "left 2 findings as they are:",
        f"     1  {REFUSED}",
        (
            "     1  the fix is unsafe: look at it with `--unsafe-fixes --diff`, apply it with "
            "`--fix --unsafe-fixes`"
        ),
    ]


def test_all_fixes_are_applied_when_asked(mixed: Path) -> None:
    ended = run("check", "--fix", "--unsafe-fixes", "--output-format", "concise", cwd=mixed)
    assert text_of(mixed) == ALL
    assert [line.split(" ")[1] for line in ended.lines] == ["CLK301"]
    assert ended.complaints[0] == "fixed 2 findings in 1 file:"
    again = run("check", "--fix", "--unsafe-fixes", cwd=mixed)
    assert text_of(mixed) == ALL
    assert not any(line.startswith("fixed") for line in again.complaints)


def test_a_diff_can_be_applied_and_writes_nothing(mixed: Path) -> None:
    ended = run("check", "--diff", "--unsafe-fixes", cwd=mixed)
    assert ended.code == 1
    assert text_of(mixed) == MIXED
    assert ended.lines[:2] == ["--- jobs.py", "+++ jobs.py"]
    assert "would fix 2 findings in 1 file:" in ended.complaints
    if shutil.which("patch"):
        subprocess.run(["patch", "-p0"], cwd=mixed, input=ended.out, text=True, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        assert text_of(mixed) == ALL
    assert run("check", "--diff", cwd=mixed).code in (0, 1)


def test_a_diff_without_fixes_is_no_failure(tmp_path: Path) -> None:
    project = written(tmp_path, {"jobs.py": MIXED.split("@shared_task")[1].split("\n\n\n")[1]})
    ended = run("check", "--diff", cwd=project)
    assert (ended.code, ended.out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fix", "--select", "CLK301", "--exit-non-zero-on-fix"], 1),
        (["--fix", "--select", "CLK301"], 0),
        (["--fix", "--select", "CLK301", "--exit-zero"], 0),
        (["--fix", "--select", "CLK301", "--exit-zero", "--exit-non-zero-on-fix"], 1),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: list[str], code: int) -> None:
    project = written(tmp_path, {"jobs.py": MIXED.partition("@shared_task")[0]})
    assert run("check", *arguments, cwd=project).code == code
    assert run("check", *arguments, cwd=project).code == 0, "nothing is left to fix"


def test_marks_show_what_the_options_would_fix(mixed: Path) -> None:
    safe = run("check", "--output-format", "concise", cwd=mixed)
    assert [" [*] " in line for line in safe.lines] == [True, False, False]
    assert "[*] 1 finding fixable with `--fix`" in safe.err
    assert "1 unsafe fix shown with `--unsafe-fixes --diff`" in safe.err
    everything = run("check", "--unsafe-fixes", "--output-format", "concise", cwd=mixed)
    assert [" [*] " in line for line in everything.lines] == [True, True, False]
    assert "[*] 2 findings fixable with `--fix --unsafe-fixes`" in everything.err
    shown = run("check", cwd=mixed).out
    assert "fix: open it in a `with` statement (safe)" in shown
    assert f"no fix: {REFUSED}" in shown


def test_json_has_fixes_reasons_and_what_was_fixed(mixed: Path) -> None:
    document = run("check", "--output-format", "json", cwd=mixed).document
    assert "fixed" not in document
    safe, unsafe, none = document["findings"]
    assert (safe["fix"]["applicability"], unsafe["fix"]["applicability"]) == ("safe", "unsafe")
    assert set(safe["fix"]["edits"][0]) == {"path", "line", "column", "end_line", "end_column", "text"}  # fmt: skip
    assert (none["fix"], none["no_fix"], safe["no_fix"]) == (None, REFUSED, None)
    after = run("check", "--fix", "--output-format", "json", cwd=mixed).document
    (fixed,) = after["fixed"]
    assert (fixed["code"], fixed["path"], fixed["line"]) == ("CLK301", "jobs.py", 7)
    assert fixed["applicability"] == "safe"
    assert after["summary"]["fixed"] == 1
    assert len(after["findings"]) == 2


def test_text_from_stdin_goes_to_stdout(mixed: Path) -> None:
    options = ["--fix", "--stdin-filename", "jobs.py", "-"]
    ended = run("check", *options, cwd=mixed, stdin=MIXED.encode())
    assert ended.out == SAFE
    assert text_of(mixed) == MIXED
    assert any("CLK201" in line for line in ended.err.splitlines())
    crlf = run("check", *options, cwd=mixed, stdin=MIXED.replace("\n", "\r\n").encode())
    assert crlf.out == SAFE.replace("\n", "\r\n")
    calm = run("check", *options, cwd=mixed, stdin=b"x = 1\n")
    assert (calm.code, calm.out) == (0, "x = 1\n")


def test_only_named_files_are_changed(mixed: Path) -> None:
    written(mixed, {"more.py": MIXED})
    run("check", "--fix", "jobs.py", cwd=mixed)
    assert text_of(mixed) == SAFE
    assert text_of(mixed, "more.py") == MIXED


def test_a_noqa_keeps_the_fix_away(mixed: Path) -> None:
    text = MIXED.replace("open(path).read()\n\n\n@", "open(path).read()  # noqa: CLK301\n\n\n@")
    written(mixed, {"jobs.py": text})
    run("check", "--fix", cwd=mixed)
    assert text_of(mixed) == text


def test_mode_and_links_are_kept(mixed: Path) -> None:
    (mixed / "real").mkdir()
    (mixed / "jobs.py").rename(mixed / "real" / "jobs.py")
    (mixed / "jobs.py").symlink_to("real/jobs.py")
    (mixed / "real" / "jobs.py").chmod(0o754)
    run("check", "--fix", cwd=mixed)
    assert (mixed / "jobs.py").is_symlink()
    assert text_of(mixed, "real/jobs.py") == SAFE
    assert stat.S_IMODE((mixed / "real" / "jobs.py").stat().st_mode) == 0o754
    assert sorted(path.name for path in (mixed / "real").iterdir()) == ["jobs.py"]


def test_a_link_out_of_the_project_is_not_followed(mixed: Path) -> None:
    outside = written(mixed.parent / "outside", {"jobs.py": MIXED})
    (mixed / "pyproject.toml").write_text("")
    (mixed / "jobs.py").unlink()
    (mixed / "jobs.py").symlink_to(outside / "jobs.py")
    ended = run("check", "--fix", "jobs.py", cwd=mixed)
    assert text_of(outside) == MIXED
    assert ended.code == 2
    assert "is reached by a link that leads out of the working directory" in ended.err
    assert run("check", "--fix", cwd=mixed).code == 0, "in a walk it is not followed at all"
    assert text_of(outside) == MIXED
    assert write_source(str(mixed), "jobs.py", old=MIXED.encode(), new=b"") != ""


def unprivileged(*words: str, cwd: Path) -> Ended:
    """The command as a user for whom the bits of a file hold, root included."""
    command = [sys.executable, "-m", "celeryleak_lint", *words]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write anything, and `setpriv` is not there")
        drop = "-dac_override,-dac_read_search,-fowner"
        command = ["setpriv", "--bounding-set", drop, "--inh-caps", drop, *command]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.skipif(os.name == "nt", reason="permissions are others there")
def test_a_read_only_file_is_left_alone(mixed: Path) -> None:
    written(mixed, {"more.py": MIXED})
    (mixed / "jobs.py").chmod(0o444)
    ended = unprivileged("check", "--fix", "--no-cache", cwd=mixed)
    assert ended.code == 2
    assert "jobs.py:1:1: CLK901 not fixed: is read-only; nothing in it was changed" in ended.err
    assert text_of(mixed) == MIXED
    assert text_of(mixed, "more.py") == SAFE


def test_what_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": "new\n"})
    problem = write_source(str(tmp_path), "a.py", old=b"old\n", new=b"fixed\n")
    assert "changed by somebody else" in problem
    assert text_of(tmp_path, "a.py") == "new\n"
    assert write_source(str(tmp_path), "a.py", old=b"new\n", new=b"fixed\n") == ""
    assert text_of(tmp_path, "a.py") == "fixed\n"
    assert "no such file" in write_source(str(tmp_path), "gone.py", old=b"", new=b"x\n")


def test_a_broken_neighbour_does_not_stop_fixes(mixed: Path) -> None:
    written(mixed, {"broken.py": "x = (\n"})
    ended = run("check", "--fix", cwd=mixed)
    assert ended.code == 2
    assert text_of(mixed) == SAFE
    assert text_of(mixed, "broken.py") == "x = (\n"


def test_a_diff_fits_files_of_any_encoding(tmp_path: Path) -> None:
    text = MIXED.replace("\n", "\r\n").encode("utf-8-sig")
    latin = b"# -*- coding: latin-1 -*-\n# \xe9\n" + MIXED.encode()
    for folder in ("shown", "fixed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "jobs.py").write_bytes(text)
        (tmp_path / folder / "other.py").write_bytes(latin)
    fixing = ("--unsafe-fixes", "--no-cache")
    run("check", "--fix", *fixing, cwd=tmp_path / "fixed")
    command = [sys.executable, "-m", "celeryleak_lint", "check", "--diff", *fixing]
    shown = subprocess.run(command, cwd=tmp_path / "shown", capture_output=True, check=False)
    assert b"\xef\xbb\xbf" in shown.stdout
    assert b"\xe9" in shown.stdout
    if shutil.which("patch"):
        subprocess.run(["patch", "-p0", "--binary"], cwd=tmp_path / "shown", input=shown.stdout, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        for name in ("jobs.py", "other.py"):
            was, now = (tmp_path / folder / name for folder in ("shown", "fixed"))
            assert was.read_bytes() == now.read_bytes()


def test_files_that_were_not_named_are_the_reason(tmp_path: Path) -> None:
    factory = "import redis\n\n\ndef client():\n    return redis.Redis()\n"
    task = "from celery import shared_task\nfrom made import client\n\n\n@shared_task\ndef run(x):\n    return client().get(x)\n"
    project = written(tmp_path, {"made.py": factory, "jobs.py": task})
    ended = run("check", "--fix", "--unsafe-fixes", "jobs.py", cwd=project)
    assert any("touches files that were not named" in line for line in ended.complaints)
    assert (project / "made.py").read_text() == factory
