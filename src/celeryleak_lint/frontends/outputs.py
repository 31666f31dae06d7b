"""Where a report goes: formats and files as the user names them, and what is written there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from celeryleak_lint.config.parse import nearest
from celeryleak_lint.frontends.run import Outcome
from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.report.formats import FORMATS, render
from celeryleak_lint.report.view import View
from celeryleak_lint.system.output import hindrance, write_whole
from celeryleak_lint.system.root import is_inside

#: Readers that see paths from the top of a checkout: the variable with that folder.
_TOPS: Mapping[str, str] = MappingProxyType(
    {"github": "GITHUB_WORKSPACE", "sarif": "GITHUB_WORKSPACE", "gitlab": "CI_PROJECT_DIR"}
)


class Output(msgspec.Struct, frozen=True):
    """One report: its format, and its file as the user wrote it, empty for standard output."""

    format: str
    file: str = ""


def read_outputs(given: Sequence[str], file: str | None) -> tuple[Output, ...] | tuple[str, ...]:
    """The outputs that ``FORMAT`` or ``FORMAT:FILE`` values ask for, or all that is wrong.

    ``file`` is where the one output goes that names no file itself.
    """
    outputs = []
    problems = []
    for text in given or FORMATS[:1]:
        name, _, target = text.partition(":")
        if name not in FORMATS:
            known = ", ".join(map(repr, FORMATS))
            hint = nearest(name, FORMATS)
            problems.append(
                f"invalid value for '--output-format': {name!r} is not one of {known}{hint}"
            )
        outputs.append(Output(name, target))
    if file is not None:
        outputs, wrong = _directed(outputs, file)
        problems += wrong
    problems += _clashes(outputs)
    return tuple(problems) if problems else tuple(outputs)


def _directed(outputs: list[Output], file: str) -> tuple[list[Output], list[str]]:
    free = [output for output in outputs if not output.file]
    if len(free) != 1 or not file:
        return outputs, ["'--output-file' needs exactly one '--output-format' without a file"]
    return [Output(o.format, file) if o is free[0] else o for o in outputs], []


def _clashes(outputs: Sequence[Output]) -> Iterator[str]:
    if sum(not output.file for output in outputs) > 1:
        formats = ", ".join(output.format for output in outputs if not output.file)
        yield (
            f"only one report fits on standard output, not {formats}; "
            "give the others a file, as in 'sarif:report.sarif'"
        )
    files = [os.path.realpath(output.file) for output in outputs if output.file]
    for output in outputs:
        if output.file and files.count(os.path.realpath(output.file)) > 1:
            yield f"several reports would be written to {output.file!r}; give each its own file"
            return
    for output in outputs:
        problem = hindrance(output.file) if output.file else ""
        if problem:
            yield f"cannot write {output.file!r}: {problem}"


def write_outputs(
    outcome: Outcome, outputs: Sequence[Output], applicable: frozenset[Applicability]
) -> tuple[str, ...]:
    """Render every output first, then write them; gives what could not be written.

    ``applicable`` are the fixes that the user's options would apply.
    """
    texts = [_text(outcome, output, applicable) for output in outputs]
    problems = []
    for output, text in zip(outputs, texts, strict=True):
        if output.file:
            problem = write_whole(output.file, text)
            if problem:
                problems.append(f"cannot write {output.file!r}: {problem}")
        else:
            sys.stdout.write(text)
            sys.stdout.flush()
    return tuple(problems)


def _text(outcome: Outcome, output: Output, applicable: frozenset[Applicability]) -> str:
    place = outcome.prepared.place
    top = os.path.realpath(os.environ.get(_TOPS.get(output.format, ""), "") or os.sep)
    seen_from = top if top != os.path.realpath(os.sep) and is_inside(place.root, top) else ""
    view = View(place.root, seen_from or place.working_directory, outcome.prepared.read, applicable)
    color = not output.file and wants_color()
    return render(output.format, outcome.report, view, seconds=outcome.seconds, color=color)


def wants_color() -> bool:
    """Colours only for a person at a terminal who has not switched them off."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
