"""CLK106 resource-overwritten: a repeated function stores a new resource over the last one."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.arguments import closes_name
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import EXCEPT
from celeryleak_lint.model.findings import CONFIDENCES, Confidence, Suspect
from celeryleak_lint.remedies.access import guard_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.doubts import lasting_doubt
from celeryleak_lint.rules.places import is_construction
from celeryleak_lint.rules.wording import shown_function, suspect

_FRESH_INSTANCE = frozenset(
    {"__init__", "__new__", "__post_init__", "__enter__", "__aenter__", "__setstate__"}
)
_SESSION_WORDS = frozenset({"connect", "reconnect", "open", "start", "begin", "launch", "enter", "acquire", "reset", "attach"})  # fmt: skip
_CLOSERS = frozenset(
    {"close", "aclose", "shutdown", "disconnect", "dispose", "stop", "quit", "terminate", "release"}
)


def check(project: Project) -> Iterator[Suspect]:
    """``self.x = R()`` and ``global X; X = R()`` in a repeated function, unguarded, nothing closed."""
    seen: set[int] = set()
    for build in project.production.builds:
        if id(build.function) in seen or not is_construction(build):
            continue
        place = _overwritten(project, build)
        confidence = _confidence(project, build, place) if place else None
        if confidence is None:
            continue
        seen.add(id(build.function))
        fact = (
            f"{shown_function(build.function)} stores a new `{build.name}` in "
            f"`{_shown(place)}` on each call, and the one before is not closed"
        )
        found = suspect("CLK106", build, confidence, project.heat.heat(build.function), fact)
        yield offer(found, guard_remedy(project, build, place, confidence))


def _overwritten(project: Project, build: Build) -> str:
    """The attribute or global that is overwritten, or nothing."""
    function, ends = build.function, build.fate.ends
    if function.module.is_test or function.runs_once or build.lazily:
        return ""
    if function.name in _FRESH_INSTANCE or ends & {"closed", "with", "foreign", "handed", "class"}:
        return ""
    if build.call.guards or project.caching.memo(function) is not None:
        return ""
    for target in build.fate.places:
        kept = f"!.{target}" if "self" in ends and target[:1] not in "@!" else target
        if kept[:1] not in "!@" or "[]" in kept or _is_of_request(project, kept):
            continue
        if not _is_closed_here(project, build, kept):
            return kept
    return ""


def _is_of_request(project: Project, kept: str) -> bool:
    """``flask.g.connection``: each request has one of its own, and nothing older is there."""
    owner = kept.rpartition(".")[0]
    row = project.catalog.memos.get(project.resolver.canonical(owner[1:]))
    return owner[:1] == "@" and row is not None and row.scope == "request"


def _is_closed_here(project: Project, build: Build, kept: str) -> bool:
    """True when the function closes what is kept, hands it to something, or has a method of its own close it."""
    function = build.function
    owner = project.graph.owner(function)
    own = [
        method
        for call in function.fact.calls
        if owner is not None and call.callee == f"!.{call.name}"
        if (method := project.resolver.method(owner, call.name)) is not None
    ]
    return any(any(value == kept for _, value in call.args) for call in function.fact.calls) or any(
        call.callee == f"{kept}.{closer}"
        for part in (function, *own)
        for call in part.fact.calls
        for closer in _CLOSERS
    )


def _is_closed_at_the_end(project: Project, build: Build, kept: str) -> bool:
    """True when the framework makes an instance for each call, and another of its methods closes what is kept."""
    owner = project.graph.owner(build.function)
    entry = project.heat.instance_entry(owner) if owner is not None else None
    if owner is None or entry is None or entry.instance != "per-call":
        return False
    return any(
        closes_name(method, name, _CLOSERS)
        for method in owner.methods.values()
        for name in (kept, *(f"%{local}" for local, held in method.locals.items() if kept in held))
    )


def _confidence(project: Project, build: Build, place: str) -> Confidence | None:
    function = build.function
    if project.heat.is_once_like(function) or project.production.is_only_from_init(function):
        return None
    heat = project.heat.heat(function)
    if heat.rank == "once" or _opens_a_session(function) or _is_built_per_call(project, function):
        return None
    if (
        not heat.is_hot
        or heat.is_rare
        or build.call.flags & EXCEPT
        or lasting_doubt(project, build)
        or _is_closed_at_the_end(project, build, place)
    ):
        return "possible"
    limit: Confidence = (
        "possible" if build.exemption or build.resource.effect == "cost" else "likely"
    )
    return max(limit, build.resource.ceiling, key=CONFIDENCES.index)


def _opens_a_session(function: Function) -> bool:
    """``connect`` and ``start`` begin a life that ``close`` or ``stop`` ends: once for each object."""
    return bool(_SESSION_WORDS.intersection(split_words(function.name)))


def _is_built_per_call(project: Project, function: Function) -> bool:
    """True when a new object is built for each call anyway: nothing older is overwritten."""
    owner = project.graph.owner(function)
    if owner is None:
        return False
    return any(project.heat.heat(edge.function).is_hot for edge in project.graph.builders(owner))


def _shown(place: str) -> str:
    return (
        "self." + place[2:] if place.startswith("!.") else values.split(place)[0].rpartition(".")[2]
    )


RULE = Rule(
    "CLK106",
    "resource-overwritten",
    "a repeated function stores a new resource over the last one, which is not closed",
    "0.1",
    check,
)
