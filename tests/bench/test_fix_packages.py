"""What counts as harm, and how fixes and reasons are counted."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from critics import Critics, read_flake8, read_ruff
from fix_packages import (
    Outcome,
    changed,
    fresh_lines,
    tables,
    unexpected,
    unparsable,
    untidy,
    without_names,
)


def finding(function: str, **more: object) -> dict[str, object]:
    """One finding as the JSON report has it."""
    place = {"code": "CLK101", "path": "a.py", "line": 3, "function": function}
    return {**place, "no_fix": "cannot be shared", "fix": None, "title": "share it", **more}


#: Line 3 is one that the fixes wrote.
ALL = {"a.py": {3}}


def report(
    *findings: dict[str, object],
    fixed: tuple[dict[str, object], ...] = (),
    failures: tuple[dict[str, object], ...] = (),
) -> dict[str, object]:
    return {"findings": list(findings), "fixed": list(fixed), "failures": list(failures)}


def test_a_fix_that_works_does_no_harm() -> None:
    before, left = report(finding("f"), finding("g")), finding("g")
    harm = unexpected(before, report(left, fixed=(finding("f"),)), report(left), ALL)
    assert list(harm) == []


def test_findings_that_stay_come_or_say_nothing_are_harm() -> None:
    before = report(finding("f"), finding("g"))
    first = report(finding("g", no_fix=None), fixed=(finding("f"),))
    second = report(finding("f"), finding("g"), finding("h"))
    assert list(unexpected(before, first, second, ALL)) == [
        "a.py: CLK101 in f: still reported after the fix",
        "a.py: CLK101 in h: new after the fix",
        "a.py:3: CLK101: left without a reason",
    ]


def test_what_speaks_up_on_a_line_as_it_was_is_no_harm() -> None:
    before = report(finding("f"))
    first = report(fixed=(finding("f"),))
    second = report(finding("f", line=7), finding("g", line=9))
    assert list(unexpected(before, first, second, ALL)) == []


def test_lines_are_fresh_that_the_file_did_not_have(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for tree, text in (
        (before, "f = open(p)\nuse(f)\n"),
        (after, "with open(p) as f:\n    use(f)\n"),
    ):
        tree.mkdir()
        (tree / "a.py").write_text(text)
    assert fresh_lines(before, after, ["a.py"]) == {"a.py": {1}}


def test_a_second_run_has_nothing_to_do() -> None:
    before = report(finding("f"))
    second = report(fixed=(finding("f"),))
    assert list(unexpected(before, report(finding("f")), second, {})) == [
        "a.py:3: CLK101: fixed by the second run only"
    ]


def test_a_failure_of_the_fix_is_harm_and_an_old_one_is_not() -> None:
    old = {"path": "b.py", "line": 1, "message": "cannot be parsed"}
    new = {"path": "a.py", "line": 2, "message": "the fix does not settle"}
    after = report(failures=(old, new))
    harm = list(unexpected(report(failures=(old,)), after, report(), {}))
    assert harm == ["a.py:2: the fix does not settle"]


def test_files_are_compared_by_bytes_and_must_parse(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for tree, texts in (
        (before, ("x = 1\n", "y =\n", "z = 1\n")),
        (after, ("x =\n", "=\n", "z = 1\n")),
    ):
        tree.mkdir()
        for name, text in zip(("bad.py", "always.py", "same.py"), texts, strict=True):
            (tree / name).write_text(text)
    names = changed(before, after)
    assert names == ["always.py", "bad.py"]
    assert list(unparsable(before, after, names)) == ["bad.py: does not compile any more"]
    (after / "made.py").write_text("")
    assert changed(before, after) == ["always.py", "bad.py", "made.py"]


def test_kinds_and_reasons_are_counted_without_names() -> None:
    assert without_names("memoize `make` with `functools.cache`") == "memoize `...` with `...`"
    one = Outcome("a 1", 1, 0, Counter({"memoize `...`": 2}), Counter({"no `...`": 1}), ())
    two = Outcome("b 2", 2, 1, Counter({"close it": 3}), Counter({"no `...`": 4}), ("b.py: new",))
    text = tables([one, two])
    assert text.startswith(
        "2 releases, 10 findings: 5 fixed in 3 files (1 to be formatted again), 5 left, "
        "harm done: 1\n"
    )
    assert "| close it | 3 |\n| memoize `...` | 2 |\n" in text
    assert text.endswith("| no `...` | 5 |")


def test_what_neighbours_say_is_counted(tmp_path: Path) -> None:
    said = read_flake8("./a.py\tF401\t'os' imported but unused\nnoise\n")
    assert said == Counter({("a.py", "F401", "'os' imported but unused"): 1})
    row = f'{{"filename": "{tmp_path.as_posix()}/a.py", "code": "B019", "message": "no"}}'
    assert read_ruff(f"[{row}, {row}]", tmp_path) == Counter({("a.py", "B019", "no"): 2})


def test_real_neighbours_see_what_is_new(tmp_path: Path) -> None:
    folder = Path(sys.executable).parent
    tools = Critics(folder / "flake8", folder / "ruff")
    (tmp_path / "a.py").write_text("import os\n\n\ndef f():\n    global x\n    x = 1\n")
    codes = {code for _, code, _ in tools.say(tmp_path, ["a.py"])}
    assert {"F401", "PLW0603"} <= codes
    assert tools.formatted(tmp_path, "a.py") == (79, 88, 100, 120)
    after = tmp_path / "after"
    after.mkdir()
    (after / "a.py").write_text("x = [1,\n 2]\n")
    assert tools.formatted(after, "a.py") == ()
    assert untidy(tools, tmp_path, after, ["a.py"]) == ["a.py"]
    assert untidy(tools, after, tmp_path, ["a.py"]) == []
