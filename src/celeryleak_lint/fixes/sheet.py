"""One file while fixes are written for it: its statements, its words, and edits in its places."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from celeryleak_lint.cst.blocks import Statement
from celeryleak_lint.cst.containment import Contained, run_contained
from celeryleak_lint.cst.decoding import form_feed_width
from celeryleak_lint.cst.jobs import Plain
from celeryleak_lint.cst.layout import Layout, lay_out
from celeryleak_lint.cst.slices import Slice, Slicer
from celeryleak_lint.model.edits import Edit
from celeryleak_lint.model.source import Span

#: What libcst itself may raise on source text.
_LIBCST_TROUBLE = frozenset(
    {"ParserSyntaxError", "CSTLogicError", "CSTValidationError", "RecursionError", "MemoryError"}
)
_WORD = re.compile(r"[^\W\d]\w*")


class Refusal(msgspec.Struct, frozen=True):
    """Why no fix is offered, as a clause without a final stop."""

    reason: str


class Passage(msgspec.Struct, frozen=True):
    """A slice of a file for a job, and how its places map back."""

    sheet: Sheet
    piece: Slice

    def row(self, line: int) -> int:
        """The row (from 1) of the slice that shows ``line`` of the file; 0 when none does."""
        lines = self.piece.lines
        return next((row for row, shown in enumerate(lines, start=1) if shown == line), 0)

    def column(self, line: int, column: int) -> int:
        """A column of the file (from 1) as one of the slice (from 0)."""
        return column - 1 - self.sheet.layout.column_shift(line)

    def where(self, span: Span) -> list[Plain]:
        """A range of the file as one of the slice: row, column, end row, end column."""
        return [
            self.row(span.line),
            self.column(span.line, span.column),
            self.row(span.end_line),
            self.column(span.end_line, span.end_column),
        ]

    def edit(self, row: int, column: int, end_row: int, end_column: int, text: str) -> Edit:
        """Replace a range of the slice: rows from 1, columns from 0, as libcst counts."""
        line, end_line = self._line(row), self._line(end_row)
        return Edit(
            self.sheet.path,
            line,
            column + self.sheet.layout.column_shift(line) + 1,
            end_line,
            end_column + self.sheet.layout.column_shift(end_line) + 1,
            text,
        )

    def _line(self, row: int) -> int:
        lines = self.piece.lines
        # a range may end before the row after the last
        return lines[row - 1] if row <= len(lines) else lines[-1] + 1

    def ask(self, job: str, argument: Sequence[Plain]) -> Mapping[str, Plain] | Refusal:
        """Have ``job`` read the slice; it gives one mapping, or one text with its reason.

        Raises ``RuntimeError`` for a bug in the job; what libcst cannot bear is a refusal.
        """
        outcome = run_contained(job, self.piece.text, argument)
        if isinstance(outcome, Contained):
            if outcome.error and outcome.error not in _LIBCST_TROUBLE:
                raise RuntimeError(outcome.reason)
            return Refusal(outcome.reason)
        (answer,) = outcome
        if isinstance(answer, str):
            return Refusal(answer)
        return cast("Mapping[str, Plain]", answer)

    def edits(self, rows: Plain) -> tuple[Edit, ...]:
        """Edits of the slice, as a job gives them: five numbers and texts each."""
        return tuple(self.edit(*row) for row in cast("list[tuple[int, int, int, int, str]]", rows))


class Sheet:
    """One file; made from its bytes by ``open_sheet``."""

    __slots__ = ("_ignored", "_slicer", "_words", "layout", "path")

    def __init__(self, path: str, layout: Layout, *, ignored: frozenset[str] = frozenset()) -> None:
        """Words in ``ignored`` count as free."""
        self._ignored = ignored
        self.path = path
        self.layout = layout
        self._slicer = Slicer(layout)
        self._words: frozenset[str] | None = None

    def passage(self, line: int) -> Passage | Refusal:
        """The slice around ``line`` (from 1), with every function in it whole."""
        piece = self._slicer.around(line, whole_functions=True)
        return Refusal("no statement is there") if piece is None else Passage(self, piece)

    def top_level(self, line: int) -> Statement | None:
        """The top-level statement that holds ``line``."""
        return self._slicer.top_level(line)

    def line(self, number: int) -> str:
        """A physical line without its end, from 1; empty beyond the last."""
        physical = self.layout.physical
        return physical[number - 1] if 0 < number <= len(physical) else ""

    @property
    def words(self) -> frozenset[str]:
        """Every word of the file, in comments and strings, too."""
        if self._words is None:
            self._words = frozenset(_WORD.findall(self.layout.source.text)) - self._ignored
        return self._words

    def free(self, *candidates: str) -> str:
        """The first of some names that no word of the file is, or one with a number behind it."""
        for name in candidates:
            if name not in self.words:
                return name
        number = 2
        while f"{candidates[0]}_{number}" in self.words:
            number += 1
        return f"{candidates[0]}_{number}"

    def insert_above(self, line: int, block: str) -> Edit:
        """Put ``block``, a definition that ends in a line feed, above the top-level statement at ``line``.

        It stands above the comments of that statement, with two blank lines on both sides.
        """
        statement = self.top_level(line)
        assert statement is not None
        at = self.layout.comment_start(statement)
        blanks = 0
        while at - 2 - blanks >= 0 and not self.line(at - 1 - blanks).strip():
            blanks += 1
        is_first = at - 1 - blanks == 0
        before = "" if is_first else "\n" * max(0, 2 - blanks)
        column = 1 + self._mark(at)
        return Edit(self.path, at, column, at, column, f"{before}{block}\n\n")

    def insert_line(self, line: int, text: str) -> Edit:
        """Put ``text``, whole lines, before physical line ``line``, which may follow the last."""
        column = 1 + self._mark(line)
        return Edit(self.path, line, column, line, column, text)

    def _mark(self, line: int) -> int:
        mark = 1 if line == 1 and self.layout.source.has_bom else 0
        return mark + form_feed_width(self.line(line))


#: Gives the sheet of a file by its path, or why it has none.
Sheets = Callable[[str], "Sheet | Refusal"]


def open_sheet(path: str, data: bytes) -> Sheet | Refusal:
    """The sheet of a file from its bytes."""
    layout = lay_out(data)
    if not isinstance(layout, Layout):
        return Refusal(f"the file cannot be edited: {layout.reason}")
    return Sheet(path, layout)


def passage_at(sheets: Sheets, path: str, line: int) -> Passage | Refusal:
    """The slice of a file around a line (from 1), or why it cannot be had."""
    sheet = sheets(path)
    return sheet if isinstance(sheet, Refusal) else sheet.passage(line)
