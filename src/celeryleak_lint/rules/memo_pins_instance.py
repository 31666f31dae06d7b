"""CLK206 memo-pins-instance: ``functools.cache`` or ``lru_cache`` on a method keeps every instance alive."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.callgraph import Edge
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import DecoratorFact
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.model.source import Spot
from celeryleak_lint.remedies.memos import instance_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.memo_unbounded import functools_memos
from celeryleak_lint.rules.memos import IMPLICIT_SIZE, SAME_ELSEWHERE, is_keyed_by_self, size_of
from celeryleak_lint.rules.rebuilding import PLAIN_BASES, declares, may_run_again


def check(project: Project) -> Iterator[Suspect]:
    """Methods whose memo has ``self`` in its key, on classes with more than one instance."""
    for function, _, decorator in functools_memos(project):
        owner = project.graph.owner(function)
        if owner is None or not is_keyed_by_self(project, function):
            continue
        confidence = _confidence(project, function, owner, decorator)
        if confidence is not None:
            suspect = _suspect(project, function, owner, decorator, confidence)
            yield offer(suspect, instance_remedy(project, function, owner, decorator))


def _confidence(
    project: Project, function: Function, owner: Class, decorator: DecoratorFact
) -> Confidence | None:
    size = size_of(project, decorator)
    if size == "explicit" or (isinstance(size, int) and size <= IMPLICIT_SIZE):
        return None
    if project.lifetimes.lifetime(owner) == "process" or _is_value(project, function, owner):
        return None
    if isinstance(size, int) or (size == "implicit" and _compares_by_value(project, owner)):
        return "possible"
    if project.heat.tool(function) is not None or project.heat.process(function) is not None:
        return "possible"
    if not _has_many_instances(project, owner):
        return "possible"
    if project.processes.are_short and not _takes_arguments(function):
        return "possible"
    if _is_built_hot(project, owner):
        return "certain"
    return "possible" if size == "implicit" and _is_kept_by_one(project, owner) else "likely"


def _is_value(project: Project, function: Function, owner: Class) -> bool:
    """Enums have a fixed number of instances, and metaclasses one for each class."""
    if [p.name for p in function.fact.params[:1]] in (["cls"], ["mcs"]):
        return True
    return any(a.startswith("enum.") for a in project.resolver.ancestors(owner))


def _takes_arguments(function: Function) -> bool:
    """Without any, the memo has one entry for each instance, and a command builds few."""
    return len(function.fact.params) > 1


def _compares_by_value(project: Project, owner: Class) -> bool:
    """Equal instances share an entry, so a bounded memo hits and pins a few of them."""
    return project.resolver.method(owner, "__eq__") is not None


def _has_many_instances(project: Project, owner: Class) -> bool:
    """False when all who build the class run once; where the project hands it to others, nobody knows."""
    lifetime = project.lifetimes.lifetime(owner)
    edges = [
        edge
        for cls in (owner, *project.graph.subclasses(owner))
        for edge in project.graph.builders(cls)
        if not edge.function.module.is_test
    ]
    builders = [edge.function for edge in edges]
    if not builders:
        return lifetime == "call" or not (
            project.processes.are_short
            or _is_handed(project, owner)
            or _is_plugged_in(project, owner)
        )
    if any(declares(project, builder) for builder in builders):
        return False
    return lifetime == "call" and any(
        may_run_again(project, edge.function)
        and not _is_part(project, edge.function)
        and not _is_listed(edge)
        for edge in edges
    )


def _is_listed(edge: Edge) -> bool:
    """True for ``return [Requirement("httpx"), ...]``: a list that is written in the code."""
    return edge.site is not None and "el>ret" in edge.site.call.sinks


def _is_kept_by_one(project: Project, owner: Class) -> bool:
    """True when a single place builds the class and keeps it on an object: there are few, and a size bounds the memo."""
    edges = [
        edge
        for cls in (owner, *project.graph.subclasses(owner))
        for edge in project.graph.builders(cls)
        if not edge.function.module.is_test
    ]
    places = {
        (edge.function.id, sink) for edge in edges if edge.site for sink in edge.site.call.sinks
    }
    return len({function for function, _ in places}) == 1 and all(
        sink.startswith(("attr !.", "el>attr !.")) for _, sink in places
    )


def _is_part(project: Project, builder: Function) -> bool:
    """True for the constructor of a class of which nobody knows how many there are: one part for each."""
    if builder.name != "__init__":
        return False
    whole = project.graph.owner(builder)
    return whole is not None and not any(
        may_run_again(project, edge.function) for edge in project.graph.builders(whole)
    )


def _is_plugged_in(project: Project, owner: Class) -> bool:
    """True for a class that extends another package's: that builds it, by name or as its settings say."""
    return any(
        ancestor not in project.index.classes and not ancestor.startswith(PLAIN_BASES)
        for ancestor in project.resolver.ancestors(owner)
    )


def _is_handed(project: Project, owner: Class) -> bool:
    """True when the class itself is an argument somewhere: others build it, nobody knows how often."""
    return any(
        value[:1] == "@"
        and value.endswith(owner.name)
        and project.resolver.canonical(value[1:]) == owner.id
        for function in project.index.mentioning(owner.name)
        if not function.module.is_test
        for call in function.fact.calls
        for _, value in call.args
    )


def _is_built_hot(project: Project, owner: Class) -> bool:
    return any(project.heat.heat(edge.function).is_hot for edge in project.graph.builders(owner))


def _suspect(
    project: Project,
    function: Function,
    owner: Class,
    decorator: DecoratorFact,
    confidence: Confidence,
) -> Suspect:
    on_access = " under `@property`" if project.resolver.is_property(function) else ""
    return Suspect(
        "CLK206",
        function.module.path,
        Spot("decorator", function.spot_function, decorator.line, decorator.name),
        f"`{decorator.name}` on the method `{function.name}`{on_access} has `self` in its key and keeps each "
        f"`{owner.name}` alive, with all it holds; use `functools.cached_property`, or a memo made for each "
        "instance in `__init__`",
        confidence,
        f"{owner.name}.{function.name}",
        "never-released",
        excuses=tuple((line, SAME_ELSEWHERE) for line in (decorator.line, function.fact.line)),
    )


RULE = Rule(
    "CLK206",
    "memo-pins-instance",
    "a functools memo on a method keeps every instance alive",
    "0.1",
    check,
)
