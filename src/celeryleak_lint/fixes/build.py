"""From remedies to a fix: the first strategy that can write its edits, else the first one's reason."""

from __future__ import annotations

from collections.abc import Sequence

from celeryleak_lint.fixes.cached_factory import cached_factory
from celeryleak_lint.fixes.closing import closing
from celeryleak_lint.fixes.memoized_producer import memoized_producer
from celeryleak_lint.fixes.place import Place, Style
from celeryleak_lint.fixes.sheet import Refusal, Sheets
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.remedies import CachedFactory, Closing, MemoizedProducer, Remedy


def fix_for(
    remedies: Sequence[Remedy], place: Place, sheets: Sheets, style: Style
) -> Fix | Refusal:
    """The fix that the first possible one of ``remedies`` makes; there is at least one."""
    refusals: list[Refusal] = []
    for remedy in remedies:
        outcome = _written(remedy, place, sheets, style)
        if isinstance(outcome, Fix):
            return outcome
        refusals.append(outcome)
    return refusals[0]


def _written(remedy: Remedy, place: Place, sheets: Sheets, style: Style) -> Fix | Refusal:
    match remedy:
        case MemoizedProducer():
            return memoized_producer(remedy, place, sheets, style)
        case CachedFactory():
            return cached_factory(remedy, place, sheets, style)
        case Closing():
            return closing(remedy, place, sheets)
        case _:
            return Refusal("needs a decision")
