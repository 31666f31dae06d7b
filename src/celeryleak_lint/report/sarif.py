"""SARIF 2.1.0, the form in which code scanning services take findings.

Columns count code points from 1. Each step of a trace is a related location, linked from
the message, and together they are the code flow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

import celeryleak_lint
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.findings import Confidence, Failure, Finding, Report, Step
from celeryleak_lint.model.source import Span
from celeryleak_lint.report.codes import ENTRIES, Entry
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.pages import page
from celeryleak_lint.report.view import View

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
NAME = "celeryleak-lint"

Json = dict[str, object]

_ROOT = "%SRCROOT%"
_LEVELS: Mapping[Confidence, str] = MappingProxyType(
    {"certain": "error", "likely": "warning", "possible": "note"}
)
_INDEXES = MappingProxyType({entry.code: index for index, entry in enumerate(ENTRIES)})


def render_sarif(report: Report, view: View) -> str:
    """The whole report as one run."""
    run: Json = {
        "tool": {
            "driver": {
                "name": NAME,
                "version": celeryleak_lint.__version__,
                "semanticVersion": celeryleak_lint.__version__,
                "rules": [_rule(entry) for entry in ENTRIES],
            }
        },
        "automationDetails": {"id": f"{NAME}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.failures,
                "toolExecutionNotifications": [_failure(f, view) for f in report.failures],
            }
        ],
        "results": [_result(finding, view) for finding in report.findings],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(entry: Entry) -> Json:
    text = page(entry.code, entry.slug) or entry.summary
    return {
        "id": entry.code,
        "name": entry.slug,
        "shortDescription": {"text": entry.summary},
        "fullDescription": {"text": entry.summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": "warning"},
        "properties": {
            "precision": "high",
            "problem.severity": "warning",
            "tags": ["performance", "reliability"],
        },
    }


def _result(finding: Finding, view: View) -> Json:
    result: Json = {
        "ruleId": finding.code,
        "ruleIndex": _INDEXES[finding.code],
        "level": _LEVELS[finding.confidence],
        "message": {"text": _message(finding, view)},
        "locations": [_location(finding, view)],
        "partialFingerprints": {
            # the name by which GitHub follows an alert from run to run
            "primaryLocationLineHash": finding.fingerprint,
            "celeryleak/v1": finding.fingerprint,
        },
        "properties": {"confidence": finding.confidence},
    }
    if finding.effect is not None:
        result["properties"] = {"confidence": finding.confidence, "effect": finding.effect}
    if finding.trace:
        result["relatedLocations"] = [
            {"id": number, **_step(step, view)}
            for number, step in enumerate(finding.trace, start=1)
        ]
        flow = [{"location": _step(step, view)} for step in finding.trace]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    if finding.fix is not None:
        result["fixes"] = [_fix(finding.fix, view)]
    return result


def _message(finding: Finding, view: View) -> str:
    """The message, and below it the trace as links to the related locations."""
    links = (
        f"[{_plain(f'{view.path(step.path)}:{step.line}')}]({number})"
        for number, step in enumerate(finding.trace, start=1)
    )
    text = _plain(finding.message)
    return f"{text}\ntrace: {', '.join(links)}" if finding.trace else text


def _plain(text: str) -> str:
    """Text in which nothing can be taken for a link."""
    return escaped(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(finding: Finding, view: View) -> Json:
    location: Json = {
        "physicalLocation": {
            "artifactLocation": _artifact(finding.path, view),
            "region": _region(finding.span),
        }
    }
    if finding.function:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.function}]
    return location


def _step(step: Step, view: View) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(step.path, view),
            "region": {"startLine": step.line, "startColumn": step.column},
        },
        "message": {"text": _plain(step.note)},
    }


def _artifact(path: str, view: View) -> Json:
    uri = quote(view.path(path).encode("utf-8", "surrogatepass"))
    return {"uri": uri, "uriBaseId": _ROOT}


def _region(span: Span) -> Json:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(fix: Fix, view: View) -> Json:
    paths = dict.fromkeys(edit.path for edit in fix.edits)
    changes = [
        {
            "artifactLocation": _artifact(path, view),
            "replacements": [
                {
                    "deletedRegion": _region(
                        Span(edit.line, edit.column, edit.end_line, edit.end_column)
                    ),
                    "insertedContent": {"text": edit.text},
                }
                for edit in fix.edits
                if edit.path == path
            ],
        }
        for path in paths
    ]
    title = f"{fix.title} ({fix.applicability})"
    return {"description": {"text": _plain(title)}, "artifactChanges": changes}


def _failure(failure: Failure, view: View) -> Json:
    told: Json = {
        "descriptor": {"id": failure.code, "index": _INDEXES[failure.code]},
        "level": "error",
        "message": {"text": _plain(failure.message)},
    }
    if failure.path:
        region = {"startLine": failure.line, "startColumn": failure.column}
        place = {"artifactLocation": _artifact(failure.path, view), "region": region}
        told["locations"] = [{"physicalLocation": place}]
    return told
