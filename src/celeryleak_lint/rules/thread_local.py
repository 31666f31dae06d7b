"""CLK208 thread-local-grows: thread-local, context or function state is filled per task and never cleared."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.growing import suspect, unbounded


def check(project: Project) -> Iterator[Suspect]:
    """Attributes of thread-locals and of functions that only grow: worker threads live long."""
    for found in unbounded(project):
        if found.holding.kind in ("thread", "function"):
            yield suspect(project, "CLK208", found)


RULE = Rule(
    "CLK208",
    "thread-local-grows",
    "thread-local, context or function state is filled per task and never cleared",
    "0.1",
    check,
)
