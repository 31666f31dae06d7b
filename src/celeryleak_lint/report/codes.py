"""Every code there is, with what formats say about it; the rules come first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from celeryleak_lint.model.run_codes import RUN_CODES, RunCode
from celeryleak_lint.rules import RULES, Rule

Entry = Rule | RunCode

#: Everything that may be selected, in the order of its code.
ENTRIES: tuple[Entry, ...] = (*RULES, *RUN_CODES)

SLUGS: Mapping[str, str] = MappingProxyType({entry.code: entry.slug for entry in ENTRIES})
