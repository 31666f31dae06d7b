"""A file cut into statements: the decoded source, its physical lines and logical lines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from celeryleak_lint.cst.blocks import Statement, statements
from celeryleak_lint.cst.decoding import Source, Undecodable, decode, form_feed_width
from celeryleak_lint.cst.scanning import LogicalLine, Unscannable, logical_lines


class Layout(msgspec.Struct, frozen=True):
    """What slicing needs of a file; ``physical`` holds the lines without their ends."""

    source: Source
    physical: tuple[str, ...]
    logical: tuple[LogicalLine, ...]

    def top_level(self) -> Iterator[Statement]:
        """The statements of the module, in order."""
        return statements(self.logical, 0, len(self.logical))

    def column_shift(self, line: int) -> int:
        """Columns at the start of a physical line that slices leave out (mark, form feeds)."""
        mark = 1 if line == 1 and self.source.has_bom else 0
        return mark + form_feed_width(self.physical[line - 1])

    def comment_start(self, statement: Statement) -> int:
        """First line of the comments directly above a statement, else its own first line."""
        above = self.logical[statement.start - 1].end_line if statement.start else 0
        line = statement.line
        while line - 1 > above and self.physical[line - 2].lstrip(" \t\f").startswith("#"):
            line -= 1
        return line


@lru_cache(maxsize=4)  # the finder and the fixes look at the same file one after the other
def lay_out(data: bytes) -> Layout | Undecodable | Unscannable:
    """Decode and scan the bytes of a file."""
    source = decode(data)
    if isinstance(source, Undecodable):
        return source
    logical = logical_lines(source.text)
    if isinstance(logical, Unscannable):
        return logical
    return Layout(source, tuple(source.text.split("\n")), logical)
