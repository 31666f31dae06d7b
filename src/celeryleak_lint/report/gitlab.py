"""GitLab's Code Quality report: what it shows in a merge request and keeps for the next one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType

from celeryleak_lint.model.findings import Confidence, Failure, Finding, Report
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.view import View

_SEVERITIES: Mapping[Confidence, str] = MappingProxyType(
    {"certain": "major", "likely": "minor", "possible": "info"}
)


def render_gitlab(report: Report, view: View) -> str:
    """All findings and failures as a JSON array; a finding keeps its fingerprint when lines move."""
    entries = [_finding(finding, view) for finding in report.findings]
    entries += [_failure(failure, view) for failure in report.failures]
    return json.dumps(entries, indent=2) + "\n"


def _finding(finding: Finding, view: View) -> dict[str, object]:
    span = finding.span
    return {
        # the name of the check is not shown, so the text repeats it
        "description": f"{finding.code} {escaped(finding.message)}",
        "check_name": finding.code,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.confidence],
        "location": {
            "path": view.path(finding.path),
            "positions": {
                "begin": {"line": span.line, "column": span.column},
                "end": {"line": span.end_line, "column": span.end_column},
            },
        },
    }


def _failure(failure: Failure, view: View) -> dict[str, object]:
    identity = f"{failure.code}\0{failure.path}\0{failure.message}"
    return {
        "description": f"{failure.code} {escaped(failure.message)}",
        "check_name": failure.code,
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:24],
        "severity": "critical",
        "location": {
            "path": view.path(failure.path) or ".",
            "positions": {
                "begin": {"line": failure.line, "column": failure.column},
                "end": {"line": failure.line, "column": failure.column},
            },
        },
    }
