"""What the key of a collection is, also where a parameter hides it: what callers give for it decides."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.arguments import parameter_name
from celeryleak_lint.link.callgraph import Edge
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.growth import Growth
from celeryleak_lint.link.keys import KeyVerdict
from celeryleak_lint.link.project import Project
from celeryleak_lint.link.walking import behind
from celeryleak_lint.model import values
from celeryleak_lint.rules.entities import is_own_attribute

#: Methods of descriptors that are told the object whose attribute it is.
DESCRIPTOR_METHODS = frozenset({"__get__", "__set__"})

#: How many functions may hand a key on before it is looked at no further.
_MAX_GIVERS = 3


def verdict_of(project: Project, growth: Growth, key: str) -> KeyVerdict:
    """What the key says, or what callers give for it when it is a parameter with a name that says nothing."""
    function = growth.keyed_in
    if function.name in DESCRIPTOR_METHODS and key == f"${function.fact.params[1].name}":
        return KeyVerdict("entity", key[1:])
    verdict = project.keys.judge(function, key)
    if verdict.domain not in ("unknown", "entity"):
        return verdict
    given = tuple(_given(project, function, key, 0))
    if verdict.domain == "entity":
        return given[0] if given and all(v.domain == "configuration" for v in given) else verdict
    return next((v for v in given if v.domain == "entity"), verdict)


def _given(project: Project, function: Function, key: str, depth: int) -> Iterator[KeyVerdict]:
    """What callers give for a key that is a parameter, directly or through others."""
    if key[:1] != "$" or not key[1:].isidentifier() or depth >= _MAX_GIVERS:
        return
    for edge in project.graph.callers(function):
        if edge.site is None or edge.through or edge.function.module.is_test:
            continue
        for label, value in edge.site.call.args:
            if parameter_name(function, label) == key[1:]:
                if is_own_attribute(project, edge.function, value):
                    yield KeyVerdict("configuration", value[2:])
                    continue
                verdict = project.keys.judge(edge.function, value)
                if verdict.domain == "entity" and not _is_named(project, value):
                    continue
                if verdict.domain != "unknown":
                    yield verdict
                else:
                    yield from _given(project, edge.function, value, depth + 1)


def _is_named(project: Project, value: str) -> bool:
    """True when a value is named after an entity itself, and not only computed with one."""
    name = value.rpartition(".")[2].lstrip("$%>!@")
    return values.is_simple(value) and project.catalog.entity_key(name) is not None


def is_given_constants(project: Project, function: Function, key: str, depth: int = 0) -> bool:
    """True when the key is a parameter for which every caller gives a constant, directly or through others."""
    if key[:1] != "$" or not key[1:].isidentifier() or depth > _MAX_GIVERS:
        return False
    edges = [e for e in project.graph.callers(function) if not e.function.module.is_test]
    return bool(edges) and all(
        _is_constant_for(project, edge, function, key[1:], depth) for edge in edges
    )


def _is_constant_for(
    project: Project, edge: Edge, function: Function, name: str, depth: int
) -> bool:
    given = edge.site.call.args if edge.site is not None and not edge.through else ()
    for label, value in given:
        if parameter_name(function, label) == name:
            return project.keys.judge(edge.function, value).domain == "constant" or (
                is_given_constants(project, edge.function, value, depth + 1)
            )
    return False


def is_taken_over(project: Project, growth: Growth) -> bool:
    """True when entries move in from a collection that the same function empties: what fills that one decides.

    ``for name in WAITING: TABLE[find(name).id] = name`` above ``WAITING.clear()``.
    """
    function = growth.keyed_in if growth.key else growth.function
    given = [growth.key or growth.stored]
    if growth.index >= 0 and not growth.key:
        given += [value for _, value in function.fact.calls[growth.index].args]
    for root in behind(function, given):
        emptied = (
            project.growth.empties(function, root.partition("[]")[0]) if "[]" in root else None
        )
        if emptied is not None and emptied.id != growth.holding.id:
            return True
    return False
