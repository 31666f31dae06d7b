"""JUnit XML: each finding a failed test case, each failure of the run an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from celeryleak_lint.model.findings import Failure, Finding, Report
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.view import View


def render_junit(report: Report, view: View, *, seconds: float) -> str:
    """One suite for each file with something to say; a suite with one passed case when none has."""
    suites = list(_suites(report, view, seconds))
    totals = f'tests="{sum(s[1] for s in suites)}" failures="{len(report.findings)}"'
    head = f'<testsuites name="celeryleak-lint" {totals} errors="{len(report.failures)}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'{head} time="{seconds:.3f}">']
    return "\n".join([*lines, *(text for text, _ in suites), "</testsuites>"]) + "\n"


def _suites(report: Report, view: View, seconds: float) -> Iterator[tuple[str, int]]:
    """Each suite as text, with the number of its cases."""
    paths = dict.fromkeys(finding.path for finding in report.findings)
    paths |= dict.fromkeys(failure.path for failure in report.failures)
    for path in paths:
        found = [_finding(finding, view) for finding in report.findings if finding.path == path]
        broken = [_failure(failure, view) for failure in report.failures if failure.path == path]
        name = view.path(path) or "celeryleak-lint"
        yield _suite(name, (*found, *broken), len(found), len(broken)), len(found) + len(broken)
    if not paths:
        case = f'    <testcase name="check" classname="celeryleak-lint" time="{seconds:.3f}"/>'
        yield _suite("celeryleak-lint", (case,), 0, 0), 1


def _suite(name: str, cases: Iterable[str], failures: int, errors: int) -> str:
    listed = tuple(cases)
    counts = f'tests="{len(listed)}" failures="{failures}" errors="{errors}" skipped="0"'
    head = f'  <testsuite name={_attribute(name)} {counts} time="0">'
    return "\n".join([head, *listed, "  </testsuite>"])


def _finding(finding: Finding, view: View) -> str:
    place = f"{view.path(finding.path)}:{finding.span.line}:{finding.span.column}"
    steps = (f"{view.path(step.path)}:{step.line}: {step.note}" for step in finding.trace)
    text = "\n".join(map(escaped, (f"{place}: {finding.code} {finding.message}", *steps)))
    return "\n".join(
        (
            (
                f"    <testcase name={_attribute(f'{finding.code} {place}')} "
                f'classname={_attribute(view.path(finding.path))} time="0">'
            ),
            (
                f"      <failure type={_attribute(finding.code)} "
                f"message={_attribute(finding.message)}>{escape(text)}</failure>"
            ),
            "    </testcase>",
        )
    )


def _failure(failure: Failure, view: View) -> str:
    path = view.path(failure.path) or "celeryleak-lint"
    place = f"{path}:{failure.line}:{failure.column}"
    return "\n".join(
        (
            (
                f"    <testcase name={_attribute(f'{failure.code} {place}')} "
                f'classname={_attribute(path)} time="0">'
            ),
            (
                f"      <error type={_attribute(failure.code)} "
                f"message={_attribute(failure.message)}>{escape(escaped(failure.message))}</error>"
            ),
            "    </testcase>",
        )
    )


def _attribute(text: str) -> str:
    return quoteattr(escaped(text))
