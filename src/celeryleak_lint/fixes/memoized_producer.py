"""A memo decorator on the function that builds, where it stands."""

from __future__ import annotations

from celeryleak_lint.fixes.factories import memo_decorator
from celeryleak_lint.fixes.place import Place, Style
from celeryleak_lint.fixes.sheet import Refusal, Sheets
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import MemoizedProducer


def memoized_producer(
    remedy: MemoizedProducer, _place: Place, sheets: Sheets, style: Style
) -> Fix | Refusal:
    """Add the decorator; refused for memoizers that are no decorators."""
    if style.memoizer != "cache":
        return Refusal(f"memoizer `{style.memoizer}` wraps calls, it decorates no function")
    sheet = sheets(remedy.path)
    if isinstance(sheet, Refusal):
        return sheet
    top = sheet.top_level(remedy.line)
    if top is None or top.line != remedy.line or not sheet.line(top.line).startswith("def "):
        return Refusal(f"`{remedy.function}` is defined under a condition")
    memo = memo_decorator(sheet, line=remedy.line, is_bounded=remedy.is_bounded)
    if isinstance(memo, Refusal):
        return memo
    decorator, imports = memo
    above = Edit(remedy.path, remedy.line, 1, remedy.line, 1, f"{decorator}\n")
    title = f"memoize `{remedy.function}` with `{decorator[1:]}`"
    return Fix(remedy.ceiling, title, (*imports, above))
