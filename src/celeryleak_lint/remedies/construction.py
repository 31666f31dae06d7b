"""Remedies for what is built per call: a cached factory, or a memo on the producer."""

from __future__ import annotations

import msgspec

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.producers import Build, Producer
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.facts import ASYNC, GENERATOR, ParameterFact
from celeryleak_lint.model.remedies import CachedFactory, MemoizedProducer, Remedy
from celeryleak_lint.remedies.gates import (
    ceiling,
    changes,
    is_only_asked,
    is_shared_constant,
    refusal,
    type_of,
)

_VALUES = frozenset(
    {"@builtins.str", "@builtins.int", "@builtins.float", "@builtins.bool", "@builtins.bytes",
     "@uuid.UUID", "@pathlib.Path", "@decimal.Decimal", "@datetime.date"}
)  # fmt: skip


class Prescribed(msgspec.Struct, frozen=True):
    """Remedies in the order in which they are tried, or the reason why there is none."""

    remedies: tuple[Remedy, ...] = ()
    reason: str | None = None


def prescribe(project: Project, build: Build) -> Prescribed:
    """What would have this build run once."""
    reason = refusal(project, build)
    if reason:
        return Prescribed(reason=reason)
    if build.via is not None and build.via.cls is not None:
        name = build.via.shown
        return Prescribed(
            reason=f"needs a decision: where the one `{name}` lives, and who may share it"
        )
    noun = build.resource.kind
    factory = CachedFactory(build.name, noun, type_of(project, build), ceiling(project, build))
    producer = _memoizable(project, build)
    return Prescribed((factory,) if producer is None else (producer, factory))


def _memoizable(project: Project, build: Build) -> MemoizedProducer | None:
    """The memo on the producer itself, where all who call it may share what it returns."""
    producer = build.via
    if producer is None or build.function is producer.function:
        return None
    function = producer.function
    fact = function.fact
    if fact.decorators or fact.flags & (ASYNC | GENERATOR) or fact.cls or fact.parent:
        return None
    if function.module.is_test or not all(_is_value(p) for p in fact.params):
        return None
    sites = project.graph.callers(function)
    if any(edge.site is None for edge in sites) or not all(
        _may_share(project, edge.function, edge.site.index)
        for edge in sites
        if edge.site is not None
    ):
        return None
    return MemoizedProducer(
        path=function.module.path,
        function=fact.qualname,
        line=fact.line,
        is_bounded=not fact.params,
        ceiling=_trust(project, producer),
    )


def _trust(project: Project, producer: Producer) -> Applicability:
    """``safe`` for a private producer that only builds from constants, and whose callers only ask what it builds."""
    function, build = producer.function, producer.build
    fact = function.fact
    is_private = function.name.startswith("_") and not function.name.startswith("__")
    if not is_private or project.graph.handed(function) or build.via is not None or fact.params:
        return "unsafe"
    if len(fact.calls) != 1 or fact.stores or fact.exits or fact.returns != ("#0",):
        return "unsafe"
    asked = (
        project.production.build_at(edge.function, edge.site.index)
        for edge in project.graph.callers(function)
        if edge.site is not None
    )
    if not all(found is not None and is_only_asked(found) for found in asked):
        return "unsafe"
    return "safe" if is_shared_constant(project, build) else "unsafe"


def _is_value(parameter: ParameterFact) -> bool:
    """A parameter whose annotation shows a type that is equal by value."""
    return parameter.kind in ("", "kw") and parameter.annotation in _VALUES


def _may_share(project: Project, function: Function, index: int) -> bool:
    build = project.production.build_at(function, index)
    if build is None:
        return False
    return not build.fate.is_closed and not changes(build) and not build.lazily
