"""How sure an open handle is: the reasoning that the handle rules share."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import CONFIDENCES, Confidence
from celeryleak_lint.rules.judgement import silence

_MOVED = frozenset({"returned", "yielded", "captured"})


def open_builds(project: Project, kinds: tuple[str, ...]) -> Iterator[Build]:
    """Builds of these kinds that stay in their function, in the order they were found."""
    for build in project.production.builds:
        if build.resource.kind in kinds and not build.function.is_class_body:
            if not build.fate.ends & _MOVED and not silence(project, build):
                yield build


def openness(project: Project, build: Build) -> tuple[Confidence, bool] | None:
    """How surely a build is left open, and whether some path closes it; ``None`` when every path does."""
    ends = build.fate.ends
    if "with" in ends or "finally" in ends:
        return None
    closed_somewhere = "closed" in ends
    confidence: Confidence = "possible" if closed_somewhere else _by_place(project, build)
    limits = [confidence, build.resource.ceiling]
    if build.exemption is not None:
        limits.append("possible")
    return max(limits, key=CONFIDENCES.index), closed_somewhere


def _by_place(project: Project, build: Build) -> Confidence:
    """Application code is likely; scripts, commands and start-up end with their process."""
    function = build.function
    if function.is_module_body:
        return "possible"
    heat = project.heat.heat(function)
    if heat.is_hot:
        return "likely"
    if heat.rank in ("once", "per-run") or project.heat.process(function) is not None:
        return "possible"
    if project.heat.tool(function) is not None or project.heat.is_once_like(function):
        return "possible"
    return "likely"
