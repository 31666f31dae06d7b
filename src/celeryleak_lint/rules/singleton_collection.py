"""CLK203 singleton-collection-grows: a collection on an instance that lives as long as the process only grows."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.growing import suspect, unbounded


def check(project: Project) -> Iterator[Suspect]:
    """Collections on instances, or in closures, that live as long as the process."""
    for found in unbounded(project):
        if found.holding.kind in ("instance", "closure"):
            yield suspect(project, "CLK203", found)


RULE = Rule(
    "CLK203",
    "singleton-collection-grows",
    "a collection on an instance that lives as long as the process only grows",
    "0.1",
    check,
)
