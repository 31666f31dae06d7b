"""What makes kept collections grow, and whether anything can make them shrink.

One pass over all facts. A shrink counts wherever the collection is named: by call, ``del``,
rebinding, slice, size check or the mere mention of a shrinking method. A shrink that only
runs in tests or at teardown does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.flow import parameter_name
from celeryleak_lint.link.holdings import Holding, Holdings, is_bounding_name
from celeryleak_lint.link.index import Function, Index
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import DELETES, CallFact, StoreFact

_GROWERS = {
    "append": "", "appendleft": "", "insert": "", "extend": "", "extendleft": "", "add": "0",
    "setdefault": "0", "update": "", "__setitem__": "0",
}  # fmt: skip
_SHRINKERS = frozenset(
    {"pop", "popitem", "popleft", "clear", "remove", "discard", "difference_update", "intersection_update",
     "symmetric_difference_update", "__delitem__", "subtract"}
)  # fmt: skip
_SHRINKING_HELPERS = frozenset({"pop", "prune", "evict", "trim", "limit", "remove", "expire", "discard", "heappop", "clean", "cleanup", "purge", "shrink", "truncate"})  # fmt: skip
_TEARDOWN = frozenset(
    {"reset", "teardown", "shutdown", "destroy", "stop", "close", "uninstrument", "clear", "dispose", "finalize", "exit", "del"}
)  # fmt: skip

Operation = Literal["item", "add", "keyless"]


@dataclass(frozen=True, slots=True)
class Growth:
    """One place that makes a holding grow.

    ``key`` is the value that names the new entry, empty for keyless growth. ``index`` is
    the call of ``function`` that grows it, or -1 for an assignment of ``stored`` on ``line``.
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
        self._names: set[str] = set()
        for function in index.everything:
            if not function.module.is_test:
                self._read(function)

    def shrink(self, holding: Holding) -> Function | None:
        """A function that shrinks a holding in normal operation, if there is one."""
        return next((f for f in self._shrinks.get(holding.id, ()) if self._runs_normally(f)), None)

    def teardown(self, holding: Holding) -> Function | None:
        """A function that shrinks a holding, but only when everything is taken down."""
        return next(iter(self._shrinks.get(holding.id, ())), None)

    def _runs_normally(self, function: Function) -> bool:
        """Teardown names count only when other code of the project calls them."""
        if not _is_teardown(function.name):
            return True
        return any(
            not edge.function.module.is_test
            and not edge.function.is_module_body
            and not _is_teardown(edge.function.name)
            for edge in self.graph.callers(function)
        )

    # -- reading ---------------------------------------------------------------------------

    def _read(self, function: Function) -> None:
        for store in function.fact.stores:
            self._store(function, store)
        for position, call in enumerate(function.fact.calls):
            tail = call.callee.rpartition(".")[2]
            if tail in _GROWERS:
                self._grown_by_call(function, position, call, tail)
            elif tail in _SHRINKERS:
                self._shrunk(function, call.callee.rpartition(".")[0])
            elif call.callee == "@builtins.len" and call.args and "use" in call.sinks:
                self._measured(function, call.args[0][1])
            if call.args:
                self._arguments(function, position, call)

    def _store(self, function: Function, store: StoreFact) -> None:
        if store.flags & DELETES:
            self._shrunk(function, store.target)
            return
        if "[]" in store.target:
            if store.key == "=:":
                self._shrunk(function, store.target)
            elif not function.is_module_body and not function.is_class_body:
                self._grown_by_item(function, store)
            return
        if store.augmented:
            if store.key == "=+":
                self._grow(function, store.target, store.line, store.column, "keyless", "", store.guards)
            else:
                self._shrunk(function, store.target)
        elif self._rebinds(function, store):
            self._shrunk(function, store.target)

    @staticmethod
    def _rebinds(function: Function, store: StoreFact) -> bool:
        if function.is_module_body or function.is_class_body:
            return False
        if store.target.startswith("!."):
            return function.name not in ("__init__", "__new__", "__post_init__", "__attrs_post_init__")
        return store.target[:1] in "@^" and not any(g.startswith(store.target) for g in store.guards)

    def _grown_by_item(self, function: Function, store: StoreFact) -> None:
        base = store.target[: store.target.index("[]")]
        key = store.key
        if base[:1] == "#" and base == values.split(base)[0]:
            inner = function.fact.calls[int(base[1:])]
            if inner.callee.rpartition(".")[2] not in ("setdefault", "get") or not inner.args:
                return
            base, key = inner.callee.rpartition(".")[0], inner.args[0][1]
        self._grow(function, base, store.line, store.column, "item", key, store.guards, -1, store.value)

    def _grown_by_call(self, function: Function, position: int, call: CallFact, tail: str) -> None:
        if function.is_module_body or function.is_class_body:
            return
        label = _GROWERS[tail]
        key = next((value for name, value in call.args if name == label), "") if label else ""
        if tail == "update" and any(name == "**" for name, _ in call.args):
            return
        base = call.callee.rpartition(".")[0]
        operation: Operation = "add" if tail == "add" else "item" if label else "keyless"
        guards = call.guards
        self._grow(function, base, call.line, call.column, operation, key, guards, position)

    def _grow(
        self, function: Function, base: str, line: int, column: int, operation: Operation, key: str,
        guards: tuple[str, ...], index: int = -1, stored: str = "",
    ) -> None:  # fmt: skip
        holding = self.holdings.of(function, base)
        if holding is not None:
            self.growths[holding.id].append(
                Growth(holding, function, line, column, operation, key, guards, index, stored)
            )

    def _shrunk(self, function: Function, base: str) -> None:
        holding = self.holdings.of(function, base)
        if holding is not None:
            self._shrinks[holding.id].append(function)

    def _measured(self, function: Function, value: str) -> None:
        """A size check counts where the same function also grows or cuts: the explicit bound."""
        holding = self.holdings.of(function, value) if values.is_simple(value) else None
        if holding is not None:
            self._shrinks[holding.id].append(function)

    def _arguments(self, function: Function, position: int, call: CallFact) -> None:
        """Mentions of a shrinking method, and collections handed to helpers."""
        for label, value in call.args:
            for root in values.roots(value):
                tail = root.rpartition(".")[2]
                if tail in _SHRINKERS:
                    self._shrunk(function, root.rpartition(".")[0])
                elif root[:1] in "@!^" and len(root) > 1:
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
                self._through_parameter(holding, meaning.function, label)
        if not known and _SHRINKING_HELPERS.intersection(split_words(call.name)):
            self._shrinks[holding.id].append(function)

    def _through_parameter(self, holding: Holding, callee: Function, label: str) -> None:
        """What a helper does to the collection it is given."""
        name = parameter_name(callee, label)
        if name is None:
            return
        for store in callee.fact.stores:
            if store.target.startswith(f"${name}[]"):
                if store.flags & DELETES or store.key == "=:":
                    self._shrinks[holding.id].append(callee)
                else:
                    self.growths[holding.id].append(
                        Growth(holding, callee, store.line, store.column, "item", store.key, store.guards, -1, store.value)
                    )
        for index, call in enumerate(callee.fact.calls):
            base, _, tail = call.callee.rpartition(".")
            if base != f"${name}":
                if call.callee == "@builtins.len" and call.args and call.args[0][1] == f"${name}":
                    self._shrinks[holding.id].append(callee)
                continue
            if tail in _SHRINKERS:
                self._shrinks[holding.id].append(callee)
            elif tail in _GROWERS:
                key = next((v for n, v in call.args if n == _GROWERS[tail]), "") if _GROWERS[tail] else ""
                operation: Operation = "item" if _GROWERS[tail] else "keyless"
                self.growths[holding.id].append(
                    Growth(holding, callee, call.line, call.column, operation, key, call.guards, index)
                )


def _is_teardown(name: str) -> bool:
    """True for names of functions that run when everything is taken down."""
    bare = name.strip("_")
    return bare.startswith(("remove_all", "delete_all")) or bool(_TEARDOWN.intersection(split_words(name)))


def stored_is_bounded(growth: Growth) -> bool:
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


def default_growths(index: Index) -> Iterator[tuple[Function, str, int, int, str, int]]:
    """Growth of mutable default arguments: function, parameter, line, column, key, call index or -1."""
    for function in index.everything:
        names = [p.name for p in function.fact.params if _is_mutable_default(function, p.default)]
        for name in names:
            yield from _grown_parameter(function, name)


def _is_mutable_default(function: Function, default: str) -> bool:
    return default[:1] in "[{" and len(default) == 1


def _grown_parameter(function: Function, name: str) -> Iterator[tuple[Function, str, int, int, str, int]]:
    mine = f"${name}"
    for store in function.fact.stores:
        if store.target.startswith(mine + "[]") and store.flags & DELETES:
            return
    for call in function.fact.calls:
        base, _, tail = call.callee.rpartition(".")
        if base == mine and tail in _SHRINKERS:
            return
    for store in function.fact.stores:
        if store.target == mine + "[]":
            yield function, name, store.line, store.column, store.key, -1
    for position, call in enumerate(function.fact.calls):
        base, _, tail = call.callee.rpartition(".")
        if base == mine and tail in ("setdefault", "add") and call.args:
            yield function, name, call.line, call.column, call.args[0][1], position
