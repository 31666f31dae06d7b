"""The strategy for lists that only grow: a ``collections.deque`` that keeps the newest entries."""

from __future__ import annotations

from celeryleak_lint.cst.containment import Contained, run_contained
from celeryleak_lint.fixes.imports import spelled
from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheet, Sheets
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import BoundedDeque

SIZE = 1000

_JOB = "celeryleak_lint.fixes.list_uses:created"


def bounded_deque(remedy: BoundedDeque, _place: Place, sheets: Sheets) -> Fix | Refusal:
    """The whole file is read: one use that a deque does not know, and the list stays."""
    sheet = sheets(remedy.path)
    if isinstance(sheet, Refusal):
        return sheet
    top = sheet.top_level(remedy.line)
    if top is None:
        return Refusal("its creation is not where it was expected")
    known = spelled(sheet, "collections", "deque", line=top.line)
    if isinstance(known, Refusal):
        return known
    name, imports = known
    outcome = run_contained(
        _JOB, _text(sheet), [remedy.name, remedy.owner, remedy.line, name, SIZE]
    )
    if isinstance(outcome, Contained):
        return Refusal(outcome.reason)
    (answer,) = outcome
    if isinstance(answer, str):
        return Refusal(answer)
    assert isinstance(answer, list)
    edits = tuple(_edit(sheet, *row) for row in answer)
    title = f"keep the last {SIZE} with `collections.deque(maxlen={SIZE})`"
    return Fix("unsafe", title, (*imports, *edits))


def _text(sheet: Sheet) -> str:
    """The file as slices show it: line by line, without form feeds at the start of a line."""
    layout = sheet.layout
    marks = [
        1 if line == 1 and layout.source.has_bom else 0
        for line in range(1, len(layout.physical) + 1)
    ]
    return "\n".join(
        text[layout.column_shift(line) - marks[line - 1] :]
        for line, text in enumerate(layout.physical, start=1)
    )


def _edit(sheet: Sheet, row: int, column: int, end_row: int, end_column: int, text: str) -> Edit:
    shift, end_shift = sheet.layout.column_shift(row), sheet.layout.column_shift(end_row)
    return Edit(sheet.path, row, column + shift + 1, end_row, end_column + end_shift + 1, text)
