"""The report as one JSON document, whose keys stay as they are from the first release on."""

from __future__ import annotations

import json

import celeryleak_lint
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.findings import Failure, Finding, Report, Step
from celeryleak_lint.report.view import View

TOOL = "celeryleak-lint"


def render_json(report: Report, view: View, *, seconds: float) -> str:
    """The whole report; paths are seen from the working directory."""
    fixed = report.fixed
    counts: dict[str, int] = {} if fixed is None else {"fixed": len(fixed)}
    repaired: dict[str, object] = (
        {} if fixed is None else {"fixed": [_fixed(finding, view) for finding in fixed]}
    )
    if report.accepted is not None:
        counts["accepted"] = len(report.accepted)
    document = {
        "tool": {"name": TOOL, "version": celeryleak_lint.__version__},
        "findings": [_finding(finding, view) for finding in report.findings],
        **repaired,
        "failures": [_failure(failure, view) for failure in report.failures],
        "summary": {
            "files": report.files,
            "lines": report.lines,
            "findings": len(report.findings),
            "suppressed": len(report.suppressed),
            **counts,
            "seconds": round(seconds, 3),
        },
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding, view: View) -> dict[str, object]:
    return {
        "code": finding.code,
        "rule": finding.rule,
        "message": finding.message,
        "path": view.path(finding.path),
        "line": finding.span.line,
        "column": finding.span.column,
        "end_line": finding.span.end_line,
        "end_column": finding.span.end_column,
        "function": finding.function,
        "resource": finding.resource,
        "effect": finding.effect,
        "confidence": finding.confidence,
        "trace": [_step(step, view) for step in finding.trace],
        "fix": None if finding.fix is None else _fix(finding.fix, view),
        "no_fix": finding.no_fix,
        "fingerprint": finding.fingerprint,
    }


def _fixed(finding: Finding, view: View) -> dict[str, object]:
    """A finding that is gone: its place is that of the file before the fix."""
    assert finding.fix is not None
    return {
        "code": finding.code,
        "rule": finding.rule,
        "path": view.path(finding.path),
        "line": finding.span.line,
        "column": finding.span.column,
        "function": finding.function,
        "applicability": finding.fix.applicability,
        "title": finding.fix.title,
        "fingerprint": finding.fingerprint,
    }


def _step(step: Step, view: View) -> dict[str, object]:
    return {
        "path": view.path(step.path),
        "line": step.line,
        "column": step.column,
        "note": step.note,
    }


def _fix(fix: Fix, view: View) -> dict[str, object]:
    edits = [
        {
            "path": view.path(edit.path),
            "line": edit.line,
            "column": edit.column,
            "end_line": edit.end_line,
            "end_column": edit.end_column,
            "text": edit.text,
        }
        for edit in fix.edits
    ]
    return {"applicability": fix.applicability, "title": fix.title, "edits": edits}


def _failure(failure: Failure, view: View) -> dict[str, object]:
    return {
        "path": view.path(failure.path),
        "line": failure.line,
        "column": failure.column,
        "message": failure.message,
    }
