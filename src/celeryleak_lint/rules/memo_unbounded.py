"""CLK205 memo-unbounded: a memo keeps an entry for each request, user, client or application it has seen."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.schema import Memo
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.keys import comes_with_traffic
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import ASYNC, DecoratorFact
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.model.source import Spot
from celeryleak_lint.remedies.memos import bound_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.memos import (
    SAME_ELSEWHERE,
    comes_and_goes,
    entity_parameter,
    identity_parameter,
    is_cleared,
    is_keyed_by_self,
    size_of,
)

_SAYING = frozenset({"warn", "warning", "warnings", "log", "logging", "print", "announce"})

#: Modules that look up what the machine has few of.
_SYSTEM = ("@pwd.", "@grp.", "@spwd.")


def check(project: Project) -> Iterator[Suspect]:
    """``cache`` and ``lru_cache`` keyed by objects that compare by identity, or unbounded by an entity."""
    for function, _, decorator in functools_memos(project):
        size = size_of(project, decorator)
        if isinstance(size, int) or size == "explicit":
            continue
        found = identity_parameter(project, function)
        if found is not None:
            fact = _identity_fact(function, found[0], found[1].rpartition(".")[2])
            sure: Confidence = "likely" if comes_and_goes(project, found[1]) else "possible"
            suspect = _suspect(project, function, decorator, fact, sure)
            yield offer(suspect, "an object as key never hits: which plain values name it?")
            continue
        if size is not None or _ends_with_instance(project, function):
            continue
        entity = entity_parameter(project, function)
        if entity is not None:
            fact = f"`{function.name}` keeps its result for each `{entity}` it is ever called with"
            confidence = _entity_confidence(project, function, entity)
            suspect = _suspect(project, function, decorator, fact, confidence)
            yield offer(suspect, bound_remedy(function, decorator))


def _entity_confidence(project: Project, function: Function, entity: str) -> Confidence:
    """Likely for users and requests, and for sessions and the like where a hot root asks.

    The id of something else may be one of few: of devices, variants and agents there are as
    many as the machine, the code or the configuration has.
    """
    if _says_something(function) or _asks_the_system(function):
        return "possible"
    if project.catalog.is_per_call(entity):
        return "likely"
    is_hot = comes_with_traffic(project.catalog, entity) and project.heat.heat(function).is_hot
    return "likely" if is_hot else "possible"


def _says_something(function: Function) -> bool:
    """True for a function that warns or logs, for which the memo is there to say it once."""
    return function.name.endswith("_once") or not _SAYING.isdisjoint(split_words(function.name))


def _asks_the_system(function: Function) -> bool:
    """True for a memo over accounts and groups of the machine: it has few, whoever is looked up."""
    return any(call.callee.startswith(_SYSTEM) for call in function.fact.calls)


def functools_memos(project: Project) -> Iterator[tuple[Function, Memo, DecoratorFact]]:
    """Functions of the project under ``functools.cache`` or ``lru_cache``, whatever they are called there."""
    for function in project.index.everything:
        if not function.fact.decorators or function.module.is_test or function.fact.flags & ASYNC:
            continue
        found = project.caching.memo_row(function)
        if found is None or any(label == "key" for label, _ in found[1].args):
            continue  # a key of one's own holds what its author chose
        if function.fact.parent and not function.fact.cls.startswith(function.fact.parent):
            continue  # a nested function is a new one with a memo of its own each time
        if found[0].pins_instance and not is_cleared(project, function):
            yield function, *found


def _ends_with_instance(project: Project, function: Function) -> bool:
    """On a method, what is too much are the instances: CLK206 says so, once."""
    owner = project.graph.owner(function)
    if owner is None or not is_keyed_by_self(project, function):
        return False
    return project.lifetimes.lifetime(owner) != "process"


def _identity_fact(function: Function, name: str, cls: str) -> str:
    return (
        f"the memo on `{function.name}` is keyed by the `{cls}` passed as `{name}`, which compares by "
        "identity: a new object never hits"
    )


def _suspect(
    project: Project,
    function: Function,
    decorator: DecoratorFact,
    fact: str,
    confidence: Confidence,
) -> Suspect:
    heat = project.heat.mark(function)
    once = project.heat.is_once_like(function) or (heat is not None and heat.rank == "once")
    once |= project.processes.are_short and not project.graph.callers(function)
    return Suspect(
        "CLK205",
        function.module.path,
        Spot("decorator", function.spot_function, decorator.line, decorator.name),
        f"{fact}; the memo holds every key and result for as long as the process lives; "
        "give it a size (`lru_cache(maxsize=...)`) or key it by a few plain values",
        "possible" if once or project.heat.tool(function) is not None else confidence,
        function.fact.qualname,
        "never-released",
        excuses=_excuses(project, function, decorator),
    )


def _excuses(
    project: Project, function: Function, decorator: DecoratorFact
) -> tuple[tuple[int, str], ...]:
    if not is_keyed_by_self(project, function):
        return ()
    return tuple((line, SAME_ELSEWHERE) for line in (decorator.line, function.fact.line))


RULE = Rule(
    "CLK205",
    "memo-unbounded",
    "a memo keeps an entry for each request, user, client or application it has seen",
    "0.1",
    check,
)
