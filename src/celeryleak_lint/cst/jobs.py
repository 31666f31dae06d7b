"""What can be asked of libcst, as plain values: the same in this process and in a child.

The only module of the layer that imports the visitors, and it does so when a job runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

_PLACE = re.compile(r"error at (\d+):")

#: ``find``, ``newer``, or a function of this package as ``module:function``, so that a child
#: process can find it, too.
JobKind = str

_PACKAGE = "celeryleak_lint."

#: Numbers and strings in (nested) lists, as JSON knows them.
Plain = object


def perform(kind: JobKind, text: str, argument: Sequence[Plain]) -> list[Plain]:
    """Do one job on ``text``; raises whatever libcst raises.

    ``find`` takes spots as ``[kind, function, line, name, ordinal]`` and gives for each
    ``[line, column, end_line, end_column]`` or a reason. ``newer`` takes the version to
    write for as ``[major, minor]`` and gives ``[start line, start column, end line, end
    column, new text, needed minor version]`` per edit, columns from 0. A function is called
    with ``text`` and ``argument`` and says itself what it gives.
    """
    if kind == "find":
        return _find(text, argument)
    module, _, function = kind.partition(":")
    if function and module.startswith(_PACKAGE):
        job: Callable[[str, Sequence[Plain]], list[Plain]] = getattr(
            import_module(module), function
        )
        return job(text, argument)
    from celeryleak_lint.cst.newer import edits_for

    major, minor = cast("Sequence[int]", argument)
    return [[*edit] for edit in edits_for(text, (major, minor))]


def _find(text: str, argument: Sequence[Plain]) -> list[Plain]:
    from celeryleak_lint.cst.visitor import find
    from celeryleak_lint.model.source import Spot, SpotKind

    rows = cast("Sequence[tuple[SpotKind, str, int, str, int]]", argument)
    spots = [Spot(*row) for row in rows]
    return [
        found
        if isinstance(found, str)
        else [found.line, found.column, found.end_line, found.end_column]
        for found in find(text, spots)
    ]


def describe(error: BaseException) -> tuple[str, int, str]:
    """The class of what a job raised, the line (from 1) it blames, and what it says."""
    # never `str(error)`: a `KeyError` from deep inside holds a node and would print its tree
    said = getattr(error, "message", error.args[0] if error.args else "")
    said = said if isinstance(said, str) and said else "no message"
    # the parser's own words are right where the exception's attributes are not
    place = _PLACE.search(said)
    line = int(place[1]) if place else getattr(error, "raw_line", 1)
    return type(error).__name__, line if isinstance(line, int) else 1, " ".join(said.split())[:200]
