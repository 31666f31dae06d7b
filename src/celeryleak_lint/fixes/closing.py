"""The strategy for handles left open: a ``with`` statement around everything that uses one."""

from __future__ import annotations

from celeryleak_lint.fixes.imports import spelled
from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Passage, Refusal, Sheets, passage_at
from celeryleak_lint.fixes.step import step_of
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import Closing

_JOB = "celeryleak_lint.fixes.managed:manage"

_TITLES = {
    "with": "open it in a `with` statement",
    "closing": "close it with `contextlib.closing`",
    "closing-and-with": "close it with `contextlib.closing` and keep the transaction",
}


def closing(remedy: Closing, place: Place, sheets: Sheets) -> Fix | Refusal:
    """The handle of the reported call gets a block that ends with its last use."""
    passage = passage_at(sheets, place.path, place.span.line)
    if isinstance(passage, Refusal):
        return passage
    sheet = passage.sheet
    spelling = ""
    imports: tuple[Edit, ...] = ()
    if remedy.form != "with":
        known = spelled(sheet, "contextlib", "closing", line=passage.piece.lines[0])
        if isinstance(known, Refusal):
            return known
        spelling, imports = known
    answer = passage.ask(_JOB, _question(remedy, place, passage, spelling))
    if isinstance(answer, Refusal):
        return answer
    is_safe = bool(answer["safe"]) and remedy.ceiling == "safe"
    edits: tuple[Edit, ...] = (*imports, *passage.edits(answer["edits"]))
    return Fix("safe" if is_safe else "unsafe", _TITLES[remedy.form], edits)


def _question(remedy: Closing, place: Place, passage: Passage, spelling: str) -> list[object]:
    return [
        passage.where(place.span),
        spelling,
        remedy.form == "closing-and-with",
        remedy.waits,
        remedy.closes_again,
        step_of(passage.sheet),
        [*remedy.names],
        sorted(passage.sheet.words),
        [*remedy.readers],
    ]
