"""What a rule is: a code, a slug, and a query on the linked project."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect

Check = Callable[[Project], Iterable[Suspect]]


class Rule(msgspec.Struct, frozen=True):
    """One rule. ``slug`` reads naturally after "allow"; ``summary`` is one line for tables.

    ``since`` is the release that brought it. ``check`` yields suspects and decides nothing
    about suppression, selection or rendering.
    """

    code: str
    slug: str
    summary: str
    since: str
    check: Check
