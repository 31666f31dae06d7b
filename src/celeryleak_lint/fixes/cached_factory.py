"""Placeholder until written."""

from celeryleak_lint.fixes.place import Place, Style
from celeryleak_lint.fixes.sheet import Refusal, Sheets
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.remedies import CachedFactory


def cached_factory(
    remedy: CachedFactory, place: Place, sheets: Sheets, style: Style
) -> Fix | Refusal:
    return Refusal("not yet")
