"""Imports that change hands: a fix replaces the only use of one name by another of the same module."""

from __future__ import annotations

import io
import re
import tokenize

from celeryleak_lint.fixes.imports import spelled
from celeryleak_lint.fixes.sheet import Refusal, Sheet
from celeryleak_lint.model.edits import Edit
from celeryleak_lint.model.untokenizable import REFUSALS

#: What the import and the one use of what it imports leave in a file.
_TWICE = 2
_WORDS = (tokenize.NAME, tokenize.OP)


def exchanged(
    sheet: Sheet, module: str, old: str, new: str, *, line: int
) -> tuple[str, tuple[Edit, ...]] | Refusal:
    """How the file may write ``module.new`` where it wrote ``old``; an import left unused is changed.

    ``old`` is as written: a name, or ``functools.cache``.
    """
    owner, _, name = old.rpartition(".")
    if owner:
        return f"{owner}.{new}", ()
    others = _other_uses(sheet.layout.source.text, name)
    if others is None:
        return Refusal(f"where `{name}` is used cannot be told")
    if others:
        return spelled(sheet, module, new, line=line)
    edit = _changed_import(sheet, module, name, new)
    if edit is None:
        return Refusal(f"the import of `{name}` would be left unused")
    return new, (edit,)


def _other_uses(text: str, name: str) -> bool | None:
    """Whether the name is used beside its import and one decorator; ``None`` when that is not plain.

    Comments, attributes and keywords of that name are no uses. A string may be: ``__all__``
    lists names. Any use that neither decorates nor calls may be of another thing.
    """
    try:
        tokens = [
            (token.type, token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type in (*_WORDS, tokenize.STRING)
        ]
    except REFUSALS:
        return None
    found = plain = 0
    for before, (kind, word), after in zip(
        ((0, ""), *tokens), tokens, (*tokens[1:], (0, "")), strict=False
    ):
        if kind == tokenize.STRING and word.strip("\"'") == name:
            return None
        if word != name or kind != tokenize.NAME or before[1] == "." or after[1] == "=":
            continue
        found += 1
        plain += before[1] == "@" or (after[1] == "(" and before[1] != "def")
    if found > _TWICE and plain <= 1:
        return None
    return found > _TWICE


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
