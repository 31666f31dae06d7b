"""Commands that look at a project: what they print, and on which stream."""

from __future__ import annotations

import os
import sys

import click

from celeryleak_lint.frontends.run import (
    Outcome,
    Prepared,
    Request,
    Trouble,
    explain,
    prepare,
    run,
)
from celeryleak_lint.report.concise import render_concise, render_failure
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.json_document import render_json
from celeryleak_lint.report.summary import statistics, summary
from celeryleak_lint.report.text import render_text
from celeryleak_lint.report.view import View

CLEAN, FOUND, FAILED = 0, 1, 2


def check(request: Request, *, output_format: str, with_statistics: bool, exit_zero: bool) -> int:
    """Run the check, print the report, and give the exit code."""
    outcome = run(request)
    if isinstance(outcome, Trouble):
        return complain(outcome)
    view = view_of(outcome.prepared)
    sys.stdout.write(_rendered(outcome, view, output_format))
    sys.stdout.flush()
    for failure in outcome.report.failures:
        click.echo(render_failure(failure, view), err=True)
    if with_statistics:
        click.echo(statistics(outcome.report), err=True, nl=False)
    click.echo(summary(outcome.report, outcome.seconds), err=True)
    if outcome.report.failures:
        return FAILED
    return FOUND if outcome.report.findings and not exit_zero else CLEAN


def explain_line(request: Request, line: int) -> int:
    """Print what the analysis knows about a line of the one path in ``request``."""
    prepared = prepare(request)
    if isinstance(prepared, Trouble):
        return complain(prepared)
    path = os.path.relpath(prepared.place.paths[0], prepared.place.root).replace(os.sep, "/")
    shown = request.paths[0]
    if not any(file.path == path for file in prepared.scope.files):
        return complain(Trouble((f"{shown!r} is no Python file of the project",)))
    view = view_of(prepared)
    if not view.line(path, line) and not view.line(path, line - 1) and line > 1:
        return complain(Trouble((f"{shown!r} has no line {line}",)))
    for text in explain(prepared, request, path, line):
        click.echo(escaped(text))
    return CLEAN


def clean_cache(paths: tuple[str, ...], folder: str | None) -> int:
    """Delete the cache of a project and say so."""
    from celeryleak_lint.system.cache import clean
    from celeryleak_lint.system.discover import locate

    place = locate(paths, working_directory=os.getcwd())
    if isinstance(place, tuple):
        return complain(Trouble(place))
    try:
        gone = clean(place.root, folder)
    except OSError as error:
        return complain(Trouble((f"cannot delete the cache: {error.strerror}",)))
    click.echo(f"deleted {gone}" if gone else "there is no cache to delete", err=True)
    return CLEAN


def view_of(prepared: Prepared) -> View:
    """How the user sees the project's files."""
    return View(prepared.place.root, prepared.place.working_directory, prepared.read)


def complain(trouble: Trouble) -> int:
    """Print why there is no result, one line each, and give the exit code for it."""
    for message in trouble.messages:
        click.echo(f"celeryleak-lint: {escaped(message)}", err=True)
    return FAILED


def _rendered(outcome: Outcome, view: View, output_format: str) -> str:
    if output_format == "json":
        return render_json(outcome.report, view, seconds=outcome.seconds)
    if output_format == "concise":
        return render_concise(outcome.report, view)
    return render_text(outcome.report, view, color=_wants_color())


def _wants_color() -> bool:
    """Colours only for a person at a terminal who has not switched them off."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
