"""Reports to render: plain ones and hostile ones."""

from __future__ import annotations

from msgspec.structs import replace

from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.findings import Failure, Finding, Report, Step
from celeryleak_lint.model.source import Span
from celeryleak_lint.report.view import View

SOURCE = "import redis\nclient = redis.Redis()\n"
FINDING = Finding(
    code="CLK101",
    rule="resource-built-per-call",
    message="`f` builds `Redis`",
    path="pkg/a.py",
    span=Span(3, 21, 3, 32),
    function="C.f",
    resource="redis.Redis",
    effect="cost",
    confidence="likely",
    trace=(Step("pkg/a.py", 1, 1, "is hot"), Step("pkg/b.py", 9, 2, "builds")),
    fix=None,
    no_fix="needs a decision",
    fingerprint="0123456789abcdef01234567",
    construct="redis.Redis()",
)
FIX = Fix(
    "unsafe",
    "cache it",
    (Edit("pkg/a.py", 3, 1, 3, 2, "y"), Edit("pkg/b.py", 1, 1, 1, 1, "import x\n")),
)
#: Everything that a reader could take for an order, a link or the end of a value.
HOSTILE = "]]>&lt;\"'::error::x\r\n%0A,:[a](http://b)\\ ##[add-mask]q \x1b[31m\u202e\uffff\x00 漢"
ATTACK = replace(
    FINDING,
    message=HOSTILE,
    path=f"::error::{HOSTILE.replace('/', '')}.py",
    function=HOSTILE,
    trace=(Step(f"{HOSTILE.replace('/', '')}.py", 1, 1, HOSTILE),),
    fingerprint="f" * 24,
)
SEVERAL_LINES = replace(
    FINDING, span=Span(3, 21, 5, 2), trace=(), effect=None, fingerprint="e" * 24
)


def report(*findings: Finding, failures: tuple[Failure, ...] = ()) -> Report:
    """A report of two files."""
    return Report(findings, failures, (), files=2, lines=1234)


def full() -> Report:
    """Every shape of finding and failure at once."""
    failures = (Failure("pkg/b.py", 1, 2, HOSTILE), Failure("", 1, 1, "a rule broke"))
    sure = replace(FINDING, confidence="certain", fix=FIX, fingerprint="a" * 24)
    hint = replace(FINDING, confidence="possible", function="", fingerprint="b" * 24)
    return report(FINDING, sure, hint, ATTACK, SEVERAL_LINES, failures=failures)


def view(working_directory: str = "/top") -> View:
    """A project at ``/top`` whose files all read the same."""
    return View("/top", working_directory, lambda _path: SOURCE.encode())
