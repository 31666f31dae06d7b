"""The strategy for dictionaries that remember results: an ``lru_cache`` on the function that fills one."""

from __future__ import annotations

import re

from celeryleak_lint.fixes.imports import spelled
from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheet, Sheets
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import BoundedMemo

SIZE = 1024

_JOB = "celeryleak_lint.fixes.remembering:remembered"
_CREATION = re.compile(
    r"(?P<name>\w+)(?:\s*:\s*(?P<annotation>[^=#]+?))?\s*=\s*(?:\{\}|dict\(\))\s*$"
)


def bounded_memo(remedy: BoundedMemo, place: Place, sheets: Sheets) -> Fix | Refusal:
    """The function decides by its parameters alone; the dictionary goes."""
    sheet = sheets(place.path)
    if isinstance(sheet, Refusal):
        return sheet
    passage = sheet.passage(place.span.line)
    top = sheet.top_level(place.span.line)
    if isinstance(passage, Refusal) or top is None:
        return Refusal("it is filled at module level")
    answer = passage.ask(_JOB, [remedy.name])
    if isinstance(answer, Refusal):
        return answer
    known = spelled(sheet, "functools", "lru_cache", line=top.line)
    if isinstance(known, Refusal):
        return known
    name, imports = known
    removal = _removal(sheet, remedy, int(str(answer["mentions"])), has_import=bool(imports))
    if isinstance(removal, Refusal):
        return removal
    decorator = sheet.insert_line(top.line, f"@{name}(maxsize={SIZE})\n")
    edits = (*imports, removal, decorator, *passage.edits(answer["edits"]))
    return Fix("unsafe", f"remember results with `functools.lru_cache(maxsize={SIZE})`", edits)


def _removal(
    sheet: Sheet, remedy: BoundedMemo, mentions: int, *, has_import: bool
) -> Edit | Refusal:
    """The edit without the dictionary; nothing else may know its name."""
    match = _CREATION.match(sheet.line(remedy.line))
    if match is None or match["name"] != remedy.name:
        return Refusal(f"`{remedy.name}` does not begin empty in a line of its own")
    words = re.findall(rf"\b{remedy.name}\b", sheet.layout.source.text)
    if len(words) != mentions + 1:
        return Refusal(f"`{remedy.name}` is used elsewhere, too")
    words = re.findall(r"[A-Za-z_]\w*", match["annotation"] or "")
    for word in words:
        # what is left is its import
        if len(re.findall(rf"\b{word}\b", sheet.layout.source.text)) == words.count(word) + 1:
            return Refusal(f"the import of `{word}` would be left unused")
    if sheet.line(remedy.line - 1).lstrip().startswith("#"):
        return Refusal(f"a comment belongs to `{remedy.name}`")
    before, after = _blanks(sheet, remedy.line, -1), _blanks(sheet, remedy.line, 1)
    top = sheet.top_level(1)
    is_first = remedy.line - before == 1
    if is_first and has_import and top is not None and top.line == remedy.line:
        # the new import takes its place, with one of the blank lines below
        return Edit(sheet.path, remedy.line, 1, remedy.line + 1 + min(after, 1), 1, "")
    first = 1 if is_first else remedy.line - min(before, after)
    last = remedy.line + (after if is_first else 0)
    return Edit(sheet.path, first, 1, last + 1, 1, "")


def _blanks(sheet: Sheet, line: int, step: int) -> int:
    count = 0
    last = len(sheet.layout.physical)
    while (
        0 < line + step * (count + 1) <= last and not sheet.line(line + step * (count + 1)).strip()
    ):
        count += 1
    return count
