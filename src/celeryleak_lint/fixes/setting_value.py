"""The strategy for settings: the value that switches something off gives way to one that does not."""

from __future__ import annotations

import re

from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheet, Sheets
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import SettingValue

_OFF = r"(?P<value>None|0|False)"


def setting_value(remedy: SettingValue, place: Place, sheets: Sheets) -> Fix | Refusal:
    """Replace the value where it is written out; an expression is somebody's decision."""
    sheet = sheets(place.path)
    if isinstance(sheet, Refusal):
        return sheet
    span = place.span
    if not place.path.endswith((".py", ".pyi")):
        return Refusal("only Python files are edited")
    pattern = _pattern(remedy, place)
    found = [
        (line, match)
        for line in range(span.line, span.end_line + 1)
        for match in pattern.finditer(sheet.line(line), *_columns(sheet, place, line))
    ]
    if len(found) != 1:
        return Refusal("its value is not written out in that place")
    line, match = found[0]
    mark = 1 if line == 1 and sheet.layout.source.has_bom else 0
    start, end = (column + 1 + mark for column in match.span("value"))
    return Fix("unsafe", remedy.title, (Edit(place.path, line, start, line, end, remedy.text),))


def _pattern(remedy: SettingValue, place: Place) -> re.Pattern[str]:
    """``name = None``, ``name=None`` in a call, ``"name": None`` in a dictionary, ``conf["name"] = None``."""
    name = re.escape(remedy.spelling)
    sign = ":" if place.spot.kind == "text" else "="
    quoted = rf"[\"']{name}[\"']\]?|(?<!\w){name}"
    return re.compile(rf"(?:{quoted})\s*{sign}\s*{_OFF}(?![\w.]|\s*[-+*/%|&<>]|\s+(?:or|and|if)\b)")


def _columns(sheet: Sheet, place: Place, line: int) -> tuple[int, int]:
    """The part of a line, columns from 0, that the finding covers; the value itself may end it."""
    span = place.span
    mark = 1 if line == 1 and sheet.layout.source.has_bom else 0
    start = span.column - 1 - mark if line == span.line else 0
    end = span.end_column - 1 - mark if line == span.end_line else len(sheet.line(line))
    return max(start, 0), end
