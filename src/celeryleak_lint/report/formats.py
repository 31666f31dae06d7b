"""The formats by name: one function from a report to text, each imported when it is wanted."""

from __future__ import annotations

from celeryleak_lint.model.findings import Report
from celeryleak_lint.report.view import View

#: Every format, the default first.
FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit")


def render(name: str, report: Report, view: View, *, seconds: float, color: bool) -> str:
    """The report in the format ``name``, one of ``FORMATS``; only ``text`` knows colours."""
    if name == "text":
        from celeryleak_lint.report.text import render_text

        return render_text(report, view, color=color)
    if name == "concise":
        from celeryleak_lint.report.concise import render_concise

        return render_concise(report, view)
    if name == "json":
        from celeryleak_lint.report.json_document import render_json

        return render_json(report, view, seconds=seconds)
    return _for_machines(name, report, view, seconds)


def _for_machines(name: str, report: Report, view: View, seconds: float) -> str:
    if name == "sarif":
        from celeryleak_lint.report.sarif import render_sarif

        return render_sarif(report, view)
    if name == "github":
        from celeryleak_lint.report.github import render_github

        return render_github(report, view)
    if name == "gitlab":
        from celeryleak_lint.report.gitlab import render_gitlab

        return render_gitlab(report, view)
    from celeryleak_lint.report.junit import render_junit

    return render_junit(report, view, seconds=seconds)
