"""Types in the signature of a helper, written so that importing the module evaluates none that is missing.

A type that a condition or a ``try`` may leave undefined, or that is defined further down, is
quoted; one that means nothing at module level is left out.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator

from celeryleak_lint.cst.blocks import Statement, children
from celeryleak_lint.fixes.imports import has_future_annotations, imported_names
from celeryleak_lint.fixes.sheet import Sheet

_ROOT = re.compile(r"(?<![\w.])[^\W\d]\w*")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_DEFINED = re.compile(r"(?:async\s+def|def|class|type)\s+(\w+)")
_ASSIGNED = re.compile(r"(\w+)\s*(?::[^=]*)?=(?!=)")
_CONDITIONAL = frozenset({"if", "try", "with"})


def written(sheet: Sheet, text: str, *, line: int, is_library: bool = False) -> str:
    """``text`` as a type in a signature above the top-level statement at ``line``; empty for none.

    An attribute of a module is sure to be there only when the module is a library's.
    """
    roots = set(_ROOT.findall(_TEXT.sub("", text)))
    if not text or not roots:
        return text
    safe = {*vars(builtins), *_bound(sheet, sheet.layout.top_level(), before=line)}
    if not roots <= safe | set(_everywhere(sheet)):
        return ""
    if has_future_annotations(sheet):
        return text
    if roots <= safe and (text.replace(".", "") if is_library else text).isidentifier():
        return text
    return f'"{text}"' if '"' not in text else ""


def _everywhere(sheet: Sheet) -> Iterator[str]:
    """Names that the module binds, under a condition or not."""
    pending = [*sheet.layout.top_level()]
    while pending:
        statement = pending.pop()
        yield from _bound(sheet, [statement])
        if sheet.layout.logical[statement.clauses[0].header].word in _CONDITIONAL:
            pending += children(sheet.layout.logical, statement)


def _bound(
    sheet: Sheet, statements: Iterator[Statement] | list[Statement], *, before: int = 0
) -> Iterator[str]:
    """Names that each of some statements binds itself, of those that end above a line if one is given."""
    for statement in statements:
        if before and statement.end_line >= before:
            continue
        yield from imported_names(sheet, statement)
        header = sheet.layout.logical[statement.clauses[0].header]
        text = sheet.line(header.line).lstrip()
        match = _DEFINED.match(text) or _ASSIGNED.match(text)
        if match is not None:
            yield match[1]
