"""CLK202 class-collection-grows: a class attribute shared by all instances gets entries and never loses one."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.growing import suspect, unbounded


def check(project: Project) -> Iterator[Suspect]:
    """Class attributes used as stores that only grow."""
    for found in unbounded(project):
        if found.holding.kind == "class":
            yield suspect(project, "CLK202", found)


RULE = Rule(
    "CLK202",
    "class-collection-grows",
    "a class attribute shared by all instances gets entries and never loses one",
    "0.1",
    check,
)
