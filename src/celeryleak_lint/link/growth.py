"""What makes kept collections grow, and whether anything can make them shrink.

One pass over all facts. A shrink counts wherever the collection is named: by call, ``del``,
rebinding, slice, size check or the mere mention of a shrinking method. A shrink that only
runs in tests or at teardown does not.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

import msgspec

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.arguments import parameter_name
from celeryleak_lint.link.bases import ANY, CONTEXT, GROWERS, SETTERS, SHRINKERS
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.elements import Function, Site
from celeryleak_lint.link.holdings import Holding, Holdings
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.lifetimes import is_teardown
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.link.walking import ends, told, walked, walks
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import DELETES, UNDER_KEY, CallFact, StoreFact

_SHRINKING_HELPERS = frozenset({"pop", "prune", "evict", "trim", "limit", "remove", "expire", "discard", "heappop", "clean", "cleanup", "purge", "shrink", "truncate"})  # fmt: skip

#: What is given to these is called back when something happens, again and again.
_CONNECTORS = frozenset({"connect", "receiver", "add_done_callback", "subscribe", "add_job", "call_later", "addCallback", "addBoth", "listen", "listens_for"})  # fmt: skip

#: First words of functions that begin anew, which entries that end do not need.
_STARTING_OVER = frozenset({"reset", "clear"})

#: How many functions with teardown names may call one another before normal code has to.
_MAX_TEARDOWNS = 3

Operation = Literal["item", "add", "keyless"]


class Growth(msgspec.Struct, frozen=True):
    """One place that makes a holding grow.

    ``key`` is the value that names the new entry, empty for keyless growth. ``index`` is
    the call of ``function`` that grows it, or -1 for an assignment of ``stored`` on ``line``.
    ``given_by`` is the caller whose value ``key`` is, when a helper is given collection and key.
    """

    holding: Holding
    function: Function
    line: int
    column: int
    operation: Operation
    key: str
    guards: tuple[str, ...]
    index: int = -1
    stored: str = ""
    given_by: Function | None = None

    @property
    def keyed_in(self) -> Function:
        """The function of which ``key`` is a value."""
        return self.given_by if self.given_by is not None else self.function


class GrowthFacts:
    """All growth and shrink evidence of a project."""

    def __init__(
        self, index: Index, resolver: Resolver, graph: CallGraph, holdings: Holdings
    ) -> None:
        self.index = index
        self.resolver = resolver
        self.graph = graph
        self.holdings = holdings
        self.growths: dict[str, list[Growth]] = defaultdict(list)
        self._shrinks: dict[str, list[Function]] = defaultdict(list)
        self._evictors: dict[str, list[Function]] = defaultdict(list)
        self._afar: dict[str, list[Site]] | None = None
        self._attribute_names = {
            name for held in index.survey.attributes.values() for name, _ in held
        } | {name for cls in index.all_classes for name, _, _ in cls.fact.attributes}
        for function, named in index.survey.bases:
            if any(self._may_be_kept(function, base) for base in named):
                self._read(function)

    def shrink(self, holding: Holding) -> Function | None:
        """A function that shrinks a holding in normal operation, if there is one."""
        evictors = (f for f in self._evictors.get(holding.id, ()) if self._may_run(f))
        found = next(evictors, None)
        shrinks = self._shrinks.get(holding.id, ())
        return found or next((f for f in shrinks if self._runs_normally(f)), None)

    def empties(self, function: Function, base: str) -> Holding | None:
        """The collection that a value of a function names, when the function itself takes entries out of it."""
        holding = self.holdings.of(function, base)
        if holding is None or function not in self._shrinks.get(holding.id, ()):
            return None
        return holding

    def is_shrunk_from_afar(self, holding: Holding) -> bool:
        """True when entries go from such an attribute at the end of a chain: ``state.jobs.choices.pop(key)``.

        What the chain leads to is not known, but whoever writes it holds the object.
        """
        return holding.kind == "instance" and any(
            self._runs_normally(site.function)
            and self.holdings.of(site.function, site.callee.rpartition(".")[0]) is None
            for site in self._shrinking_sites().get(holding.name, ())
        )

    def _shrinking_sites(self) -> dict[str, list[Site]]:
        """Calls outside of tests that take entries from an attribute at the end of a chain, by the attribute."""
        if self._afar is None:
            self._afar = defaultdict(list)
            for site in (site for tail in SHRINKERS for site in self.index.calls_of(tail)):
                if not site.function.module.is_test:
                    for attribute in ends(site):
                        self._afar[attribute].append(site)
        return self._afar

    def is_shrunk_by_name(self, name: str) -> bool:
        """True when something takes entries out of an attribute of that name, of whatever object it is."""
        return any(
            site.callee.endswith(f".{name}.{tail}") and not site.function.module.is_test
            for tail in SHRINKERS
            for site in self.index.calls_of(tail)
        )

    def teardown(self, holding: Holding) -> Function | None:
        """A function that shrinks a holding, but only when everything is taken down."""
        return next(iter(self._shrinks.get(holding.id, ())), None)

    def _runs_normally(self, function: Function, depth: int = 0) -> bool:
        """Teardown names count only when other code of the project calls them, through others of them or not.

        Given to something as a callback (``pre_save.connect(clear_cache)``), it runs when that says so,
        unless that is the end of the process.
        """
        if not is_teardown(function.name) or self._is_callback(function):
            return True
        return depth < _MAX_TEARDOWNS and any(
            not edge.function.module.is_test
            and not edge.function.is_module_body
            and self._runs_normally(edge.function, depth + 1)
            for edge in self.graph.callers(function)
        )

    def _may_run(self, function: Function) -> bool:
        """False for ``reset_session(key)`` that nobody in the project calls: it is there, and that is all."""
        is_spare = not _STARTING_OVER.isdisjoint(split_words(function.name.strip("_"))[:1])
        if not is_spare or function.fact.decorators or function.fact.parent:
            return True
        callers = (
            edge for edge in self.graph.callers(function) if not edge.function.module.is_test
        )
        return any(callers) or self.graph.is_called_by_name(function) or self._is_callback(function)

    def _is_callback(self, function: Function) -> bool:
        if any(decorator.name in _CONNECTORS for decorator in function.fact.decorators):
            return True
        return any(
            edge.site is not None
            and edge.site.call.name in _CONNECTORS
            and not edge.function.module.is_test
            for edge in self.graph.handed(function)
        )

    # -- reading ---------------------------------------------------------------------------

    def _may_be_kept(self, function: Function, base: str) -> bool:
        """Whether what a body names is a kept collection, as far as its name tells."""
        if base[:1] == ".":
            return base[1:] in self._attribute_names
        if base == ANY:
            return True
        if base.startswith(CONTEXT):
            return bool(self.holdings.context_value(base[1:]))
        return self.holdings.of(function, base) is not None

    def _read(self, function: Function) -> None:
        for store in function.fact.stores:
            self._store(function, store)
        for position, call in enumerate(function.fact.calls):
            tail = call.callee.rpartition(".")[2]
            if tail in GROWERS:
                self._grown_by_call(function, position, call, tail)
            elif tail in SHRINKERS:
                key = call.args[0][1] if call.args else ""
                self._shrunk(function, call.callee.rpartition(".")[0], key)
            elif tail in SETTERS:
                held = self.holdings.context_value(call.callee.rpartition(".")[0])
                if held and not self._is_lazy(function, held, call.guards):
                    self._shrunk(function, held)
            elif call.callee == "@builtins.len" and call.args and "use" in call.sinks:
                self._measured(function, call.args[0][1])
            if call.args:
                self._arguments(function, position, call)

    def _store(self, function: Function, store: StoreFact) -> None:
        if store.flags & DELETES:
            self._shrunk(function, store.target, store.key)
            return
        if "[]" in store.target:
            if store.key == "=:":
                self._shrunk(function, store.target)
            elif not function.runs_once:
                self._grown_by_item(function, store)
            return
        if store.augmented:
            if store.key == "=+":
                if not function.runs_once:
                    self._grow(function, store.target, store, "keyless", "")
            else:
                self._shrunk(function, store.target)
        elif self._rebinds(function, store):
            self._shrunk(function, store.target)

    def _rebinds(self, function: Function, store: StoreFact) -> bool:
        if function.runs_once:
            return False
        if store.target.startswith("!.") and store.target.count(".") == 1:
            return function.name not in (
                "__init__",
                "__new__",
                "__post_init__",
                "__attrs_post_init__",
            )
        return store.target[:1] in "@^!" and not self._is_lazy(function, store.target, store.guards)

    def _is_lazy(self, function: Function, target: str, guards: tuple[str, ...]) -> bool:
        """True when a guard says that what is bound is missing: the first binding, not a new one."""
        if any(guard.startswith(target) for guard in guards):
            return True
        bound = self.holdings.of(function, target) if guards else None
        tested = (self.holdings.of(function, guard) for guard in guards)
        return bound is not None and any(held == bound for held in tested)

    def _grown_by_item(self, function: Function, store: StoreFact) -> None:
        """An item of a list is replaced, an attribute of an item is none, and ``X[k] += 1`` needs ``X[k]``."""
        base, rest = _split_item(store.target)
        if rest.strip("[]"):
            return
        holding = self.holdings.of(function, base)
        if holding is not None and (
            holding.shape == "list" or (store.augmented and not holding.makes_missing)
        ):
            return
        key = store.key
        if walks(function, base, key):
            return
        if base[:1] == "#" and base == values.split(base)[0]:
            inner = function.fact.calls[int(base[1:])]
            if self.holdings.of(function, base) is None:
                if inner.callee.rpartition(".")[2] not in ("setdefault", "get") or not inner.args:
                    return
                base, key = inner.callee.rpartition(".")[0], inner.args[0][1]
        self._grow(function, base, store, "item", key, stored=store.value)

    def _grown_by_call(self, function: Function, position: int, call: CallFact, tail: str) -> None:
        if function.runs_once:
            return
        label = GROWERS[tail]
        key = next((value for name, value in call.args if name == label), "") if label else ""
        if tail == "update" and any(name == "**" for name, _ in call.args):
            return
        base = call.callee.rpartition(".")[0]
        operation: Operation = "add" if tail == "add" else "item" if label else "keyless"
        under = next((value for name, value in call.args if name == UNDER_KEY), "")
        if under and not key:
            operation, key = "item", under
        self._grow(function, base, call, operation, key, index=position)

    def _grow(
        self, function: Function, base: str, fact: StoreFact | CallFact, operation: Operation, key: str,
        *, index: int = -1, stored: str = "",
    ) -> None:  # fmt: skip
        holding = self.holdings.of(function, base)
        if holding is not None:
            growth = Growth(
                holding,
                function,
                fact.line,
                fact.column,
                operation,
                key,
                fact.guards,
                index,
                stored,
            )
            self.growths[holding.id].append(growth)

    def _shrunk(self, function: Function, base: str, key: str = "") -> None:
        """Whoever is told which entry goes evicts it, whatever the function is called."""
        holding = self.holdings.of(function, base)
        meant = [holding] if holding is not None else walked(self.holdings, function, base)
        for held in meant:
            self._shrinks[held.id].append(function)
            own = "!." if held.kind in ("module", "class") else "$"
            if any(root.startswith(("$", own)) for root in told(function, key)):
                self._evictors[held.id].append(function)

    def _measured(self, function: Function, value: str) -> None:
        """Who compares the size bounds it, here or by what it then calls."""
        holding = self.holdings.of(function, value) if values.is_simple(value) else None
        if holding is not None:
            self._shrinks[holding.id].append(function)

    def _arguments(self, function: Function, position: int, call: CallFact) -> None:
        """Mentions of a shrinking method, and collections handed to helpers."""
        for label, value in call.args:
            mark = value[:1]
            if mark == "=" or (mark in "#$%" and "." not in value):
                continue  # a literal or a bare local names nothing that outlives the call
            for root in values.roots(value):
                tail = root.rpartition(".")[2]
                if tail in SHRINKERS:
                    self._shrunk(function, root.rpartition(".")[0])
                elif root[:1] in "@!^>" and len(root) > 1:
                    self._handed(function, position, label, root)

    def _handed(self, function: Function, position: int, label: str, root: str) -> None:
        holding = self.holdings.of(function, root)
        if holding is None or "[]" in root:
            return
        call = function.fact.calls[position]
        known = False
        for meaning in self.resolver.callees(function, position):
            if meaning.function is not None:
                known = True
                self._through_parameter(
                    holding, meaning.function, label, Site(function, position, call.callee)
                )
        if not known and _SHRINKING_HELPERS.intersection(split_words(call.name)):
            self._shrinks[holding.id].append(function)

    def _through_parameter(
        self, holding: Holding, callee: Function, label: str, site: Site
    ) -> None:
        """What a helper does to the collection it is given."""
        name = parameter_name(callee, label)
        if name is None:
            return
        for store in callee.fact.stores:
            if store.target.startswith(f"${name}[]"):
                if store.flags & DELETES or store.key == "=:":
                    self._shrinks[holding.id].append(callee)
                else:
                    key, giver = _given_key(site, callee, store.key)
                    growth = Growth(
                        holding, callee, store.line, store.column, "item", key, store.guards, -1,
                        store.value, giver,
                    )  # fmt: skip
                    self.growths[holding.id].append(growth)
        for index, call in enumerate(callee.fact.calls):
            base, _, tail = call.callee.rpartition(".")
            if base != f"${name}":
                if call.callee == "@builtins.len" and call.args and call.args[0][1] == f"${name}":
                    self._shrinks[holding.id].append(callee)
                continue
            if tail in SHRINKERS:
                self._shrinks[holding.id].append(callee)
            elif tail in GROWERS:
                named = (
                    next((v for n, v in call.args if n == GROWERS[tail]), "")
                    if GROWERS[tail]
                    else ""
                )
                key, giver = _given_key(site, callee, named)
                operation: Operation = "item" if GROWERS[tail] else "keyless"
                growth = Growth(
                    holding, callee, call.line, call.column, operation, key, call.guards, index, "",
                    giver,
                )  # fmt: skip
                self.growths[holding.id].append(growth)


def _split_item(target: str) -> tuple[str, str]:
    """``X[]`` and what follows, for the target of an assignment to an item of ``X``."""
    position = target.index("[]")
    return target[:position], target[position:]


def _given_key(site: Site, callee: Function, key: str) -> tuple[str, Function | None]:
    """The key as the caller computes it, with the caller, when a helper gets it as a parameter."""
    for label, value in site.call.args if key[:1] == "$" else ():
        if parameter_name(callee, label) == key[1:]:
            return value, site.function
    return key, None
