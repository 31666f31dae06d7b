"""Workflow commands, which GitHub shows as annotations beside the lines of a change.

GitHub shows ten annotations of each level and drops the rest without a word, so the first
line says how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from celeryleak_lint.model.findings import CONFIDENCES, Confidence, Failure, Finding, Report
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.view import View

#: How many annotations of one level GitHub shows for a step.
SHOWN = 10

_LEVELS: Mapping[Confidence, str] = MappingProxyType(
    {"certain": "error", "likely": "warning", "possible": "notice"}
)


def render_github(report: Report, view: View) -> str:
    """One command a finding and a failure, the surest first, under a line that counts them."""
    ranked = sorted(report.findings, key=lambda finding: CONFIDENCES.index(finding.confidence))
    failures = [_failure(failure, view) for failure in report.failures]
    commands = [*failures, *(_finding(finding, view) for finding in ranked)]
    levels = Counter(_LEVELS[finding.confidence] for finding in ranked)
    levels["error"] += len(failures)
    return "".join(f"{line}\n" for line in (*_warned(levels), *commands))


def _warned(levels: Counter[str]) -> Iterator[str]:
    """The line that says what GitHub will not show; none when it shows everything."""
    if all(count <= SHOWN for count in levels.values()):
        return
    counts = ", ".join(f"{levels[level]} of level {level}" for level in sorted(levels))
    text = (
        f"{sum(levels.values())} annotations ({counts}); GitHub shows {SHOWN} of each level, "
        "the log of this step has them all"
    )
    yield _command("notice", {"title": "celeryleak-lint"}, text)


def _finding(finding: Finding, view: View) -> str:
    span = finding.span
    place = {
        "title": f"{finding.code} ({finding.rule})",
        "file": view.path(finding.path),
        "line": str(span.line),
        "endLine": str(span.end_line),
    }
    if span.line == span.end_line:  # columns are not allowed on ranges over several lines
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    steps = (
        f"{number}. {view.path(step.path)}:{step.line}  {step.note}"
        for number, step in enumerate(finding.trace, start=1)
    )
    lines = (f"{finding.code} {finding.message}", *steps)
    return _command(_LEVELS[finding.confidence], place, "\n".join(map(escaped, lines)))


def _failure(failure: Failure, view: View) -> str:
    place = {"title": failure.code}
    if failure.path:
        place |= {"file": view.path(failure.path), "line": str(failure.line)}
    return _command("error", place, escaped(f"{failure.code} {failure.message}"))


def _command(level: str, properties: Mapping[str, str], message: str) -> str:
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escaped(text)).replace(":", "%3A").replace(",", "%2C")
