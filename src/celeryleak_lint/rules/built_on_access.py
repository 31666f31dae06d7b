"""CLK104 resource-built-on-access: reading an attribute builds a new resource each time."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.remedies.access import cached_property_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.judgement import UNKNOWN_FREQUENCY, capped, reads_of, silence, weigh
from celeryleak_lint.rules.places import is_accessor, is_construction
from celeryleak_lint.rules.rebuilding import SEVERAL
from celeryleak_lint.rules.wording import shown_function, suspect

#: From so many places on, a property is read again and again, whatever the names around it say.
_REPEATED = 2


def check(project: Project) -> Iterator[Suspect]:
    """Properties, ``__getattr__`` and descriptors that hand out a fresh resource."""
    seen: set[int] = set()
    for build in project.production.builds:
        function = build.function
        if id(function) in seen or not is_construction(build) or not is_accessor(project, function):
            continue
        confidence = _confidence(project, build)
        if confidence is None:
            continue
        seen.add(id(function))
        heat = project.heat.heat(function)
        fact = f"reading {shown_function(function)} builds a new `{build.name}` each time"
        found = suspect("CLK104", build, confidence, heat, fact)
        yield offer(found, cached_property_remedy(project, build))


def _confidence(project: Project, build: Build) -> Confidence | None:
    if silence(project, build):
        return None
    heat = project.heat.heat(build.function)
    confidence, reason = weigh(project, build, heat)
    reads = reads_of(project, build.function)
    is_habit = not reads and _is_habit(project, build)
    if reason == UNKNOWN_FREQUENCY and (reads >= _REPEATED or is_habit):
        return capped("likely", build)
    return confidence if heat.is_hot or reads or is_habit else "possible"


def _is_habit(project: Project, build: Build) -> bool:
    """True when several properties hand out such fresh ones: ``Client.messages``, ``Client.endpoints``.

    They are what the users of the class read, as often as they call it.
    """
    if build.via is None or build.resource.effect == "cost":
        return False
    alike = {b.function.id: b.function for b in project.production.through(build.via)}
    return sum(is_accessor(project, function) for function in alike.values()) >= SEVERAL


RULE = Rule(
    "CLK104",
    "resource-built-on-access",
    "a property or descriptor builds a new resource each time it is read",
    "0.1",
    check,
)
