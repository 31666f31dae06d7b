"""The checks on fixes, with a repair made up for the purpose: `bad` becomes `good`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.findings import Confidence, Failure, Finding, Report
from celeryleak_lint.model.source import Span
from celeryleak_lint.repair import Repaired
from tests.pages.mending import mending_problems
from tests.pages.page import parse

CASE = "# t\n```py\nbad()  # error: CLK101\n```\n"
FIX = Fix("safe", "say it well", (Edit("main.py", 1, 1, 1, 4, "good"),))


def bad_calls(files: Mapping[str, str], *, no_fix: str = "") -> Report:
    found = tuple(
        Finding(
            "CLK101", "slug", "text", path, Span(1, 1, 1, 6), "", "r", None, "certain", (),
            None if no_fix else FIX, no_fix or None, path,
        )
        for path, text in files.items() for _ in range(text.count("bad("))
    )  # fmt: skip
    return Report(found, (), (), 1, 0)


def analyse(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
    return bad_calls(files)


def mending(change: Callable[[str], str], **extra: object) -> Callable[..., Repaired]:
    def mend(files: Mapping[str, bytes], *, options: str, confidence: object) -> Repaired:
        old = {path: text.decode() for path, text in files.items()}
        new = {path: change(text) for path, text in old.items()}
        changed = {path: text.encode() for path, text in new.items() if text != old[path]}
        fixed = bad_calls(old).findings if changed else ()
        return Repaired(bad_calls(new, **extra), changed, fixed)  # type: ignore[arg-type]

    return mend


def problems(change: Callable[[str], str], page: str = CASE, **extra: object) -> str:
    (case,) = parse("p.md", page).cases
    return "\n".join(mending_problems(case, analyse, mending(change, **extra)))


def well(text: str) -> str:
    return text.replace("bad", "good")


def test_a_good_fix_has_no_problem() -> None:
    assert problems(well) == ""
    assert problems(well, CASE + "```py fixed\ngood()\n```\n") == ""


def test_each_wrong_fix_is_named() -> None:
    assert "main.py:1: does not parse any more" in problems(lambda text: well(text).strip() + "(")
    assert "a second run changes it again" in problems(lambda text: f"{well(text)}\n")
    assert "a new or a remaining CLK101" in problems(lambda _: "pass\nbad()\n")
    assert "has neither fix nor reason" not in problems(lambda text: text, no_fix="why")
    shown = problems(well, CASE + "```py fixed\nbetter()\n```\n")
    assert "-better()" in shown
    assert "+good()" in shown


def test_a_fix_of_what_must_stay_is_a_problem() -> None:
    refused = CASE.replace("```py", "```py refused", 1)
    assert problems(lambda text: text, refused) == ""
    assert "+good()" in problems(well, refused)


def test_a_shown_fix_that_does_not_come_is_a_problem() -> None:
    assert "-good()" in problems(lambda text: text, CASE + "```py fixed\ngood()\n```\n")


def test_a_finding_without_fix_needs_a_reason() -> None:
    def silent(files: Mapping[str, bytes], *, options: str, confidence: object) -> Repaired:
        (finding,) = bad_calls({"main.py": "bad("}, no_fix="x").findings
        report = Report((Finding(**{**_fields(finding), "no_fix": None}),), (), (), 1, 0)
        return Repaired(report, {}, (), (Failure("main.py", 1, 1, "no end"),))

    (case,) = parse("p.md", CASE).cases
    found = "\n".join(mending_problems(case, analyse, silent))
    assert "CLK101 has neither fix nor reason" in found
    assert "no end" in found


def _fields(finding: Finding) -> dict[str, object]:
    return {name: getattr(finding, name) for name in Finding.__struct_fields__}
