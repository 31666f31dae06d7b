"""Commands that look at a project: what they print, and on which stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click
import msgspec
from msgspec.structs import replace

from celeryleak_lint.frontends.known import Known, read_known, write_known
from celeryleak_lint.frontends.outputs import Output, write_outputs
from celeryleak_lint.frontends.progress import Progress
from celeryleak_lint.frontends.run import (
    Outcome,
    Prepared,
    Request,
    Trouble,
    explain,
    prepare,
    run,
)
from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.report.concise import render_failure
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.fixes import fixes_told
from celeryleak_lint.report.summary import statistics, summary, timings
from celeryleak_lint.report.view import View
from celeryleak_lint.system.output import hindrance

CLEAN, FOUND, FAILED = 0, 1, 2


class Showing(msgspec.Struct, frozen=True):
    """How a check is shown: its outputs, what stderr says beside them, and its exit code.

    ``applicable`` are the fixes that the user's options would apply.
    """

    outputs: tuple[Output, ...]
    with_statistics: bool = False
    exit_zero: bool = False
    is_quiet: bool = False
    is_verbose: bool = False
    applicable: frozenset[Applicability] = frozenset({"safe"})


def check(request: Request, showing: Showing) -> int:
    """Run the check, write the reports, and give the exit code."""
    outcome = watched(replace(request, with_fixes=True), showing, run)
    if isinstance(outcome, Trouble):
        return complain(outcome)
    problems = write_outputs(outcome, showing.outputs, showing.applicable)
    tell(outcome, showing)
    if problems:
        return complain(Trouble(problems))
    if outcome.report.failures:
        return FAILED
    return FOUND if outcome.report.findings and not showing.exit_zero else CLEAN


def write_baseline(request: Request, file: str, showing: Showing) -> int:
    """Check, and write what is found as a baseline instead of reporting it."""
    problem = hindrance(file)
    known = read_known(os.path.abspath(file), shown=file, must_exist=False)
    if problem or not isinstance(known, Known):
        told = (f"cannot write {file!r}: {problem}",) if problem else ()
        return complain(Trouble((*told, *(() if isinstance(known, Known) else known))))
    outcome = watched(replace(request, compares=False), showing, run)
    if isinstance(outcome, Trouble):
        return complain(outcome)
    tell(outcome, showing)
    if outcome.report.failures:
        return complain(Trouble((f"{file!r} is not written, since not everything could be read",)))
    prepared = outcome.prepared
    problem = write_known(known.path, outcome.report, prepared.scope, known, prepared.config)
    if problem:
        return complain(Trouble((f"cannot write {file!r}: {problem}",)))
    if not showing.is_quiet:
        click.echo(f"wrote {escaped(file)}; check with `--baseline {escaped(file)}`", err=True)
    return CLEAN


def watched(
    request: Request, showing: Showing, go: Callable[[Request], Outcome | Trouble]
) -> Outcome | Trouble:
    """Run with warnings on stderr, and with a progress bar where somebody can see it."""
    if showing.is_quiet:
        return go(request)
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return go(replace(request, warn=_warn))
    progress = Progress(sys.stderr)

    def warn(message: str) -> None:
        progress.end()
        _warn(message)

    try:
        return go(replace(request, met=progress.met, warn=warn))
    finally:
        progress.end()


def _warn(message: str) -> None:
    click.echo(f"celeryleak-lint: warning: {escaped(message)}", err=True)


def tell(outcome: Outcome, showing: Showing, *, would: bool = False) -> None:
    """What stderr says: failures always, the rest as far as it is wanted.

    With ``would`` the fixes were only shown.
    """
    view = view_of(outcome.prepared)
    for failure in outcome.report.failures:
        click.echo(render_failure(failure, view), err=True)
    if showing.with_statistics:
        click.echo(statistics(outcome.report), err=True, nl=False)
    if showing.is_verbose:
        for failure in outcome.elsewhere:
            click.echo(f"beside the paths given: {render_failure(failure, view)}", err=True)
        click.echo(timings(outcome.report, outcome.seconds), err=True, nl=False)
    if not showing.is_quiet:
        click.echo(summary(outcome.report, outcome.seconds), err=True)
        told = fixes_told(outcome.report, view, showing.applicable, would=would)
        click.echo(told, err=True, nl=False)


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
    explained = explain(prepared, request, path, line, view.path)
    if isinstance(explained, Trouble):
        return complain(explained)
    if isinstance(explained, Failure):
        click.echo(render_failure(explained, view), err=True)
        return FAILED
    if not view.line(path, line) and not view.line(path, line - 1) and line > 1:
        return complain(Trouble((f"{shown!r} has no line {line}",)))
    for text in explained:
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
