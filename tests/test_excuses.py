"""CLK902: which comments excuse nothing, and how they are dropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeryleak_lint.excuses import idle_excuses
from celeryleak_lint.model.edits import Edit
from tests.frontends.command import flake8, run
from tests.projects import LEAKY_TASK, written


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    """The text after edits, none of which overlap."""
    lines = [*text.splitlines(keepends=True), ""]
    for edit in sorted(edits, key=lambda e: (e.line, e.column), reverse=True):
        head = lines[edit.line - 1][: edit.column - 1]
        tail = lines[edit.end_line - 1][edit.end_column - 1 :]
        lines[edit.line - 1 : edit.end_line] = [head + edit.text + tail]
    return "".join(lines)


def dropped(text: str, *used: str) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """The text without idle codes, these codes, and how far each fix may be trusted."""
    idle = idle_excuses("a.py", text.encode(), lambda _, code: code not in used)
    edits = tuple(edit for comment in idle for edit in comment.fix.edits)
    return applied(text, edits), [c.codes for c in idle], [c.fix.applicability for c in idle]


@pytest.mark.parametrize(
    ("text", "after", "trust"),
    [
        ("a = 1  # noqa: CLK101\n", "a = 1\n", "safe"),
        ("a = 1  # noqa:CLK101\n", "a = 1\n", "safe"),
        ("a = 1  # NOQA: CLK101, CLK102\n", "a = 1\n", "safe"),
        ("a = 1  # noqa: E501,CLK101 W291\n", "a = 1  # noqa: E501, W291\n", "safe"),
        ("a = 1  # noqa: CLK101 because\n", "a = 1\n", "unsafe"),
        ("a = 1  # noqa: CLK101  # type: ignore\n", "a = 1  # type: ignore\n", "safe"),
        ("a = 1  # type: ignore # noqa: CLK101\n", "a = 1  # type: ignore\n", "safe"),
        ("a = 1  # noqa: clk101\n", "a = 1\n", "safe"),
        ("# noqa: CLK101\nb = 2\n", "b = 2\n", "safe"),
        ("a = f(\n    1,\n)  # noqa: CLK101\n", "a = f(\n    1,\n)\n", "safe"),
        ('a = """\nx\n"""  # noqa: CLK101\n', 'a = """\nx\n"""\n', "safe"),
    ],
)
def test_dropping(text: str, after: str, trust: str) -> None:
    changed, _, trusts = dropped(text)
    assert (changed, trusts) == (after, [trust])
    assert dropped(changed)[0] == changed


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\n",
        "a = 1  # noqa\n",
        "a = 1  # noqa: E501\n",
        "a = 1  # noqa: CLK902\n",
        "a = 1  # noqa: CLK9\n",
        "a = '# noqa: CLK101'\n",
        "a = '''\n# noqa: CLK101\n'''\n",
        "# flake8: noqa\na = 1  # noqa: CLK101\n",
        "a = 1  # noqa: CLK101\nb = '''\n",
    ],
)
def test_not_judged(text: str) -> None:
    assert dropped(text) == (text, [], [])


def test_used_codes_stay() -> None:
    text = "a = 1  # noqa: CLK101, CLK102\n"
    assert dropped(text, "CLK102") == ("a = 1  # noqa: CLK102\n", [("CLK101",)], ["safe"])
    assert dropped(text, "CLK101", "CLK102")[0] == text


def test_mark_at_the_start_of_the_file_counts_as_a_column() -> None:
    (idle,) = idle_excuses("a.py", "\ufeffa = 1  # noqa: CLK101\n".encode(), lambda *_: True)
    assert (idle.span.column, idle.fix.edits[0].column) == (9, 7)


@given(st.text(alphabet="a#= :'\"\\\n()noqaCLK10,\r\x0c"), st.text())
def test_any_text_is_survived(text: str, other: str) -> None:
    for idle in idle_excuses("a.py", f"{text}# noqa: CLK101{other}".encode(errors="replace"),
                             lambda *_: True):  # fmt: skip
        assert idle.codes


def checked(folder: Path, *options: str) -> list[str]:
    return run("check", "--output-format", "concise", *options, cwd=folder).lines


def leaky(comment: str, text: str = LEAKY_TASK) -> str:
    return text.replace('host")\n', f'host")  # noqa: {comment}\n')


def test_what_excuses_something_is_no_finding(tmp_path: Path) -> None:
    assert checked(written(tmp_path, {"jobs.py": leaky("CLK101")})) == []


def test_what_excuses_nothing_is_one(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": "x = 1  # noqa: CLK101\n", "b.py": "y = 1  # noqa: CLK998\n"})
    known, unknown = checked(tmp_path)
    assert known.startswith("a.py:1:8: CLK902 [*] `noqa` names CLK101, ")
    assert "CLK998, which is no code of celeryleak-lint" in unknown


def test_doors_agree(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": "x = 1  # noqa: CLK101\n", "jobs.py": leaky("CLK101, CLK102")})
    lines = sorted(line.removeprefix("./") for line in flake8(cwd=tmp_path).lines)
    assert lines == [line.replace("[*] ", "") for line in checked(tmp_path)]
    assert len(lines) == 2


def test_excuse_for_what_a_wider_net_finds_is_kept(tmp_path: Path) -> None:
    cold = LEAKY_TASK.replace("@shared_task\n", "").replace('"redis://localhost"', "order_id")
    text = cold.replace("order_id)\n    client", "order_id)  # noqa: CLK101\n    client")
    assert text != cold
    written(tmp_path, {"jobs.py": text})
    assert checked(tmp_path) == []
    assert checked(tmp_path, "--confidence", "possible") == []


@pytest.mark.parametrize(
    "options", [["--select", "CLK102,CLK9"], ["--ignore", "CLK101"], ["--ignore", "CLK902"]]
)
def test_only_what_was_looked_for_is_judged(tmp_path: Path, options: list[str]) -> None:
    written(tmp_path, {"a.py": "x = 1  # noqa: CLK101\n"})
    assert checked(tmp_path, *options) == []
    assert len(checked(tmp_path)) == 1


def test_prefix_is_judged_when_all_its_codes_were_looked_for(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": "x = 1  # noqa: CLK1\n"})
    assert len(checked(tmp_path)) == 1
    assert checked(tmp_path, "--ignore", "CLK106") == []


def test_partial_run_judges_what_it_was_asked_for(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": "x = 1  # noqa: CLK101\n", "b.py": "y = 1\n", "setup.cfg": ""})
    assert checked(tmp_path, "b.py") == []
    assert len(checked(tmp_path, "a.py")) == 1


def test_ignored_in_a_file(tmp_path: Path) -> None:
    settings = 'per-file-ignores = {"a.py" = ["CLK101"], "b.py" = ["CLK902"]}\n'
    line = "x = 1  # noqa: CLK101\n"
    written(tmp_path, {"a.py": line, "b.py": line, "celeryleak-lint.toml": settings})
    assert checked(tmp_path) == []


def test_nothing_is_judged_while_a_file_cannot_be_read(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": "x = 1  # noqa: CLK101\n", "bad.py": "def f(:\n"})
    assert checked(tmp_path) == []
    assert len(checked(tmp_path, "--ignore", "CLK901")) == 1


def test_test_code_is_not_judged(tmp_path: Path) -> None:
    assert checked(written(tmp_path, {"test_a.py": "x = 1  # noqa: CLK101\n"})) == []


def test_it_can_be_excused_itself(tmp_path: Path) -> None:
    ended = run("check", cwd=written(tmp_path, {"a.py": "x = 1  # noqa: CLK101, CLK902\n"}))
    assert (ended.code, ended.out) == (0, "")
    assert "1 suppressed" in ended.err
