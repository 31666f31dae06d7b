"""The scorer on made-up reports, and the committed manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checking import Checked, Place, Reported, read_report
from leakbench import (
    MANIFEST,
    LabelledPlace,
    Totals,
    load_manifest,
    score_fixed,
    score_tree,
    summary,
)


def case(**changes: Any) -> LabelledPlace:
    values: dict[str, Any] = {
        "id": "x", "project": "p", "version": "1", "expected": "leak", "family": "construction",
        "path": "p/a.py", "lines": (10, 20), "functions": ("C.make",), "resource": "r",
        "reason": "because", "fixed": "2",
    }  # fmt: skip
    return LabelledPlace(**{**values, **changes})


def reported(*, trace: tuple[int, ...] = (), **changes: Any) -> Reported:
    values: dict[str, Any] = {
        "code": "CLK101",
        "path": "p/a.py",
        "first": 10,
        "last": 10,
        "function": "C.make",
    }
    values |= changes
    place = Place(values["path"], values["first"], values["last"])
    steps = tuple((Place("p/a.py", line, line), "") for line in trace)
    return Reported(values["code"], "likely", values["function"], "", place, steps)


def codes(labelled: LabelledPlace, *findings: Reported) -> tuple[str, ...]:
    (row,) = score_tree([labelled], Checked(findings, (), 0.0))
    return row.codes


@pytest.mark.parametrize(
    ("finding", "found"),
    [
        (reported(), True),
        (reported(first=11, last=11), True),
        (reported(first=12, last=12), False),
        (reported(first=1, last=9), True),
        (reported(first=1, last=8), False),
        (reported(path="p/b.py"), False),
        (reported(path="p/b.py", trace=(1, 20)), True),
        (reported(path="p/b.py", trace=(1,) * 8 + (20,)), False),
        (reported(code="CLK301"), True),
        (reported(code="CLK201"), False),
        (reported(code="CLK401"), False),
    ],
)
def test_a_leak_is_found_by_place_or_trace(finding: Reported, *, found: bool) -> None:
    assert bool(codes(case(), finding)) is found


def test_a_long_finding_counts_by_its_beginning() -> None:
    far = case(lines=(60,))
    assert codes(far, reported(first=19, last=100)) == ("CLK101",)
    assert codes(far, reported(first=18, last=100)) == ()


def test_a_clean_place_is_judged_by_the_finding_itself_whatever_its_family() -> None:
    clean = case(expected="clean")
    assert codes(clean, reported(code="CLK203")) == ("CLK203",)
    assert codes(clean, reported(path="p/b.py", trace=(10,))) == ()
    assert codes(clean, reported(code="CLK501")) == ()


def test_the_fixed_release_must_be_silent_in_functions_of_the_same_name() -> None:
    checked = Checked((reported(path="q/a.py", first=99, function="D.make"),), (), 0.0)
    (row,) = score_fixed([case()], checked)
    assert (row.id, row.expected, row.codes, row.right) == ("x@2", "clean", ("CLK101",), False)
    (other,) = score_fixed([case(functions=("other",))], checked)
    assert other.right


def test_summary_gives_every_figure() -> None:
    checked = Checked((reported(),), (), 0.0)
    labelled = [case(), case(id="y", lines=(99,)), case(id="z", expected="clean")]
    text = summary(list(score_tree(labelled, checked)), Totals(3, 1500, 1))
    assert "recall 0.500 (1/2)  false alarms 1.000 (1/1)  labelled precision 0.500 (1/2)" in text
    assert "3 findings in 1500 lines, 2.00 per 1,000 lines, 1 failures" in text


def test_a_report_is_read_as_the_command_writes_it() -> None:
    finding = {
        "code": "CLK102", "confidence": "certain", "function": "f", "message": "m",
        "path": "./a.py", "line": 3, "end_line": 4,
        "trace": [{"path": "b.py", "line": 7, "column": 1, "note": "called here"}],
    }  # fmt: skip
    failure = {"path": "c.py", "line": 1, "column": 1, "message": "not decoded"}
    checked = read_report({"findings": [finding], "failures": [failure]})
    assert checked.findings[0].place == Place("a.py", 3, 4)
    assert checked.findings[0].trace == ((Place("b.py", 7, 7), "called here"),)
    assert checked.failures == ("c.py:1: not decoded",)


def test_the_committed_manifest_is_well_formed() -> None:
    cases = load_manifest(MANIFEST)
    assert {each.expected for each in cases} == {"leak", "clean"}
    for each in cases:
        assert each.reason[:1].islower()
        assert not each.reason.endswith(".")
        assert each.fixed == "" or each.expected == "leak"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('extra = "x"', "unknown key `extra`"),
        ('family = "other"', "check `family`"),
        ("lines = 3", "not iterable"),
    ],
)
def test_a_wrong_manifest_names_case_and_key(tmp_path: Path, line: str, message: str) -> None:
    key = line.partition(" ")[0]
    good = [
        'id = "x"', 'project = "p"', 'version = "1"', 'expected = "leak"', 'family = "memo"',
        'path = "a.py"', "lines = [1]", "functions = []", 'resource = "r"', 'reason = "because"',
    ]  # fmt: skip
    text = "\n".join(["[[case]]", *(each for each in good if not each.startswith(key)), line])
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_manifest(path)
    path.write_text("\n".join(["[[case]]", *good, "[[case]]", *good]))
    with pytest.raises(ValueError, match="used twice"):
        load_manifest(path)
