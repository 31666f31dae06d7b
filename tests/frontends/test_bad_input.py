"""Whatever is wrong with the input: one clear line, the rest checked, exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frontends.command import Ended, run
from tests.projects import LEAKY_TASK, written

BROKEN = {
    "syntax": b"def f(:\n",
    "undecodable": b"x = '\xe9'\n",
    "undecodable comment": b"x = 1  # caf\xe9\n",
    "undecodable in spite of its mark": b"\xef\xbb\xbfx = 1  # \xe9\n",
    "declared UTF-8 and is not": b"# coding: utf-8\nx = 1  # \xe9\n",
    "declared too late": b"x = 1\n# coding: latin-1\n# \xe9\n",
    "outside its code page": b"# coding: cp1252\nx = 1  # \x81\n",
    "mark and declaration disagree": b"\xef\xbb\xbf# coding: latin-1\n",
    "half a surrogate pair": b"x = 1  # \xed\xa0\x80\n",
    "cut within a character": b"x = 1  # \xc3",
    "UTF-16": "x = 1\n".encode("utf-16"),
    "null byte in a comment": b"# \0\n",
    "bad cookie": b"# -*- coding: klingon -*-\nx = 1\n",
    "null byte": b"x = 1\0\n",
    "too deep": b"x = " + b"(" * 3000 + b")" * 3000 + b"\n",
    "half a string": b'x = """\n',
}
ODD = {
    "empty": b"",
    "mark": b"\xef\xbb\xbfx = 1\n",
    "carriage returns": b"x = 1\r\ny = 2\r\n",
    "old Mac": b"x = 1\ry = 2\r",
    "form feed": b"x = 1\n\x0c\ny = 2\n",
    "no end": b"x = 1",
    "a thousand terms": b"x = " + b"1 + " * 1000 + b"1\n",
    "a thousand branches": b"if x: pass\n" + b"elif x: pass\n" * 1000,
    "declared latin": b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
    "declared in the second line": b"# \xe9\n# vim: set fileencoding=latin-1 :\nx = 1  # \xe9\n",
    "Japanese": b"# coding: shift_jis\nx = '\x83\x5c'\n",
    "old Mac, declared": b"#!x\r# coding: latin-1\rx = 1  # \xe9\r",
}


def checked(folder: Path, *arguments: str) -> Ended:
    return run("check", "--output-format", "concise", *arguments, cwd=folder)


@pytest.mark.parametrize("name", BROKEN)
def test_unreadable_file_is_one_line_and_the_rest_is_checked(tmp_path: Path, name: str) -> None:
    ended = checked(written(tmp_path, {"bad.py": BROKEN[name], "jobs.py": LEAKY_TASK}))
    assert ended.code == 2
    assert len(ended.lines) == 1
    (complaint,) = ended.complaints
    assert complaint.startswith("bad.py:")
    assert ": CLK901 " in complaint
    assert "1 failure" in ended.err


def test_undecodable_byte_is_named_with_its_line_and_the_way_out(tmp_path: Path) -> None:
    ended = checked(written(tmp_path, {"bad.py": LEAKY_TASK.encode() + b"# caf\xe9\n"}))
    assert (ended.code, ended.out) == (2, "")
    (complaint,) = ended.complaints
    assert complaint == (
        "bad.py:9:1: CLK901 byte 0xe9 is not valid in utf-8: invalid continuation byte; "
        "save the file as UTF-8, or declare the right encoding in line 1, as in `# coding: latin-1`"
    )


def test_places_do_not_depend_on_the_encoding(tmp_path: Path) -> None:
    text = LEAKY_TASK.replace("    client = ", "    word = 'é'; client = ")
    seen = []
    for encoding in ("utf-8", "latin-1", "cp1252"):
        declared = f"# coding: {encoding}\n{text}"
        ended = checked(written(tmp_path, {"jobs.py": declared.encode(encoding)}), "--no-cache")
        seen.append((ended.code, ended.out))
        document = run("check", "--output-format", "json", cwd=tmp_path).document
        seen.append(document["findings"][0]["trace"])
    assert seen[0][0] == 1
    assert seen[:2] == seen[2:4] == seen[4:]


@pytest.mark.parametrize("name", ODD)
def test_odd_but_valid_file_is_read(tmp_path: Path, name: str) -> None:
    ended = checked(written(tmp_path, {"odd.py": ODD[name]}))
    assert (ended.code, ended.complaints) == (0, [])


def test_finding_beside_a_thousand_branches(tmp_path: Path) -> None:
    branches = "    if order_id: pass\n" + "    elif order_id > 1: pass\n" * 1000
    ended = checked(written(tmp_path, {"jobs.py": LEAKY_TASK + branches}))
    assert (ended.code, ended.complaints) == (1, [])
    assert len(ended.lines) == 1


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_places_do_not_depend_on_line_ends(tmp_path: Path, ending: str) -> None:
    text = "\ufeff" + LEAKY_TASK.replace("\n\n\n", "\n\f\n\n").replace("\n", ending)
    ended = checked(written(tmp_path, {"jobs.py": text.encode()}))
    (line,) = ended.lines
    assert line.startswith("jobs.py:7:14: CLK101 ")


def test_failures_are_part_of_the_json(tmp_path: Path) -> None:
    written(tmp_path, {"bad.py": b"def f(:\n"})
    ended = run("check", "--output-format", "json", cwd=tmp_path)
    (failure,) = ended.document["failures"]
    assert set(failure) == {"path", "line", "column", "message"}
    assert (failure["path"], failure["line"]) == ("bad.py", 1)
    assert ended.code == 2


@pytest.mark.parametrize("by", ["option", "file"])
def test_failures_can_be_ignored_like_any_code(tmp_path: Path, by: str) -> None:
    written(tmp_path, {"data/bad.py": b"def f(:\n"})
    if by == "file":
        written(tmp_path, {"celeryleak-lint.toml": 'per-file-ignores = {"/data" = ["CLK901"]}\n'})
    ended = checked(tmp_path, *(["--ignore", "CLK901"] if by == "option" else []))
    assert (ended.code, ended.complaints) == (0, [])


def test_failures_elsewhere_do_not_concern_what_was_asked_for(tmp_path: Path) -> None:
    written(tmp_path, {"bad.py": b"def f(:\n", "good.py": "x = 1\n", "setup.cfg": ""})
    ended = checked(tmp_path, "good.py")
    assert (ended.code, ended.complaints) == (0, [])
    assert checked(tmp_path, "bad.py").code == 2


def test_what_cannot_be_listed_elsewhere_does_not_fail_the_run(tmp_path: Path) -> None:
    files = {"ours/a.py": "x = 1\n", "theirs/b.py": "x = 1\n", "setup.cfg": ""}
    name = os.fsdecode(b"caf\xe9.py")
    written(tmp_path, {**files, f"theirs/{name}": "x = 1\n"})
    ended = checked(tmp_path, "ours")
    assert (ended.code, ended.complaints) == (0, [])
    told = "theirs/caf\\xe9.py:1:1: CLK901 the file's name is not valid UTF-8"
    assert f"beside the paths given: {told}" in checked(tmp_path, "ours", "--verbose").err
    for paths in ([], ["theirs"], [f"theirs/{name}"], ["ours", "theirs"]):
        ended = checked(tmp_path, *paths)
        (complaint,) = ended.complaints
        assert (ended.code, complaint.startswith(told)) == (2, True)


def test_no_comment_is_idle_while_a_folder_beside_it_is_unread(tmp_path: Path) -> None:
    text = {"ours/a.py": "x = 1  # noqa: CLK101\n", "setup.cfg": "", "theirs/b.py": ""}
    assert checked(written(tmp_path, text), "ours").code == 1
    written(tmp_path, {os.fsdecode(b"theirs/caf\xe9.py"): ""})
    assert checked(tmp_path, "ours").code == 0


def test_folder_without_permission(tmp_path: Path) -> None:
    written(tmp_path, {"closed/a.py": "", "jobs.py": LEAKY_TASK})
    (tmp_path / "closed").chmod(0)
    try:
        listable = os.access(tmp_path / "closed", os.R_OK)  # as root nothing is forbidden
        ended = checked(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert len(ended.lines) == 1
    expected = (
        "closed:1:1: CLK901 cannot list this folder: permission denied; nothing in it was checked"
    )
    assert ended.complaints == ([] if listable else [expected])
    assert ended.code == (1 if listable else 2)


def test_working_directory_that_is_gone(tmp_path: Path) -> None:
    """A shell may stand in a folder that somebody else has deleted."""
    gone = tmp_path / "gone"
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m celeryleak_lint "
    for arguments in ("check", "why a.py:1", "config", "catalog", "clean"):
        gone.mkdir()
        done = subprocess.run(
            ["sh", "-c", script + arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr == (
            "celeryleak-lint: the working directory is gone; go to another folder\n"
        )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    "name", ["pipe.py", ".gitignore", "setup.cfg", "Dockerfile", "sub/pyproject.toml"]
)
def test_pipe_in_the_place_of_a_file_is_passed_over(tmp_path: Path, name: str) -> None:
    written(tmp_path, {"jobs.py": LEAKY_TASK, "sub/b.py": ""})
    os.mkfifo(tmp_path / name)
    ended = checked(tmp_path)
    assert (ended.code, len(ended.lines), ended.complaints) == (1, 1, [])
    named = run("check", name, cwd=tmp_path)
    assert named.err == f"celeryleak-lint: neither a file nor a folder: {name!r}\n"


def test_links_are_followed_to_files_of_the_project_only(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside", {"far.py": LEAKY_TASK})
    project = written(tmp_path / "project", {"jobs.py": LEAKY_TASK, "pkg/a.py": ""})
    for name, target in {
        "loop.py": "loop.py", "pkg/up": "..", "out": str(outside), "far.py": f"{outside}/far.py",
        "gone.py": "nowhere.py",
    }.items():  # fmt: skip
        (project / name).symlink_to(target)
    ended = checked(project)
    assert (ended.code, ended.complaints) == (1, [])
    assert [line.partition(":")[0] for line in ended.lines] == ["jobs.py"]
    assert sorted(path.name for path in outside.iterdir()) == ["far.py"]
    assert run("check", "loop.py", cwd=project).err.endswith("symbolic links: 'loop.py'\n")


def test_file_name_cannot_attack_the_terminal(tmp_path: Path) -> None:
    name = "evil\x1b[31m\nfake.py:1:1: CLK101 x\u202e.py"
    written(tmp_path, {name: LEAKY_TASK})
    for kind in ("concise", "text"):
        ended = run("check", "--output-format", kind, cwd=tmp_path)
        assert ended.out.startswith("evil\\x1b[31m\\nfake.py:1:1: CLK101 x\\u202e.py:7:14: CLK101 ")
    (finding,) = run("check", "--output-format", "json", cwd=tmp_path).document["findings"]
    assert finding["path"] == name


def test_source_line_cannot_attack_the_terminal(tmp_path: Path) -> None:
    text = LEAKY_TASK.replace("redis://localhost", "redis://\x1b]0;owned\x07\u202e")
    out = run("check", cwd=written(tmp_path, {"jobs.py": text})).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b]0;owned\\x07\\u202e" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "no such command 'chek'"),
        (["check", "--selct", "CLK1"], "no such option '--selct'"),
        (["check", ""], "no such file or folder: ''"),
        (["check", "nowhere"], "no such file or folder: 'nowhere'"),
        (["check", "--jobs", "0"], "invalid value for '--jobs': 0 is not in the range x>=1"),
        (["check", "--cache-dir", "a.py"], "invalid value for '--cache-dir': 'a.py' is no folder"),
        (["check", "--cache-dir", ""], "invalid value for '--cache-dir': '' is no folder"),
        (["clean", "--cache-dir", "a.py"], "invalid value for '--cache-dir': 'a.py' is no folder"),
        (
            ["check", "--confidence", "sure"],
            "invalid value for '--confidence': 'sure' is not one of",
        ),
        (["check", "--output-format", "xml"], "invalid value for '--output-format'"),
        (
            ["check", "--select", "CLX101"],
            "--select: `CLX101` is no code of celeryleak-lint; did you",
        ),
        (["check", "--config", "none.toml"], "--config: no such file: 'none.toml'"),
        (["check", "-", "a.py"], "`-` reads one file from stdin"),
        (["check", "--stdin-filename", "a.py"], "`--stdin-filename` names the text of `-`"),
        (["check", "--stdin-filename", ".", "-"], "the text cannot be the folder '.'; name a file"),
        (["check", "--exclude", "!"], "--exclude: `!` is no gitignore pattern"),
        (["why", "a.py"], "expected PATH:LINE with a line from 1, found 'a.py'"),
        (["why", "a.py:0"], "expected PATH:LINE with a line from 1, found 'a.py:0'"),
        (["why", "a.py:99"], "'a.py' has no line 99"),
        (["why", "none.py:1"], "no such file or folder: 'none.py'"),
        (["why", "stub.pyi:1"], "'stub.pyi' is no Python file of the project"),
        (["rule", "CLK1O1"], "there is no rule 'CLK1O1'; did you mean `CLK101`?"),
        (
            ["catalog", "celery.Celry"],
            "nothing in the catalog answers to 'celery.Celry'; did you mean",
        ),
        (["catalog", "x", "--unused"], "`--unused` looks at the whole project and takes no name"),
        (["why", "a.py:"], "expected PATH:LINE with a line from 1, found 'a.py:'"),
        (["why", ":3"], "expected PATH:LINE with a line from 1, found ':3'"),
        (["why", "a.py:1:1"], "no such file or folder: 'a.py:1'"),
        (["why", ".:1"], "'.' is no Python file of the project"),
        (["clean", "nowhere"], "no such file or folder: 'nowhere'"),
    ],
)
def test_bad_usage_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    written(tmp_path, {"a.py": "x = 1\n", "stub.pyi": "a = 1\n"})
    ended = run(*arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"celeryleak-lint: {message}")


def test_nearest_names_are_offered(tmp_path: Path) -> None:
    assert "'check'" in run("chek", cwd=tmp_path).err
    assert "--select" in run("check", "--selct", "x", cwd=tmp_path).err


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("select = [", ["celeryleak-lint.toml: is not valid TOML: "]),
        (b"\xff", ["celeryleak-lint.toml: is not valid UTF-8"]),
        (
            "selct = []\nignore = ['CLX1']\n[[resource]]\nnmae = 'x'\n",
            [
                "celeryleak-lint.toml: selct: unknown key; did you mean `select`?",
                "celeryleak-lint.toml: ignore: `CLX1` is no code of celeryleak-lint",
                "celeryleak-lint.toml: resource[0]",
            ],
        ),
    ],
)
def test_bad_configuration_is_told_all_at_once(
    tmp_path: Path, text: str | bytes, messages: list[str]
) -> None:
    written(tmp_path, {"celeryleak-lint.toml": text, "jobs.py": LEAKY_TASK})
    ended = run("check", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    for message in messages:
        assert any(
            line.startswith(f"celeryleak-lint: {message}") for line in ended.err.splitlines()
        )
    assert not (tmp_path / ".celeryleak_cache").exists()


def test_table_of_the_wrong_kind(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "[tool]\nceleryleak-lint = 1\n"})
    ended = run("check", cwd=tmp_path)
    assert ended.code == 2
    assert "pyproject.toml: `tool.celeryleak-lint` is not a table" in ended.err


def test_configuration_of_others_is_passed_over(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "[tool.black\n", "a.py": "x = 1\n"})
    assert run("check", cwd=tmp_path).code == 0


def test_isolated_reads_no_configuration(tmp_path: Path) -> None:
    written(tmp_path, {"celeryleak-lint.toml": "selct = 1", "jobs.py": LEAKY_TASK})
    assert run("check", "--isolated", cwd=tmp_path).code == 1


@pytest.mark.parametrize("name", BROKEN)
def test_why_in_an_unreadable_file_is_a_failure(tmp_path: Path, name: str) -> None:
    ended = run("why", "bad.py:1", cwd=written(tmp_path, {"bad.py": BROKEN[name]}))
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("bad.py:")
    assert ": CLK901 " in line


def test_why_is_not_disturbed_by_unreadable_neighbours(tmp_path: Path) -> None:
    written(tmp_path, {"bad.py": b"def f(:\n", "jobs.py": LEAKY_TASK})
    ended = run("why", "jobs.py:7", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "verdict: certain" in ended.out


def test_why_shows_places_from_where_the_user_stands(tmp_path: Path) -> None:
    project = written(tmp_path, {"jobs.py": LEAKY_TASK, "sub/a.py": "", "celeryleak-lint.toml": ""})
    assert "  jobs.py:7: builds" in run("why", "jobs.py:7", cwd=project).out
    assert "  ../jobs.py:7: builds" in run("why", "../jobs.py:7", cwd=project / "sub").out
