"""The smallest pieces of a file that can be parsed alone, with the way back to the file.

A slice is a top-level statement; of a long one only the part that matters is kept, under
one-line stand-ins for the headers around it, so that indentation and qualified names stay.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from celeryleak_lint.cst.blocks import Statement, children
from celeryleak_lint.cst.layout import Layout

#: Physical lines beyond which a statement is cut deeper.
LONG = 60


class Slice(msgspec.Struct, frozen=True):
    """Text for libcst; ``lines[i]`` is the line of the file that line ``i + 1`` stands for."""

    text: str
    lines: Sequence[int]


_Row = tuple[str, int]


class Slicer:
    """Cuts one file; slices of the same part are the same object."""

    __slots__ = ("_layout", "_slices", "_starts", "_top")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._top = tuple(layout.top_level())
        self._starts = [statement.line for statement in self._top]
        self._slices: dict[tuple[int, int], Slice] = {}

    def top_level(self, line: int) -> Statement | None:
        """The top-level statement that holds ``line`` (from 1)."""
        index = bisect_right(self._starts, line) - 1
        if index < 0 or line > self._top[index].end_line:
            return None
        return self._top[index]

    def around(self, line: int, *, whole_functions: bool = False) -> Slice | None:
        """The slice that shows ``line`` (from 1), or ``None`` where there is no statement.

        With ``whole_functions`` no function is cut, however long it is.
        """
        top = self.top_level(line)
        if top is None:
            return None
        enclosing, statement, only_headers = self._narrow(top, line, whole_functions)
        key = (statement.start, -1 if only_headers else statement.end)
        if key not in self._slices:
            cut = headers_only if only_headers else whole
            self._slices[key] = cut(self._layout, enclosing, statement)
        return self._slices[key]

    def _narrow(
        self,
        statement: Statement,
        line: int,
        whole_functions: bool,  # noqa: FBT001
    ) -> tuple[list[Statement], Statement, bool]:
        """Enclosing statements, the statement to cut, and whether its bodies do not matter."""
        logical = self._layout.logical
        enclosing: list[Statement] = []
        while statement.line_count > LONG and statement.is_compound:
            if whole_functions and logical[statement.clauses[0].header].word in ("def", "async"):
                return enclosing, statement, False
            path = _towards(self._layout, statement, line)
            if not path:
                in_header = any(
                    logical[index].line <= line <= logical[index].end_line
                    for index in statement.header_lines()
                )
                return enclosing, statement, in_header or logical[statement.start].word == "match"
            enclosing += [statement, *path[:-1]]
            statement = path[-1]
        return enclosing, statement, False


def _towards(layout: Layout, statement: Statement, line: int) -> tuple[Statement, ...]:
    """One step down to the statement around ``line``; through a ``case`` it is two."""
    for child in children(layout.logical, statement):
        if not child.line <= line <= child.end_line:
            continue
        if not is_case(layout, statement, child):
            return (child,)
        deeper = _towards(layout, child, line)
        return (child, *deeper) if deeper else ()
    return ()


def is_case(layout: Layout, parent: Statement, child: Statement) -> bool:
    """Whether ``child`` is a ``case`` of the ``match`` statement ``parent``."""
    words = layout.logical[parent.start].word, layout.logical[child.start].word
    return words == ("match", "case")


def whole(layout: Layout, enclosing: Sequence[Statement], statement: Statement) -> Slice:
    """The statement with its leading comments, under stand-ins for what encloses it."""
    first = layout.comment_start(statement)
    return _join(
        [
            *(_stand_in(layout, outer) for outer in enclosing),
            *_rows(layout, first, statement.end_line),
        ]
    )


def headers_only(layout: Layout, enclosing: Sequence[Statement], statement: Statement) -> Slice:
    """Like ``whole``, but every body is ``pass``: decorators and headers are what is left."""
    return _join([*(_stand_in(layout, outer) for outer in enclosing), *_headers(layout, statement)])


def _headers(layout: Layout, statement: Statement) -> Iterator[_Row]:
    logical = layout.logical
    for index in range(statement.start, statement.clauses[0].header):
        yield from _rows(layout, logical[index].line, logical[index].end_line)
    for clause in statement.clauses:
        header = logical[clause.header]
        yield from _rows(layout, header.line, header.end_line)
        if clause.body_start == clause.body_end:
            continue
        if header.word == "match":
            for case in children(logical, statement):
                yield from _headers(layout, case)
            continue
        line = logical[clause.body_start].line
        yield (_indentation(layout, line) + "pass", line)


def _stand_in(layout: Layout, outer: Statement) -> _Row:
    """A one-line header that opens the same scope: ``class X:``, ``def x():`` or ``if 1:``."""
    header = layout.logical[outer.clauses[0].header]
    written = layout.physical[header.line - 1].split(None, 3)
    if written[0] == "async":
        written = written[1:]
    kind, name = [*written, "", ""][:2]
    name = _leading_identifier(name)
    opening = "if 1:"
    if name and kind in ("class", "def"):
        opening = f"class {name}:" if kind == "class" else f"def {name}():"
    return (_indentation(layout, header.line) + opening, header.line)


def _leading_identifier(written: str) -> str:
    size = len(written)
    while size and not written[:size].isidentifier():
        size -= 1
    return written[:size]


def _indentation(layout: Layout, line: int) -> str:
    text = layout.physical[line - 1].rpartition("\f")[2]
    return text[: len(text) - len(text.lstrip(" \t"))]


def _rows(layout: Layout, first: int, last: int) -> Iterator[_Row]:
    bom = 1 if layout.source.has_bom else 0
    for line in range(first, last + 1):
        shift = layout.column_shift(line) - (bom if line == 1 else 0)
        yield (layout.physical[line - 1][shift:], line)


def _join(rows: Sequence[_Row]) -> Slice:
    return Slice("\n".join(text for text, _ in rows) + "\n", tuple(line for _, line in rows))
