"""The report for people: the place in its line, why it matters, and how the program gets there."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from celeryleak_lint.model.findings import Effect, Finding, Report
from celeryleak_lint.report.escape import escaped, leading, width
from celeryleak_lint.report.view import View

EFFECTS: dict[Effect, str] = {
    "never-released": "never released: what is built here stays until the process ends",
    "until-gc": "kept until the garbage collector comes by: memory and sockets pile up between runs",
    "cost": "cost: nothing stays behind, but each call pays for building it again",
}

_MAX_COLUMNS = 120
_TAB = "    "
_CODES = {"bold": "1", "red": "1;31", "blue": "34", "dim": "2"}


class _Paint(msgspec.Struct, frozen=True):
    """Colours, or none."""

    is_on: bool

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.is_on else text


def render_text(report: Report, view: View, *, color: bool) -> str:
    """All findings with their frames and traces, in the order of the report."""
    paint = _Paint(color)
    return "".join("\n".join(_lines(finding, view, paint)) + "\n\n" for finding in report.findings)


def _lines(finding: Finding, view: View, paint: _Paint) -> Iterator[str]:
    span = finding.span
    place = f"{leading(view.path(finding.path))}:{span.line}:{span.column}:"
    code = paint("red", finding.code)
    yield f"{paint('bold', place)} {code} {view.mark(finding)}{escaped(finding.message)} [{finding.confidence}]"
    yield from _frame(finding, view, paint)
    if finding.effect is not None:
        yield f"  {paint('dim', 'effect:')} {EFFECTS[finding.effect]}"
    if finding.trace:
        yield f"  {paint('dim', 'trace:')}"
        yield from _trace(finding, view, paint)
    if finding.fix is not None:
        yield f"  {paint('dim', 'fix:')} {escaped(finding.fix.title)} ({finding.fix.applicability})"
    elif finding.no_fix:
        yield f"  {paint('dim', 'no fix:')} {escaped(finding.no_fix)}"


def _frame(finding: Finding, view: View, paint: _Paint) -> Iterator[str]:
    """The line of the finding with carets under it; nothing when the file is gone."""
    span = finding.span
    line = view.line(finding.path, span.line)
    if not line:
        return
    end = span.end_column if span.end_line == span.line else len(line) + 1
    before, inside = _expanded(line[: span.column - 1]), _expanded(line[span.column - 1 : end - 1])
    after = _expanded(line[end - 1 :])
    before, inside, after = _cropped(before, inside, after)
    gutter = " " * len(str(span.line))
    bar = paint("blue", "|")
    yield f"{gutter} {bar}"
    yield f"{paint('blue', str(span.line))} {bar} {before}{inside}{after}"
    carets = paint("red", "^" * max(width(inside), 1))
    yield f"{gutter} {bar} {' ' * width(before)}{carets}"


def _trace(finding: Finding, view: View, paint: _Paint) -> Iterator[str]:
    """Each step with its place and its words, and below it the line of source."""
    margin = len(str(len(finding.trace)))
    for number, step in enumerate(finding.trace, start=1):
        place = paint("bold", f"{escaped(view.path(step.path))}:{step.line}")
        yield f"    {number:>{margin}}. {place}  {escaped(step.note)}"
        source = _harmless(_expanded(view.line(step.path, step.line).strip()))
        if source:
            yield " " * (margin + 8) + paint("dim", _cropped("", source, "")[1])


def _harmless(line: str) -> str:
    """A line of source that no log reader takes for a command because it begins with colons."""
    return f"\\x3a{line[1:]}" if line.startswith("::") else line


def _expanded(text: str) -> str:
    return escaped(text.replace("\t", _TAB).replace("\f", ""))


def _cropped(before: str, inside: str, after: str) -> tuple[str, str, str]:
    """The same three parts, shortened around the middle one when the line is very long."""
    if len(before) + len(inside) + len(after) <= _MAX_COLUMNS:
        return before, inside, after
    if len(before) > _MAX_COLUMNS // 2:
        before = "..." + before[-_MAX_COLUMNS // 3 :]
    room = max(_MAX_COLUMNS - len(before), _MAX_COLUMNS // 3)
    if len(inside) > room:
        return before, inside[: room - 3], "..."
    rest = room - len(inside)
    return before, inside, after if len(after) <= rest else after[:rest] + "..."
