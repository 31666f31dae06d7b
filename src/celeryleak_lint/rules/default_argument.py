"""CLK204 default-argument-grows: a mutable default argument is used as a store that every call shares."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.defaults import DefaultGrowth, default_growths
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Confidence, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.wording import call_spot_of, shortened, shown_function


def check(project: Project) -> Iterator[Suspect]:
    """Defaults that get entries under keys that vary; constant keys are another rule's bug."""
    seen: set[tuple[int, str]] = set()
    for growth in default_growths(project.index, project.holdings):
        mark = (id(growth.function), growth.name)
        if growth.function.module.is_test or mark in seen:
            continue
        verdict = project.keys.judge(growth.function, growth.key)
        if verdict.domain in ("constant", "type"):
            continue
        seen.add(mark)
        yield _suspect(project, growth, is_entity=verdict.domain == "entity")


def _suspect(project: Project, growth: DefaultGrowth, *, is_entity: bool) -> Suspect:
    function, name = growth.function, growth.name
    heat = project.heat.heat(function)
    confidence: Confidence = "possible"
    if is_entity:
        confidence = "certain" if heat.is_hot else "likely"
    spot = (
        call_spot_of(function, growth.index)
        if growth.index >= 0
        else Spot("statement", function.spot_function, growth.line, "")
    )
    step = SuspectStep(function.module.path, growth.line, growth.column, f"stores into `{name}`")
    return Suspect(
        "CLK204",
        function.module.path,
        spot,
        f"{shown_function(function)} stores into its default argument `{name}`, which all calls "
        "share; entries stay for as long as the process lives; default to `None` and keep the store "
        "where it can be bounded",
        confidence,
        name,
        "never-released",
        shortened((*heat.steps, step)),
        "where the store should live has to be chosen",
    )


RULE = Rule(
    "CLK204",
    "default-argument-grows",
    "a mutable default argument is used as a store that every call shares",
    "0.1",
    check,
)
