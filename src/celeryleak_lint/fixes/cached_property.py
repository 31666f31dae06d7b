"""The strategy for properties that build: ``functools.cached_property`` in place of ``property``."""

from __future__ import annotations

import re

from celeryleak_lint.fixes.imports import spelled
from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheets
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import CachedProperty

_PLAIN = re.compile(r"[ \t\f]*@[ \t]*(?P<name>property)[ \t]*(?:#.*)?$")


def cached_property(remedy: CachedProperty, place: Place, sheets: Sheets) -> Fix | Refusal:
    """Exchange the decorator; whether the class allows it was decided on facts."""
    sheet = sheets(place.path)
    if isinstance(sheet, Refusal):
        return sheet
    match = _PLAIN.match(sheet.line(remedy.line))
    if match is None:
        return Refusal("it is decorated with more than `@property`")
    top = sheet.top_level(remedy.line)
    assert top is not None
    known = spelled(sheet, "functools", "cached_property", line=top.line)
    if isinstance(known, Refusal):
        return known
    name, imports = known
    start, end = (column + 1 for column in match.span("name"))
    edit = Edit(place.path, remedy.line, start, remedy.line, end, name)
    return Fix("unsafe", "keep it with `functools.cached_property`", (*imports, edit))
