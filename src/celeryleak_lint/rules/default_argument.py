"""CLK204 default-argument-grows: a mutable default argument is used as a store that every call shares."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.growth import default_growths
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Confidence, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.wording import call_spot_of, shown_function


def check(project: Project) -> Iterator[Suspect]:
    """Defaults that get entries under keys that vary; constant keys are another rule's bug."""
    seen: set[tuple[int, str]] = set()
    for function, name, line, column, key, index in default_growths(project.index):
        if function.module.is_test or (id(function), name) in seen:
            continue
        verdict = project.keys.judge(function, key)
        if verdict.domain in ("constant", "type"):
            continue
        seen.add((id(function), name))
        heat = project.heat.heat(function)
        confidence: Confidence = "likely" if verdict.domain == "entity" else "possible"
        if heat.is_hot and verdict.domain == "entity":
            confidence = "certain"
        spot = (
            call_spot_of(function, index)
            if index >= 0
            else Spot("statement", function.spot_function, line, "")
        )
        yield Suspect(
            "CLK204",
            function.module.path,
            spot,
            f"{shown_function(function)} stores into its default argument `{name}`, which all calls "
            "share; entries stay for as long as the process lives; default to `None` and keep the store "
            "where it can be bounded",
            confidence,
            name,
            "never-released",
            (*heat.steps, SuspectStep(function.module.path, line, column, f"stores into `{name}`"))[-8:],
            "where the store should live has to be chosen",
        )


RULE = Rule(
    "CLK204",
    "default-argument-grows",
    "a mutable default argument is used as a store that every call shares",
    "0.1",
    check,
)
