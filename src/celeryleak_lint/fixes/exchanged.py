"""Imports that change hands: a fix replaces the only use of one name by another of the same module."""

from __future__ import annotations

import re

from celeryleak_lint.fixes.imports import spelled
from celeryleak_lint.fixes.sheet import Refusal, Sheet
from celeryleak_lint.model.edits import Edit

#: An import and the one use of what it imports.
_TWICE = 2


def exchanged(
    sheet: Sheet, module: str, old: str, new: str, *, line: int
) -> tuple[str, tuple[Edit, ...]] | Refusal:
    """How the file may write ``module.new`` where it wrote ``old``; an import left unused is changed.

    ``old`` is as written: a name, or ``functools.cache``.
    """
    owner, _, name = old.rpartition(".")
    if owner:
        return f"{owner}.{new}", ()
    uses = re.findall(rf"(?<![.\w]){re.escape(name)}\b", sheet.layout.source.text)
    if len(uses) > _TWICE:
        return spelled(sheet, module, new, line=line)
    edit = _changed_import(sheet, module, name, new)
    if edit is None:
        return Refusal(f"the import of `{name}` would be left unused")
    return new, (edit,)


def _changed_import(sheet: Sheet, module: str, old: str, new: str) -> Edit | None:
    """``from functools import cache`` on one line, with the new name in its sorted place, once."""
    pattern = re.compile(rf"from\s+{re.escape(module)}\s+import\s+(?P<names>[\w ,]+?)\s*$")
    for statement in sheet.layout.top_level():
        match = pattern.match(sheet.line(statement.line))
        if match is None or statement.line != statement.end_line:
            continue
        names = [name.strip() for name in match["names"].split(",")]
        if old in names:
            text = ", ".join(sorted({*names, new} - {old}))
            start, end = match.start("names") + 1, match.end("names") + 1
            return Edit(sheet.path, statement.line, start, statement.line, end, text)
    return None
