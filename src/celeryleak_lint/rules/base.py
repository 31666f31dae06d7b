"""What a rule is: a code, a slug, and a query on the linked project."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect

Check = Callable[[Project], Iterable[Suspect]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``slug`` reads naturally after "allow"; ``summary`` is one line for tables.

    ``since`` is the release that brought it. ``check`` yields suspects and decides nothing
    about suppression, selection or rendering.
    """

    code: str
    slug: str
    summary: str
    since: str
    check: Check
