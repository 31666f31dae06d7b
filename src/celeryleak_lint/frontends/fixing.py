"""``check --fix`` and ``--diff``: fixes worked out until stable, then written or shown."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile

import click
import msgspec
from msgspec.structs import replace

from celeryleak_lint.frontends.checking import (
    CLEAN,
    FAILED,
    FOUND,
    Showing,
    complain,
    tell,
    view_of,
    watched,
)
from celeryleak_lint.frontends.outputs import write_outputs
from celeryleak_lint.frontends.run import Look, Outcome, Prepared, Request, Trouble, run_with
from celeryleak_lint.model.findings import Failure, Report
from celeryleak_lint.repair import Repaired, Wanted, repair
from celeryleak_lint.report.concise import render_concise
from celeryleak_lint.report.diff import render_diff
from celeryleak_lint.system.root import is_inside
from celeryleak_lint.system.write import links_out_of, write_source


class Fixing(msgspec.Struct, frozen=True):
    """How fixes are applied: only shown as a diff, and whether having fixed is a failure."""

    only_shows: bool = False
    exit_non_zero: bool = False


def fix(request: Request, showing: Showing, fixing: Fixing) -> int:
    """Fix what can be fixed, report the rest, and give the exit code."""
    made: list[Repaired] = []

    def use(look: Look) -> Report:
        prepared = look.prepared
        wanted = Wanted(showing.applicable, prepared.scope.reported, prepared.config)
        # a fix must bring nothing new, whether or not its user wants to hear of it
        made.append(repair(look.for_all_codes(), prepared.read, wanted))
        left = tuple(finding for finding in made[-1].report.findings if wanted.admits(finding))
        return replace(made[-1].report, findings=left, fixed=made[-1].fixed)

    with contextlib.ExitStack() as stack:
        if not request.use_cache:
            # rounds share what they have read, and leave nothing behind
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="celeryleak-lint-"))
            request = replace(request, use_cache=True, cache_folder=folder)
        outcome = watched(
            replace(request, with_fixes=True), showing, lambda asked: run_with(asked, use)
        )
    if isinstance(outcome, Trouble):
        return complain(outcome)
    (repaired,) = made
    outcome = _with_problems(outcome, repaired.problems)
    if fixing.only_shows:
        return _show(outcome, repaired, showing)
    if request.text is not None:
        return _hand_back(outcome, repaired, request.text, showing, fixing)
    outcome = _with_problems(outcome, _written(outcome.prepared, repaired, request.paths))
    problems = write_outputs(outcome, showing.outputs, showing.applicable)
    tell(outcome, showing)
    return complain(Trouble(problems)) if problems else _code(outcome, showing, fixing)


def _code(outcome: Outcome, showing: Showing, fixing: Fixing) -> int:
    if outcome.report.failures:
        return FAILED
    if fixing.exit_non_zero and outcome.report.fixed:
        return FOUND
    return FOUND if outcome.report.findings and not showing.exit_zero else CLEAN


def _with_problems(outcome: Outcome, problems: tuple[Failure, ...]) -> Outcome:
    report = outcome.report
    return replace(outcome, report=replace(report, failures=(*report.failures, *problems)))


def _written(prepared: Prepared, repaired: Repaired, named: tuple[str, ...]) -> tuple[Failure, ...]:
    """Write every changed file; each that cannot be written is left as it is and told."""
    place, problems = prepared.place, []
    beyond = links_out_of(place.working_directory, named)
    for path, text in sorted(repaired.texts.items()):
        old = prepared.read(path)
        full = os.path.join(place.root, path)
        if any(is_inside(full, target) for target in beyond):
            problem = "is reached by a link that leads out of the working directory"
        else:
            problem = write_source(place.root, path, old=old, new=text)
        if problem:
            problems.append(Failure(path, 1, 1, f"not fixed: {problem}; nothing in it was changed"))
    return tuple(problems)


def _show(outcome: Outcome, repaired: Repaired, showing: Showing) -> int:
    """Print what would change; nothing is written."""
    view = view_of(outcome.prepared)
    sys.stdout.flush()
    for path, text in sorted(repaired.texts.items()):
        sys.stdout.buffer.write(render_diff(view.path(path), outcome.prepared.read(path), text))
    sys.stdout.buffer.flush()
    tell(outcome, showing, would=True)
    if outcome.report.failures:
        return FAILED
    return FOUND if repaired.texts and not showing.exit_zero else CLEAN


def _hand_back(
    outcome: Outcome, repaired: Repaired, text: bytes, showing: Showing, fixing: Fixing
) -> int:
    """Text from stdin goes to stdout, fixed or as it came; what is left to say goes to stderr."""
    place = outcome.prepared.place
    path = os.path.relpath(place.paths[0], place.root).replace(os.sep, "/")
    sys.stdout.flush()
    sys.stdout.buffer.write(repaired.texts.get(path, text))
    sys.stdout.buffer.flush()
    click.echo(render_concise(outcome.report, view_of(outcome.prepared)), err=True, nl=False)
    tell(outcome, showing)
    return _code(outcome, showing, fixing)
