"""Puts what was decided about a remedy on a suspect."""

from __future__ import annotations

from msgspec.structs import replace

from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.model.remedies import Remedy


def offer(suspect: Suspect, outcome: Remedy | str) -> Suspect:
    """The suspect with a remedy, or with the reason why there is none."""
    if isinstance(outcome, str):
        return replace(suspect, remedies=(), no_fix=outcome)
    return replace(suspect, remedies=(outcome,), no_fix=None)
