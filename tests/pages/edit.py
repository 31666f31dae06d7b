"""Small text edits addressed by `ast` positions, for the twins of a case.

Knows positions and bytes; knows nothing about why something is edited. Every edit keeps the
number of lines, so that a finding stays on its line.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replacement:
    """Replace one `ast` range (lines from 1, columns in UTF-8 bytes from 0) by `text`."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


def replace_node(node: ast.stmt | ast.expr, text: str) -> Replacement:
    """A replacement of the whole `node`, padded with line breaks to keep the line count."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    padding = "\n" * (node.end_lineno - node.lineno - text.count("\n"))
    return Replacement(
        node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text + padding
    )


def apply(text: str, replacements: Iterable[Replacement]) -> str:
    """`text` with all replacements made; ranges must not overlap."""
    data = text.encode("utf-8")
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    ranges = sorted(
        (starts[r.line - 1] + r.column, starts[r.end_line - 1] + r.end_column, r.text)
        for r in replacements
    )
    pieces, position = [], 0
    for start, end, new in ranges:
        if start < position:
            raise ValueError(f"two edits overlap at byte {start}")
        pieces += [data[position:start], new.encode("utf-8")]
        position = end
    return (b"".join(pieces) + data[position:]).decode("utf-8")
