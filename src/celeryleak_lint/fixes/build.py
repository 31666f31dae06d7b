"""From remedies to a fix: the first strategy that can write its edits, else the first one's reason."""

from __future__ import annotations

from collections.abc import Sequence

from celeryleak_lint.fixes.bounded_deque import bounded_deque
from celeryleak_lint.fixes.bounded_memo import bounded_memo
from celeryleak_lint.fixes.cached_factory import cached_factory
from celeryleak_lint.fixes.cached_property import cached_property
from celeryleak_lint.fixes.closing import closing
from celeryleak_lint.fixes.guard import guard
from celeryleak_lint.fixes.instance_memo import instance_memo
from celeryleak_lint.fixes.memo_bound import memo_bound
from celeryleak_lint.fixes.memoized_producer import memoized_producer
from celeryleak_lint.fixes.place import Place, Style
from celeryleak_lint.fixes.setting_value import setting_value
from celeryleak_lint.fixes.sheet import Refusal, Sheets
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.remedies import (
    BoundedDeque,
    BoundedMemo,
    CachedFactory,
    CachedProperty,
    Closing,
    Guard,
    InstanceMemo,
    MemoBound,
    MemoizedProducer,
    Remedy,
    SettingValue,
)


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
    if isinstance(remedy, CachedFactory):
        return cached_factory(remedy, place, sheets, style)
    if isinstance(remedy, MemoizedProducer):
        return memoized_producer(remedy, place, sheets, style)
    return _rewritten(remedy, place, sheets)


def _rewritten(
    remedy: CachedProperty
    | Guard
    | BoundedMemo
    | BoundedDeque
    | MemoBound
    | InstanceMemo
    | Closing
    | SettingValue,
    place: Place,
    sheets: Sheets,
) -> Fix | Refusal:
    """The strategies that need no style; a remedy without one does not pass the type check."""
    match remedy:
        case CachedProperty():
            return cached_property(remedy, place, sheets)
        case Guard():
            return guard(remedy, place, sheets)
        case BoundedMemo():
            return bounded_memo(remedy, place, sheets)
        case BoundedDeque():
            return bounded_deque(remedy, place, sheets)
        case MemoBound():
            return memo_bound(remedy, place, sheets)
        case InstanceMemo():
            return instance_memo(remedy, place, sheets)
        case Closing():
            return closing(remedy, place, sheets)
        case SettingValue():
            return setting_value(remedy, place, sheets)
