"""One line a finding: ``path:line:column: CODE message``."""

from __future__ import annotations

from celeryleak_lint.model.findings import Failure, Report
from celeryleak_lint.report.escape import escaped, leading
from celeryleak_lint.report.view import View


def render_concise(report: Report, view: View) -> str:
    """All findings, one line each, in the order of the report."""
    return "".join(
        f"{leading(view.path(finding.path))}:{finding.span.line}:{finding.span.column}: "
        f"{finding.code} {view.mark(finding)}{escaped(finding.message)}\n"
        for finding in report.findings
    )


def render_failure(failure: Failure, view: View) -> str:
    """One failure as one line, without a line end."""
    message = f"{failure.code} {escaped(failure.message)}"
    if not failure.path:
        return message
    return f"{leading(view.path(failure.path))}:{failure.line}:{failure.column}: {message}"
