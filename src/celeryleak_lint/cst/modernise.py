"""Reads files written for a newer Python than the one that runs: rewritten, not refused.

Works on the statements that the interpreter's grammar refuses and no others. No line moves,
columns may. Knows what to do with edits; ``newer`` knows the syntax.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec

from celeryleak_lint.cst.acceptance import Trouble, refusal
from celeryleak_lint.cst.blocks import Statement, children
from celeryleak_lint.cst.containment import TIME_LIMIT, Contained, run_contained
from celeryleak_lint.cst.layout import Layout, lay_out
from celeryleak_lint.cst.slices import Slice, headers_only, is_case, whole
from celeryleak_lint.cst.templates import templates_as_formatted

_Edit = tuple[int, int, int, int, str, int]


class Refusal(msgspec.Struct, frozen=True):
    """Why a file cannot be read; line and column count from 1, columns in code points."""

    line: int
    column: int
    message: str


def modernise(data: bytes, *, time_limit: float = TIME_LIMIT) -> bytes | Refusal:
    """An equivalent of the file's bytes that the running interpreter's ``ast`` accepts.

    Same number of lines, every definition, statement and call on its own; line ends become
    line feeds. ``time_limit`` is in seconds and for each difficult statement. Never raises.
    """
    layout = lay_out(data)
    if not isinstance(layout, Layout):
        return Refusal(layout.line, 1, layout.reason)
    lines = list(layout.physical)
    for statement in layout.top_level():
        for piece in _refused(layout, (), statement):
            rewritten = _rewrite(layout, piece, time_limit)
            if isinstance(rewritten, Refusal):
                return rewritten
            _put_back(layout, piece, rewritten, lines)
    text = "\n".join(lines)
    trouble = refusal(text)
    if trouble is not None:
        return Refusal(trouble.line, trouble.column, _unreadable(trouble))
    return layout.source.encode(text)


def _refused(
    layout: Layout, enclosing: Sequence[Statement], statement: Statement
) -> Iterator[Slice]:
    """The smallest slices of ``statement`` that the running interpreter refuses."""
    piece = whole(layout, enclosing, statement)
    if refusal(piece.text) is None:
        return
    if not statement.is_compound:
        yield piece
        return
    found = False
    headers = headers_only(layout, enclosing, statement)
    if refusal(headers.text) is not None:
        found = True
        yield headers
    for outer, child in _inner(layout, (*enclosing, statement), statement):
        for inner in _refused(layout, outer, child):
            found = True
            yield inner
    if not found:
        yield piece


def _inner(
    layout: Layout, outer: tuple[Statement, ...], statement: Statement
) -> Iterator[tuple[tuple[Statement, ...], Statement]]:
    """The statements directly inside, each with what encloses it; a ``case`` is looked through."""
    for child in children(layout.logical, statement):
        if is_case(layout, statement, child):
            yield from _inner(layout, (*outer, child), child)
        else:
            yield outer, child


def _rewrite(layout: Layout, piece: Slice, time_limit: float) -> str | Refusal:
    text = templates_as_formatted(piece.text)
    outcome = run_contained("newer", text, sys.version_info[:2], time_limit=time_limit)
    if isinstance(outcome, Contained):
        if outcome.is_syntax and (trouble := refusal(piece.text)):
            return _in_file(layout, piece, trouble, _unreadable(trouble))
        at = Trouble(outcome.line, 1, outcome.reason)
        return _in_file(layout, piece, at, outcome.reason)
    edits = cast("list[_Edit]", outcome)
    rewritten = _apply(text, edits)
    trouble = refusal(rewritten)
    if trouble is None:
        return rewritten
    needs = max([14 if text != piece.text else 0, *(edit[5] for edit in edits)])
    message = _unreadable(trouble)
    if needs:
        message = (
            f"needs Python 3.{needs}: rewritten for {_running()} it is still refused "
            f"({trouble.message}); run the linter with that version"
        )
    return _in_file(layout, piece, trouble, message)


def _unreadable(trouble: Trouble) -> str:
    return (
        f"invalid syntax for {_running()} ({trouble.message}); if a newer Python reads "
        "this file, run the linter with that one"
    )


def _running() -> str:
    return "Python {}.{}".format(*sys.version_info)


def _in_file(layout: Layout, piece: Slice, trouble: Trouble, message: str) -> Refusal:
    rows = len(piece.lines)
    line = piece.lines[min(max(trouble.line, 1), rows) - 1]
    line = min(line + max(trouble.line - rows, 0), len(layout.physical))
    return Refusal(line, trouble.column + layout.column_shift(line), message)


def _apply(text: str, edits: Sequence[_Edit]) -> str:
    starts = [0]
    for row in text.split("\n"):
        starts.append(starts[-1] + len(row) + 1)
    kept: list[str] = []
    done = 0
    for line, column, end_line, end_column, new, _ in edits:
        kept += (text[done : starts[line - 1] + column], new)
        done = starts[end_line - 1] + end_column
    return "".join((*kept, text[done:]))


def _put_back(layout: Layout, piece: Slice, rewritten: str, lines: list[str]) -> None:
    """Replace the lines of the file whose rows have changed; stand-ins never do."""
    rows = zip(piece.lines, piece.text.split("\n"), rewritten.split("\n"), strict=False)
    for line, before, after in rows:
        if before != after:
            written = layout.physical[line - 1]
            lines[line - 1] = written[: len(written) - len(before)] + after
