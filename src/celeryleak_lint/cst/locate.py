"""Confirms suspects in the lossless tree: spots of a file in, exact ranges out.

The only way from rules to libcst. A spot that cannot be placed is a value with its reason,
never an exception and never silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from celeryleak_lint.cst.containment import TIME_LIMIT, Contained, run_contained
from celeryleak_lint.cst.jobs import Plain
from celeryleak_lint.cst.layout import Layout, lay_out
from celeryleak_lint.cst.slices import Slice, Slicer
from celeryleak_lint.cst.templates import templates_as_formatted
from celeryleak_lint.cst.thinning import thin
from celeryleak_lint.model.source import Span, Spot


class Placed(msgspec.Struct, frozen=True):
    """A spot that the visitor has found; ``span`` is in lines and columns of the file."""

    spot: Spot
    span: Span


class Unplaced(msgspec.Struct, frozen=True):
    """Spots that one trouble keeps from being found; ``line`` of the file is where it is."""

    spots: tuple[Spot, ...]
    line: int
    reason: str


class Located(msgspec.Struct, frozen=True):
    """Every spot asked for is in exactly one of the two; both are sorted by line."""

    placed: tuple[Placed, ...]
    unplaced: tuple[Unplaced, ...]


def locate(data: bytes, spots: Sequence[Spot], *, time_limit: float = TIME_LIMIT) -> Located:
    """Find each of ``spots`` in the file whose bytes are ``data``.

    ``time_limit`` is in seconds and for each difficult statement. A byte order mark counts
    as a column of the first line, since the spans address the file as it is.
    """
    layout = lay_out(data)
    if not isinstance(layout, Layout):
        return Located((), (Unplaced(tuple(spots), layout.line, layout.reason),))
    grouped, placeless = _group(layout, spots)
    placed: list[Placed] = []
    unplaced = [Unplaced((spot,), spot.line, "no statement is on its line") for spot in placeless]
    for piece, asked in grouped:
        found = _locate_in(layout, thin(piece), asked, time_limit)
        placed += found.placed
        unplaced += found.unplaced
    placed.sort(key=lambda place: (place.span.line, place.span.column))
    unplaced.sort(key=lambda missing: missing.line)
    return Located(tuple(placed), tuple(unplaced))


def _group(
    layout: Layout, spots: Sequence[Spot]
) -> tuple[list[tuple[Slice, list[Spot]]], list[Spot]]:
    """The slices to parse, each with its spots, and the spots on lines without a statement."""
    slicer = Slicer(layout)
    grouped: dict[int, tuple[Slice, list[Spot]]] = {}
    placeless: list[Spot] = []
    for spot in spots:
        piece = slicer.around(spot.line)
        if piece is None:
            placeless.append(spot)
        else:
            grouped.setdefault(id(piece), (piece, []))[1].append(spot)
    return list(grouped.values()), placeless


def _locate_in(layout: Layout, piece: Slice, spots: Sequence[Spot], time_limit: float) -> Located:
    rows = {line: row for row, line in enumerate(piece.lines, start=1)}
    asked = [
        [spot.kind, spot.function, rows.get(spot.line, 0), spot.name, spot.ordinal]
        for spot in spots
    ]
    text = templates_as_formatted(piece.text)
    outcome = run_contained("find", text, asked, time_limit=time_limit)
    if isinstance(outcome, Contained):
        line = piece.lines[min(max(outcome.line, 1), len(piece.lines)) - 1]
        return Located((), (Unplaced(tuple(spots), line, outcome.reason),))
    placed: list[Placed] = []
    unplaced: list[Unplaced] = []
    for spot, found in zip(spots, outcome, strict=True):
        if isinstance(found, str):
            unplaced.append(Unplaced((spot,), spot.line, found))
        else:
            placed.append(Placed(spot, _span(layout, piece, found)))
    return Located(tuple(placed), tuple(unplaced))


def _span(layout: Layout, piece: Slice, found: Plain) -> Span:
    row, column, end_row, end_column = cast("tuple[int, int, int, int]", found)
    line, end_line = piece.lines[row - 1], piece.lines[end_row - 1]
    return Span(
        line,
        column + layout.column_shift(line),
        end_line,
        end_column + layout.column_shift(end_line),
    )
