"""One step of indentation, as a file has it."""

from __future__ import annotations

from celeryleak_lint.fixes.sheet import Sheet


def step_of(sheet: Sheet) -> str:
    """The white space of the first indented statement; four spaces when there is none."""
    for line in sheet.layout.logical:
        if line.indent:
            text = sheet.line(line.line).rpartition("\f")[2]
            return text[: len(text) - len(text.lstrip(" \t"))]
    return "    "
