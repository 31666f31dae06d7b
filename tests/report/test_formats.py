"""What a report looks like, from values alone."""

from __future__ import annotations

import json

from msgspec.structs import replace

from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.findings import Failure, Finding, Report, Step
from celeryleak_lint.model.source import Span
from celeryleak_lint.report.concise import render_concise, render_failure
from celeryleak_lint.report.escape import escaped, width
from celeryleak_lint.report.json_document import render_json
from celeryleak_lint.report.summary import statistics, summary
from celeryleak_lint.report.text import render_text
from celeryleak_lint.report.view import View

SOURCE = "import redis\n\n\tx = '漢字'; client = redis.Redis(  # why\n    1,\n)\n"
FINDING = Finding(
    code="CLK101",
    rule="resource-built-per-call",
    message="builds `Redis`",
    path="pkg/a.py",
    span=Span(3, 21, 3, 32),
    function="f",
    resource="redis.Redis",
    effect="cost",
    confidence="likely",
    trace=(Step("pkg/a.py", 1, 1, "is hot"), Step("pkg/b.py", 9, 2, "builds")),
    fix=None,
    no_fix="needs a decision",
    fingerprint="0123",
)


def report(*findings: Finding) -> Report:
    return Report(findings, (Failure("pkg/b.py", 1, 2, "broken\n"),), (), files=2, lines=1234)


def read(path: str) -> bytes:
    if path == "pkg/a.py":
        return SOURCE.encode()
    raise FileNotFoundError(path)


def view(working_directory: str = "/top") -> View:
    return View("/top", working_directory, read)


def test_text() -> None:
    assert render_text(report(FINDING), view(), color=False).splitlines() == [
        "pkg/a.py:3:21: CLK101 builds `Redis` [likely]",
        "  |",
        "3 |     x = '漢字'; client = redis.Redis(  # why",
        "  |                          ^^^^^^^^^^^",
        "  effect: cost: nothing stays behind, but each call pays for building it again",
        "  trace:",
        "    1. pkg/a.py:1  is hot",
        "         import redis",
        "    2. pkg/b.py:9  builds",
        "  no fix: needs a decision",
        "",
    ]


def test_text_of_a_range_over_several_lines_marks_the_first() -> None:
    several = replace(FINDING, span=Span(3, 21, 5, 2), trace=(), effect=None, no_fix=None)
    lines = render_text(report(several), view(), color=False).splitlines()
    assert lines[3] == "  |                          ^^^^^^^^^^^^^^^^^^^"
    assert lines[4:] == [""]


def test_text_shows_a_fix() -> None:
    fix = Fix("unsafe", "cache the client", (Edit("pkg/a.py", 3, 1, 3, 2, "y"),))
    assert "  fix: cache the client (unsafe)" in render_text(
        report(replace(FINDING, fix=fix)), view(), color=False
    )


def test_text_of_a_file_that_is_gone_has_no_frame() -> None:
    gone = replace(FINDING, path="pkg/gone.py", trace=(), effect=None, no_fix=None)
    assert render_text(report(gone), view(), color=False) == (
        "pkg/gone.py:3:21: CLK101 builds `Redis` [likely]\n\n"
    )


def test_very_long_lines_are_cropped_around_the_place() -> None:
    long = "a" * 5000 + "redis.Redis()" + "b" * 5000
    seen = View("/top", "/top", lambda _: long.encode())
    there = replace(FINDING, span=Span(1, 5001, 1, 5014), trace=())
    lines = render_text(report(there), seen, color=False).splitlines()
    assert all(len(line) < 160 for line in lines)
    start = lines[2].index("redis.Redis()")
    assert lines[3][start : start + 14] == "^" * 13
    assert lines[3][:start].strip(" |") == ""


def test_colors_are_only_added() -> None:
    plain = render_text(report(FINDING), view(), color=False)
    colored = render_text(report(FINDING), view(), color=True)
    assert "\x1b[1;31mCLK101\x1b[0m" in colored
    for code in ("0", "1", "1;31", "2", "34"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == plain


def test_concise_and_failures() -> None:
    assert render_concise(report(FINDING), view("/top/pkg")) == "a.py:3:21: CLK101 builds `Redis`\n"
    assert render_failure(report().failures[0], view("/top/other")) == (
        "../pkg/b.py:1:2: CLK901 broken\\n"
    )
    assert render_failure(Failure("", 1, 1, "rule broke"), view()) == "CLK901 rule broke"


def test_json_keeps_every_field() -> None:
    fix = Fix("safe", "cache", (Edit("pkg/a.py", 3, 1, 3, 2, "y"),))
    document = json.loads(render_json(report(replace(FINDING, fix=fix)), view(), seconds=0.5))
    (finding,) = document["findings"]
    assert finding["fix"]["edits"] == [
        {"path": "pkg/a.py", "line": 3, "column": 1, "end_line": 3, "end_column": 2, "text": "y"}
    ]
    assert finding["trace"][1] == {"path": "pkg/b.py", "line": 9, "column": 2, "note": "builds"}
    assert document["summary"] == {
        "files": 2, "lines": 1234, "findings": 1, "suppressed": 0, "seconds": 0.5
    }  # fmt: skip
    assert document["failures"] == [
        {"path": "pkg/b.py", "line": 1, "column": 2, "message": "broken\n"}
    ]


def test_summary_and_statistics() -> None:
    many = replace(report(FINDING, FINDING, replace(FINDING, code="CLK102")), suppressed=(FINDING,))
    assert summary(many, 0.25) == (
        "3 findings in 2 files, 1 suppressed, 1 failure (1,234 lines, 0.25 s)"
    )
    assert statistics(many).splitlines() == [
        "     2  CLK101  resource-built-per-call",
        "     1  CLK102  resource-built-per-call",
    ]


def test_escapes() -> None:
    assert escaped("plain") == "plain"
    assert escaped("größe 漢") == "größe 漢"
    assert escaped("\x1b\x9b\u202e\u2028\udcff\n") == "\\x1b\\x9b\\u202e\\u2028\\udcff\\n"
    assert width("a漢e\u0301") == 4
