"""Checks one case: what is reported, and that its twins report the same.

Knows expectations and reports; the analysis itself is handed in, so that the runner can be
tested with a made-up one. Problems are sentences, all of them at once.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from celeryleak_lint.model.findings import Confidence, Finding, Report
from tests.pages.page import Case
from tests.pages.twins import Twin, twins, unrooted

Place = tuple[str, int]
Row = tuple[str, ...]


class Analyse(Protocol):
    """Analyse files given by path; `options` is the text of a ``toml`` block."""

    def __call__(
        self, files: Mapping[str, str], *, options: str, confidence: Confidence | None
    ) -> Report: ...


def problems(case: Case, analyse: Analyse, hot_decorators: frozenset[str]) -> list[str]:
    """Everything that is wrong with the case; `hot_decorators` are last names of decorators."""
    unparsable = list(_unparsable(case))
    if unparsable:
        return unparsable
    files = case.texts()
    default = analyse(files, options=case.options, confidence=None)
    wide = analyse(files, options=case.options, confidence="possible")
    found = [
        *_failures("default confidence", default),
        *_failures("confidence possible", wide),
        *_differences("default confidence", case.expected("error"), default),
        *_differences("confidence possible", case.expected("error", "possible"), wide),
        *_missing_steps(case, wide),
    ]
    if found:
        return found
    return [
        *_twin_problems(case, wide, analyse),
        *_root_problems(case, wide, analyse, hot_decorators),
    ]


def _unparsable(case: Case) -> Iterator[str]:
    for path, text in case.python().items():
        error = _syntax_error(text)
        if error is not None:
            yield f"{path}:{error.lineno}: does not parse: {error.msg}"


def _syntax_error(text: str) -> SyntaxError | None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error
    return None


def _failures(what: str, report: Report) -> Iterator[str]:
    for failure in report.failures:
        yield f"{what}: {failure.path}:{failure.line}: failure: {failure.message}"


def _differences(
    what: str, expected: frozenset[tuple[str, int, str]], report: Report
) -> Iterator[str]:
    actual = {(f.path, f.span.line, f.code): f for f in report.findings}
    for path, line, code in sorted(expected - actual.keys()):
        yield f"{what}: {path}:{line}: {code} expected, nothing found"
    for place in sorted(actual.keys() - expected):
        finding = actual[place]
        text = f"{finding.code} ({finding.confidence}): {finding.message}"
        yield f"{what}: {finding.path}:{finding.span.line}: unexpected {text}"
    if len(report.findings) != len({(f.path, f.span, f.code) for f in report.findings}):
        yield f"{what}: the same code is reported twice at one place"


def _missing_steps(case: Case, report: Report) -> Iterator[str]:
    steps = {(step.path, step.line) for f in report.findings for step in f.trace}
    for path, line, _ in sorted(case.expected("trace")):
        if (path, line) not in steps:
            yield f"{path}:{line}: no trace passes here"


def _twin_problems(case: Case, wide: Report, analyse: Analyse) -> Iterator[str]:
    for twin in twins(case):
        report = analyse(twin.files, options=case.options, confidence="possible")
        yield from _failures(f"twin `{twin.name}`", report)
        rows = _rows(wide.findings, twin, twin.place)
        twin_rows = _rows(report.findings, twin, lambda path, line: (path, line))
        if rows == twin_rows:
            continue
        lost, new = sorted(rows - twin_rows), sorted(twin_rows - rows)
        text = "\n".join(f"    | {line}" for line in _shown(twin.files))
        yield f"twin `{twin.name}` differs: lost {lost}, new {new}\n{text}"


def _rows(
    findings: Iterable[Finding], twin: Twin, place: Callable[[str, int], Place]
) -> frozenset[Row]:
    return frozenset(_row(finding, twin, place) for finding in findings)


def _row(finding: Finding, twin: Twin, place: Callable[[str, int], Place]) -> Row:
    path, line = place(finding.path, finding.span.line)
    where = path if twin.by_function else f"{path}:{line}"
    mark = finding.fingerprint if twin.same_fingerprints else ""
    return finding.code, where, finding.function, finding.confidence, mark


def _shown(files: Mapping[str, str]) -> Iterator[str]:
    for path, text in files.items():
        yield f"--- {path}"
        yield from text.split("\n")


def _root_problems(
    case: Case, wide: Report, analyse: Analyse, hot_decorators: frozenset[str]
) -> Iterator[str]:
    """Whatever was certain because of a decorator must not be certain without it."""
    cold = unrooted(case.python(), hot_decorators)
    rooted = {
        _identity(finding)
        for finding in wide.findings
        if finding.confidence == "certain" and finding.trace
        if (finding.trace[0].path, finding.trace[0].line) in cold.heads
    }
    if not rooted:
        return
    files = {**cold.files, **case.others()}
    report = analyse(files, options=case.options, confidence="possible")
    yield from _failures("twin `without hot decorators`", report)
    for finding in report.findings:
        if finding.confidence == "certain" and _identity(finding) in rooted:
            place = f"{finding.path}:{finding.span.line}"
            yield f"{place}: {finding.code} is still certain without its hot decorator"


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.path, finding.function
