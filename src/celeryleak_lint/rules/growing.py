"""How sure an unbounded collection is: the reasoning that the three collection rules share."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.growth import Growth
from celeryleak_lint.link.holdings import Holding, is_bounding_name
from celeryleak_lint.link.keys import KeyVerdict, comes_with_traffic
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import DECORATES
from celeryleak_lint.model.findings import CONFIDENCES, Confidence, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.remedies.growth import growth_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.entities import (
    has_default,
    is_bare_id,
    is_for_few,
    is_of_type,
    is_own_attribute,
    is_table,
)
from celeryleak_lint.rules.firsts import is_first_time, says_once
from celeryleak_lint.rules.given import (
    DESCRIPTOR_METHODS,
    is_given_constants,
    is_taken_over,
    verdict_of,
)
from celeryleak_lint.rules.purposes import (
    is_about_accounts,
    is_by_code,
    is_for_keeping,
    is_once_guard,
    is_over_with_command,
    is_registry,
    is_set_up,
)
from celeryleak_lint.rules.rebuilding import is_for_users
from celeryleak_lint.rules.wording import call_spot_of, shortened, shown_function

#: Words of functions that take over what is configured, and of what they take it from.
_TAKING = frozenset({"load", "reload", "read", "parse", "apply", "from"})
_CONFIGURED = frozenset({"config", "configuration", "conf", "settings"})

#: Modules from which on a project calls what it is made of.
_SOME_SIZE = 10


class Unbounded(msgspec.Struct, frozen=True):
    """A holding that grows with a confidence, by its most telling growth."""

    holding: Holding
    growth: Growth
    verdict: KeyVerdict
    confidence: Confidence


def unbounded(project: Project) -> tuple[Unbounded, ...]:
    """Every holding that grows in normal operation and that nothing shrinks, once each."""
    return project.once(_find_unbounded)


def _find_unbounded(project: Project) -> tuple[Unbounded, ...]:
    return tuple(_each_unbounded(project))


def _each_unbounded(project: Project) -> Iterator[Unbounded]:
    for growths in project.growth.growths.values():
        holding = growths[0].holding
        if project.growth.shrink(holding) is not None or is_once_guard(holding):
            continue
        found = [u for growth in growths if (u := _judged(project, growth)) is not None]
        if found:
            yield min(found, key=lambda u: (CONFIDENCES.index(u.confidence), u.growth.line))


def _judged(project: Project, growth: Growth) -> Unbounded | None:
    function, holding = growth.function, growth.holding
    if function.module.is_test or _stored_is_bounded(growth) or _is_import_time(project, growth):
        return None
    if function.name in ("__init__", "__new__") and holding.kind == "instance":
        return None
    key = growth.key or (_scanned(growth) if growth.guards else "")
    if not key:
        return _keyless(project, growth)
    verdict = verdict_of(project, growth, key)
    if verdict.domain in ("constant", "type") or is_given_constants(project, growth.keyed_in, key):
        return None
    if verdict.domain != "entity" and _keeps_resources(project, growth):
        return None
    confidence = _entity_confidence(project, function, verdict)
    if _has_few_keys(project, growth, key, verdict):
        confidence = "possible"
    if holding.lifetime == "unknown" and not _outlives_calls(project, growth, verdict):
        confidence = "possible"
    return Unbounded(holding, growth, verdict, _limited(project, growth, verdict, confidence))


def _has_few_keys(project: Project, growth: Growth, key: str, verdict: KeyVerdict) -> bool:
    """True where a key that names an entity takes few values, or is that of a record."""
    return (
        is_table(project, growth.holding)
        or is_own_attribute(project, growth.keyed_in, key)
        or has_default(growth.keyed_in, key)
        or is_of_type(key)
        or is_for_few(project, growth.function, verdict.word)
        or is_about_accounts(growth, verdict.word)
    )


def _outlives_calls(project: Project, growth: Growth, verdict: KeyVerdict) -> bool:
    """True for an instance that nobody here builds and that serves one call after the other.

    Whoever installs the project builds it and hands it in to code that a hot root runs. Who takes
    entries out may not be known to hold it, so whatever shrinks an attribute of that name counts.
    """
    cls = growth.holding.cls
    if cls is None or verdict.is_identity or project.graph.is_built(cls):
        return False
    if project.growth.is_shrunk_by_name(growth.holding.name):
        return False
    heat = project.heat.heat(growth.function)
    return heat.is_hot and heat.is_sure


def _entity_confidence(project: Project, function: Function, verdict: KeyVerdict) -> Confidence:
    """Users and requests come with traffic; that other ids do has to be shown by what calls."""
    if verdict.domain != "entity":
        return "possible"
    heat = project.heat.heat(function)
    has_traffic = (
        verdict.is_identity
        or function.name in DESCRIPTOR_METHODS
        or project.catalog.is_per_call(verdict.word)
        or comes_with_traffic(project.catalog, verdict.word)
    )
    if heat.is_hot and (has_traffic or is_bare_id(verdict.word)):
        return "certain" if heat.is_sure else "likely"
    if not has_traffic:
        return "possible"
    is_often = not verdict.is_identity and not heat.is_rare
    return "likely" if is_often or is_for_users(project, function) else "possible"


def _keeps_resources(project: Project, growth: Growth) -> bool:
    """``if host not in CLIENTS: CLIENTS[host] = Client(host)``: the remedy for building one per call."""
    function, stored = growth.function, growth.stored
    assigned = function.locals.get(stored[1:], ()) if stored[:1] == "%" else (stored,)
    return bool(growth.guards) and any(
        value[:1] == "#"
        and value[1:].isdigit()
        and project.production.build_at(function, int(value[1:])) is not None
        for value in assigned
    )


def _scanned(growth: Growth) -> str:
    """``if x not in ITEMS: ITEMS.append(x)``: what is appended is its own key."""
    call = growth.function.fact.calls[growth.index] if growth.index >= 0 else None
    if call is None or not call.args:
        return ""
    base = call.callee.rpartition(".")[0]
    return call.args[0][1] if any(g.startswith(base) for g in growth.guards) else ""


def _keyless(project: Project, growth: Growth) -> Unbounded:
    """An append has no key to judge: how often it runs decides.

    ``update`` of a dict or set may add the same entries each time, and who first looks for an entry
    and gives it back appends what is missing.
    """
    is_list = not growth.holding.is_mapping and not _is_update(growth) and not _is_searched(growth)
    heat = project.heat.heat(growth.function)
    confidence: Confidence = (
        "likely" if is_list and heat.is_hot and not heat.is_rare else "possible"
    )
    if growth.holding.lifetime == "unknown" or is_set_up(growth.holding):
        confidence = "possible"
    verdict = KeyVerdict("unknown")
    return Unbounded(
        growth.holding, growth, verdict, _limited(project, growth, verdict, confidence)
    )


def _is_update(growth: Growth) -> bool:
    call = growth.function.fact.calls[growth.index] if growth.index >= 0 else None
    return call is not None and call.callee.endswith(".update")


def _is_searched(growth: Growth) -> bool:
    """``for x in ITEMS: if fits(x): return x`` before the append."""
    fact = growth.function.fact
    base = fact.calls[growth.index].callee.rpartition(".")[0] if growth.index >= 0 else ""
    return any(
        base + "[]" in assigned and f"%{name}" in fact.returns for name, assigned in fact.locals
    )


def _limited(
    project: Project, growth: Growth, verdict: KeyVerdict, confidence: Confidence
) -> Confidence:
    """No surer than lifetime, process and start-up names allow."""
    function = growth.function
    heat = project.heat.heat(function)
    if heat.rank in ("once", "per-run") or is_registry(growth):
        return "possible"
    if (
        is_for_keeping(growth)
        or is_by_code(growth.holding)
        or is_first_time(growth)
        or says_once(growth)
        or is_taken_over(project, growth)
    ):
        return "possible"
    if not heat.is_hot and _is_called_by_nobody(project, function):
        return "possible"
    if _reads_configuration(function):
        return "possible"
    if _is_emptied_on_request(project, growth) or project.growth.is_shrunk_from_afar(
        growth.holding
    ):
        return "possible"
    if project.heat.is_once_like(function) or project.heat.tool(function) is not None:
        return "possible"
    if project.heat.process(function) is not None or (
        not heat.is_hot and is_over_with_command(project, growth, verdict.word)
    ):
        return "possible"
    return confidence


def _reads_configuration(function: Function) -> bool:
    """True for ``reload_topics_from_config``: there are as many entries as somebody has written."""
    words = set(split_words(function.name))
    return not _TAKING.isdisjoint(words) and not _CONFIGURED.isdisjoint(words)


def _is_called_by_nobody(project: Project, function: Function) -> bool:
    """True in a project of some size for what nobody there calls or hands on: it is not known to run."""
    if len(project.index.modules) < _SOME_SIZE or function.fact.parent or function.fact.decorators:
        return False
    if project.graph.callers(function) or project.graph.handed(function):
        return False
    return not project.graph.is_called_by_name(function)


def _is_emptied_on_request(project: Project, growth: Growth) -> bool:
    """True when a route or task of the project empties it: who uses the service decides when."""
    emptier = project.growth.teardown(growth.holding)
    return emptier is not None and project.heat.heat(emptier).is_hot


def _is_import_time(project: Project, growth: Growth) -> bool:
    """True for registries: filled by decorators, class hooks, registration names or module-level calls."""
    function = growth.function
    if function.name in ("__init_subclass__", "__set_name__", "__prepare__", "__class_getitem__"):
        return True
    if is_registry(growth) and not _is_filled_later(project, function):
        return True
    owner = project.graph.owner(function)
    if owner is not None and any(
        a.endswith("builtins.type") for a in project.resolver.ancestors(owner)
    ):
        return True
    if _decorates(growth) or _is_inside_decoration(project, function):
        return True
    edges = [e for e in project.graph.callers(function) if not e.function.module.is_test]
    return bool(edges) and all(e.function.runs_once for e in edges)


def _is_filled_later(project: Project, function: Function) -> bool:
    """True when instances that functions build are registered: one entry for each of them."""
    owner = project.graph.owner(function)
    return owner is not None and any(
        edge.function.name == "__init__"
        and project.lifetimes.lifetime_of(edge.function) != "process"
        for edge in project.graph.callers(function)
    )


def _is_inside_decoration(project: Project, function: Function) -> bool:
    """The inside of what is called above definitions alone: ``@available(name="release")``."""
    outer = project.index.enclosing(function)
    edges = project.graph.callers(outer) if outer is not None else ()
    sites = [edge.site for edge in edges if not edge.function.module.is_test]
    return bool(sites) and all(site and site.call.flags & DECORATES for site in sites)


def _decorates(growth: Growth) -> bool:
    """A decorator, or the function inside it that gets what it decorates and gives it back."""
    function = growth.function
    names = [p.name for p in function.fact.params]
    if (
        function.fact.parent
        and names
        and [f"${name}" for name in names] == [*function.fact.returns]
    ):
        return True
    given = {f"${name}" for name in names} | {f">{name}" for name in names}
    return growth.index < 0 and growth.stored in given and growth.stored in function.fact.returns


# -- findings ------------------------------------------------------------------------------

_HELD = {
    "module": "the module-level {shape} `{name}`",
    "class": "the class-level {shape} `{cls}.{name}`, shared by all instances,",
    "thread": "the thread-local {shape} `{name}`, which lives as long as its worker thread,",
    "function": "the {shape} `{name}` kept on a function",
    "instance": "the {shape} `{name}` of a `{cls}` that lives as long as the process",
    "closure": "the {shape} `{name}` that the functions of a service share",
}
_HELD_UNKNOWN = "the {shape} `{name}` of `{cls}`"


def suspect(project: Project, code: str, found: Unbounded) -> Suspect:
    """A suspect at the growing line: what holds it, what grows it, why nothing shrinks it."""
    growth = found.growth
    heat = project.heat.heat(growth.function)
    step = SuspectStep(
        growth.function.module.path, growth.line, growth.column, f"adds to `{growth.holding.name}`"
    )
    suspect = Suspect(
        code=code,
        path=growth.function.module.path,
        spot=_spot(growth),
        message=f"{_fact(found)}; {_unshrunk(project, found)}; {_remedy(found)}",
        confidence=found.confidence,
        resource=growth.holding.id,
        effect="never-released",
        trace=shortened((*heat.steps, step)),
    )
    return offer(suspect, growth_remedy(project, growth, found.confidence))


def _spot(growth: Growth) -> Spot:
    if growth.index >= 0:
        return call_spot_of(growth.function, growth.index)
    return Spot("statement", growth.function.spot_function, growth.line, "")


def _fact(found: Unbounded) -> str:
    holding = found.holding
    pattern = _HELD_UNKNOWN if holding.lifetime == "unknown" else _HELD[holding.kind]
    cls = holding.cls.name if holding.cls is not None else ""
    held = pattern.format(shape=holding.shape, name=holding.name, cls=cls)
    return f"{shown_function(found.growth.function)} adds to {held} {_by_what(found)}"


def _by_what(found: Unbounded) -> str:
    if found.verdict.is_identity:
        return "keyed by `id()` of an object: when the object dies, its entry stays and its key may be reused"
    if found.verdict.domain == "entity":
        return f"keyed by `{found.verdict.word}`"
    if found.growth.key:
        return "under a key that is not bounded here"
    return "on each call"


def _unshrunk(project: Project, found: Unbounded) -> str:
    teardown = project.growth.teardown(found.holding)
    if teardown is not None:
        return f"only `{teardown.name}` removes entries, so it grows until then"
    return "nothing in the project removes entries, so it grows for as long as the process lives"


def _remedy(found: Unbounded) -> str:
    if found.holding.shape == "list":
        return "bound it (`collections.deque(maxlen=...)`) or keep it in the caller"
    if found.verdict.is_identity:
        return "key it weakly (`weakref.WeakKeyDictionary`) or keep the value on the object"
    return "evict entries where they end, or bound it (`functools.lru_cache(maxsize=...)`, a size check)"


def _stored_is_bounded(growth: Growth) -> bool:
    """True when what is stored bounds itself, such as a cache with a time to live."""
    function = growth.function
    held = [growth.stored]
    if growth.index >= 0:
        held = [value for _, value in function.fact.calls[growth.index].args]
    return any(
        _bounds_itself(function.fact.calls[int(root[1:])].callee)
        for value in held
        for root in values.roots(value)
        if root[:1] == "#" and root == values.split(root)[0]
    )


def _bounds_itself(callee: str) -> bool:
    return callee.startswith("@weakref.") or is_bounding_name(callee)
