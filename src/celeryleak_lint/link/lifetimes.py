"""How long instances of a class live: one for the process, one for each call, or nobody knows.

Knows who builds instances and what becomes of them; what an instance holds is for ``holdings``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.caching import Caching
from celeryleak_lint.link.callgraph import CallGraph, Edge
from celeryleak_lint.link.elements import Class, Function, Site
from celeryleak_lint.link.heat import Thermometer
from celeryleak_lint.link.index import Index
from celeryleak_lint.model.facts import MAIN, CallFact

Lifetime = Literal["process", "call", "unknown"]

#: Functions in which a service builds what it works with.
_SERVICE_STARTS = frozenset({"serve", "run_server", "start_server", "startup", "on_startup", "lifespan", "create_app", "make_app", "build_app"})  # fmt: skip
#: First and last words of the names of others: ``start_gateway_server``, ``build_services``. What is
#: built rather than started has to be more than one ``application``, which may be that of a user.
_STARTED = (
    frozenset({"start", "serve", "launch", "boot", "run"}),
    frozenset({"server", "service", "services", "app", "application", "gateway", "daemon", "bot"}),
)
_BUILT = (
    frozenset({"build", "create", "init", "initialize", "setup", "make"}),
    frozenset({"server", "services", "app", "gateway", "daemon"}),
)
#: Decorators of classes of which a framework makes an instance for each run.
_PER_RUN = frozenset({"@temporalio.workflow.defn"})
#: Sinks of what a module-level name, or an attribute of one, keeps.
_GLOBALS = ("glob ", "attr @")
_TEARDOWN = frozenset(
    {"reset", "teardown", "shutdown", "destroy", "stop", "close", "uninstrument", "clear", "dispose", "finalize", "exit", "del"}
)  # fmt: skip


def is_teardown(name: str) -> bool:
    """True for names of functions that run when everything is taken down."""
    bare = name.strip("_")
    return bare.startswith(("remove_all", "delete_all")) or bool(
        _TEARDOWN.intersection(split_words(name))
    )


def starts_service(name: str) -> bool:
    """True for names of functions in which a service builds what it works with."""
    words = split_words(name.strip("_"))
    return name in _SERVICE_STARTS or any(
        len(words) > 1 and words[0] in firsts and words[-1] in lasts
        for firsts, lasts in (_STARTED, _BUILT)
    )


def _keepers(site: Site) -> set[str]:
    """The module-level names that keep what a call makes, itself or as a part of something else."""
    makers = [site.call, *(call for call in _given_to(site) if call.name[:1].isupper())]
    return {sink[5:] for call in makers for sink in call.sinks if sink.startswith(_GLOBALS)}


def _given_to(site: Site) -> Iterator[CallFact]:
    """The calls of its function that get what a call makes, directly or through a local."""
    uses = site.function.uses
    sinks = (
        sink
        for first in site.call.sinks
        for sink in (uses.get(first[4:], ()) if first.startswith("var ") else (first,))
    )
    for sink in sinks:
        if sink.startswith("arg "):
            yield site.function.fact.calls[int(sink.split(" ")[1])]


class Lifetimes:
    """Finds the lifetime of a class's instances; remembers every answer."""

    def __init__(self, index: Index, graph: CallGraph, caching: Caching, heat: Thermometer) -> None:
        self.index = index
        self.graph = graph
        self.caching = caching
        self.heat = heat
        self._lifetimes: dict[str, Lifetime] = {}
        self._emptied: frozenset[str] | None = None

    def lifetime(self, cls: Class) -> Lifetime:
        """How long instances of a class live: one kept for the process, per call, or unknown."""
        known = self._lifetimes.get(cls.id)
        if known is None:
            self._lifetimes[cls.id] = "unknown"
            known = self._lifetimes[cls.id] = self._find_lifetime(cls)
        return known

    def is_of_service(self, cls: Class) -> bool:
        """True for what a service builds when it starts: its process does not end with a command."""
        family = (cls, *self.graph.subclasses(cls))
        return self.lifetime(cls) == "process" and any(
            starts_service(edge.function.name)
            for member in family
            for edge in self.graph.builders(member)
        )

    def lifetime_of(self, method: Function) -> Lifetime:
        """The lifetime of the class that ``method`` belongs to."""
        owner = self.index.class_around(method)
        return self.lifetime(owner) if owner is not None else "unknown"

    def _find_lifetime(self, cls: Class) -> Lifetime:
        if self.caching.is_singleton(cls):
            return "process"
        entry = self.heat.instance_entry(cls)
        if entry is not None and entry.instance != "unknown":
            return "process" if entry.instance == "per-process" else "call"
        if any(decorator.value in _PER_RUN for decorator in cls.fact.decorators):
            return "call"
        family = (cls, *self.graph.subclasses(cls))
        edges = [
            edge
            for member in family
            for edge in self.graph.builders(member)
            if not edge.function.module.is_test
        ]
        kept = [edge for edge in edges if self._is_kept_global(edge.site)]
        if kept:
            return "unknown" if all(self._is_replaced(edge) for edge in kept) else "process"
        if any(self.caching.keeps_for_process(edge.function) for edge in edges):
            return "process"
        if edges and all(self._is_part_of_process(edge) for edge in edges):
            return "process"
        return "unknown" if all(self._runs_once(edge) for edge in edges) else "call"

    def _is_part_of_process(self, edge: Edge) -> bool:
        """True for what a service builds when it starts, and for parts that a kept instance is given at birth."""
        function, call = edge.function, edge.site.call if edge.site is not None else None
        if call is None or self.heat.tool(function) is not None:
            return False
        if starts_service(function.name):
            return True
        is_part = any(sink.startswith("attr !.") for sink in call.sinks)
        return is_part and function.name == "__init__" and self.lifetime_of(function) == "process"

    def _runs_once(self, edge: Edge) -> bool:
        """True for the ``__main__`` part, commands and start-up names: one instance for the whole run."""
        if edge.site is not None and edge.site.call.flags & MAIN:
            return True
        return self.heat.is_once_like(edge.function) or self.heat.tool(edge.function) is not None

    @staticmethod
    def _is_kept_global(site: Site | None) -> bool:
        """``x = Cls()`` at module level, ``global x; x = Cls()`` or ``STATE.x = Cls()``; not under ``__main__``.

        So is the ledger of ``global runtime; runtime = Runtime(ledger)``, a part of what is kept.
        """
        if site is None or site.call.flags & MAIN:
            return False
        return bool(_keepers(site))

    def _is_replaced(self, edge: Edge) -> bool:
        """True for the current one: each call puts a new one in its place, and something else lets it go.

        ``start()`` sets the global without looking, and ``finish()`` sets it to ``None``.
        """
        if edge.site is None or edge.function.is_module_body:
            return False
        names = _keepers(edge.site)
        return names <= self._let_go() and names.isdisjoint(edge.site.call.guards)

    def _let_go(self) -> frozenset[str]:
        """Globals that a function sets to ``None``, other than at the end of the process."""
        if self._emptied is None:
            self._emptied = frozenset(
                target
                for function, target in self.index.survey.emptied
                if not (function.module.is_test or is_teardown(function.name))
            )
        return self._emptied
