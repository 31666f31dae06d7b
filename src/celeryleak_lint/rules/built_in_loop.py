"""CLK103 resource-built-in-loop: a loop builds the same resource again and again from what does not change."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import EXCEPT, NESTED_LOOP
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.remedies.construction import prescribe
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.doubts import is_in_loop
from celeryleak_lint.rules.judgement import Verdict, judge
from celeryleak_lint.rules.places import is_accessor, is_construction, once_per_function
from celeryleak_lint.rules.wording import shown_function, suspect


def check(project: Project) -> Iterator[Suspect]:
    """Constructor and producer calls in a loop, with loop-invariant arguments, that nobody keeps."""
    builds = [
        b
        for b in project.production.builds
        if is_construction(b)
        and is_in_loop(b)
        and b.fate.is_local
        and not is_accessor(project, b.function)
    ]
    for build, verdict in once_per_function(builds, lambda b: judge(project, b)):
        confidence = _confidence(build, verdict)
        fact = (
            f"{shown_function(build.function)} builds a new `{build.name}` "
            "in each turn of a loop, from arguments that do not change"
        )
        yield suspect("CLK103", build, confidence, verdict.heat, fact, prescribe(project, build))


def _confidence(build: Build, verdict: Verdict) -> Confidence:
    """The loop is evidence of its own, but a loop that reconnects means to build anew."""
    assert verdict.confidence is not None
    if is_reconnecting(build):
        return "possible"
    return verdict.confidence


def is_reconnecting(build: Build) -> bool:
    """True in a handler, around an inner loop that uses the object until it breaks, or in a retry."""
    return bool(build.call.flags & (EXCEPT | NESTED_LOOP))


RULE = Rule(
    "CLK103",
    "resource-built-in-loop",
    "a loop builds the same resource again in each turn, from arguments that do not change",
    "0.1",
    check,
)
