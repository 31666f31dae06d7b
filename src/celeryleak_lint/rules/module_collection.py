"""CLK201 module-collection-grows: a module-level collection gets an entry per user, request or message and never loses one."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.growing import suspect, unbounded


def check(project: Project) -> Iterator[Suspect]:
    """Module-level dicts, lists and sets that only grow."""
    for found in unbounded(project):
        if found.holding.kind == "module":
            yield suspect(project, "CLK201", found)


RULE = Rule(
    "CLK201",
    "module-collection-grows",
    "a module-level collection gets an entry per user, request or message and never loses one",
    "0.1",
    check,
)
