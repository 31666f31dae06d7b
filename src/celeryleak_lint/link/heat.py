"""How often a function runs, with the chain of calls that shows it.

Heat starts at catalogued entry points and flows along resolved calls. It stops at memos, at
guarded lazy calls, at start-up names and in test code.
"""

from __future__ import annotations

from collections import deque

import msgspec
from msgspec.structs import replace

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.schema import EntryPoint
from celeryleak_lint.link.caching import (
    Caching,
    answers_once,
    fills_what_is_missing,
    lookup_guards,
    raises_its_flag,
)
from celeryleak_lint.link.callgraph import CallGraph, Edge
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.flow import Flow
from celeryleak_lint.link.marks import Mark, Marks, Rank, is_occasional
from celeryleak_lint.link.options import Demands
from celeryleak_lint.link.recycling import Recycling
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.link.ways import (
    Loop,
    Needs,
    Way,
    keeps_answer,
    root_step,
    step_of,
)
from celeryleak_lint.model.facts import (
    DECORATES,
    LOOP,
    MAIN,
    SMALL_LOOP,
    TYPING,
    WHILE_LOOP,
)
from celeryleak_lint.model.findings import SuspectStep

_MAX_CALLS = 6

#: How many levels of callers are searched for a name that speaks of daily work.
_HINT_CALLS = 4

#: Which end of a chain counts most when none is hot: it runs once only if every chain says so.
_WEIGHT: tuple[Rank, ...] = ("hot", "per-run", "loop", "unknown", "once")


class Heat(msgspec.Struct, frozen=True):
    """How often a function runs and why. ``steps`` lead from the root to the function's caller.

    ``entry`` is the catalogued entry point at the root, if any. ``stopped`` names what kept
    heat out: the function whose memo, guard or start-up name ends every chain. ``is_sure`` is
    false when an overridden method may be meant. ``is_rare`` tells that every hot root has a
    start-up or maintenance name (people ask for it now and then: ``/deploy``, ``/login``) or
    answers that are kept for a while (``cache_page``).
    """

    rank: Rank
    steps: tuple[SuspectStep, ...] = ()
    entry: EntryPoint | None = None
    stopped: str = ""
    is_sure: bool = True
    is_rare: bool = False

    @property
    def is_hot(self) -> bool:
        """True when a hot root leads to the function."""
        return self.rank == "hot"


#: Heats of calls that run what they are given where they stand, once or for each item.
_AS_OFTEN = frozenset({"unknown", "loop"})


class Thermometer:
    """Measures the heat of functions; remembers every answer."""

    def __init__(
        self, resolver: Resolver, graph: CallGraph, caching: Caching, flow: Flow, catalog: Catalog,
        recycling: Recycling,
    ) -> None:  # fmt: skip
        self.resolver = resolver
        self.graph = graph
        self.caching = caching
        self.flow = flow
        self.catalog = catalog
        self.demands = Demands(resolver, graph)
        self._heat: dict[tuple[int, Needs], Heat] = {}
        self._flowing: dict[int, list[Edge]] = {}
        self.marks = Marks(resolver, graph, catalog, recycling)

    def heat(self, function: Function, needs: Needs = ()) -> Heat:
        """The heat of a function, with the shortest chain from a hot root.

        With ``needs`` (see ``link.options``) only callers count that may do what is needed.
        """
        key = (id(function), needs)
        known = self._heat.get(key)
        if known is None:
            known = self._heat[key] = self._search(function, needs)
        return known

    def mark(self, function: Function) -> Mark | None:
        """What the function itself says: an entry point, a start-up hook, test code."""
        return self.marks.mark(function)

    def tool(self, function: Function) -> EntryPoint | None:
        """The entry that says that the function's file is a command or a script."""
        return self.marks.tool(function)

    def serves_commands(self, function: Function) -> bool:
        """True when a function's file, or everybody who builds its class, is a command or a script."""
        return self.marks.serves_commands(function)

    def instance_entry(self, cls: Class) -> EntryPoint | None:
        """The base-class entry point nearest to a class: how often its instances are built."""
        return self.marks.instance_entry(cls)

    def process(self, function: Function) -> EntryPoint | None:
        """The entry point that says that the process around a method ends with its job."""
        return self.marks.process(function)

    # -- search ----------------------------------------------------------------------------

    def _search(self, function: Function, needs: Needs = ()) -> Heat:
        queue: deque[Way] = deque([Way(function)])
        seen = {id(function)}
        ends: dict[Rank, Heat] = {}
        endless = False
        while queue:
            way = queue.popleft()
            final = self._judge(way.function, way.steps, first=way.function is function)
            found = final or self._handed_heat(way.function, way.steps)
            is_rare = way.is_rare or self.is_seldom(way.function)
            if found is not None and is_rare:
                found = replace(found, is_rare=found.is_hot)
            if found is not None:
                if found.is_hot and not found.is_rare:
                    return replace(found, is_sure=way.is_sure and found.is_sure)
                ends.setdefault(found.rank, found)
            if final is not None:
                continue
            if way.loop and way.is_sure and not is_rare:
                ends.setdefault("loop", Heat("loop", way.steps))
                endless |= way.loop == "endless"
            edges = self._upward(way, needs)
            if not edges and found is None:
                end = self._dead_end(way.function, way.steps, needs)
                ends.setdefault(end.rank, end)
            for edge in edges:
                if id(edge.function) not in seen:
                    seen.add(id(edge.function))
                    queue.append(self._onward(way, edge))
        return _weightiest(ends, endless=endless)

    def _upward(self, way: Way, needs: Needs) -> list[Edge]:
        """The edges to look at next; where the search began only those that meet the needs."""
        if len(way.steps) >= _MAX_CALLS:
            return []
        edges = self._edges(way.function)
        return self._asking(edges, way.function, needs) if needs and not way.steps else edges

    def _asking(self, edges: list[Edge], function: Function, needs: Needs) -> list[Edge]:
        """The edges without the plain calls that surely do not ask for what has these needs."""
        return [
            edge
            for edge in edges
            if edge.through
            or edge.site is None
            or not self.demands.leaves_off(function, edge.site.call, needs, edge.function)
        ]

    def _onward(self, way: Way, edge: Edge) -> Way:
        """The way to a caller: a loop and a guess met once belong to everything above."""
        return Way(
            edge.function,
            (step_of(edge, way.function), *way.steps),
            way.loop or self._loop_of(edge),
            way.is_sure and edge.through != "override",
            way.is_rare or self.is_seldom(way.function),
        )

    def _loop_of(self, edge: Edge) -> Loop:
        """The loop around a call, or the one that the call itself is (``executor.map``)."""
        if edge.site is None:
            return ""
        flags = edge.site.call.flags
        if flags & LOOP and not flags & SMALL_LOOP:
            return "endless" if flags & WHILE_LOOP else "bounded"
        if edge.through == "argument":
            entry = self._entry_of(edge)
            if entry is not None and entry.heat == "loop":
                return "bounded"
        return ""

    def _judge(
        self, function: Function, steps: tuple[SuspectStep, ...], *, first: bool
    ) -> Heat | None:
        """A final answer at this function, or ``None`` to look at its callers."""
        mark = self.mark(function)
        if mark is not None:
            root = root_step(function, mark.note)
            is_rare = mark.is_named_by_author and self.is_once_like(function)
            is_rare = is_rare or self.caching.keeps_answers(function) or is_occasional(function)
            return Heat(mark.rank, (root, *steps), mark.entry, stopped=mark.note, is_rare=is_rare)
        if self.caching.keeps_for_process(function):
            return Heat("once", steps, stopped=f"`{function.name}` is memoized")
        owner = self.graph.owner(function) if function.name == "__init__" else None
        if owner is not None and self.caching.is_singleton(owner):
            return Heat("once", steps, stopped=f"`{owner.name}` is a singleton")
        if not first and self.tool(function) is not None:
            return Heat("once", steps, stopped=f"{function.module.path} is a command or script")
        if not first and self.is_once_like(function):
            return Heat(
                "once", steps, stopped=f"`{function.name}` is a start-up or maintenance name"
            )
        return None

    def is_once_like(self, function: Function) -> bool:
        """True for start-up and maintenance names; ``__init__`` and other special names say nothing."""
        return function.name[:2] != "__" and self.catalog.once_like(function.name) is not None

    def is_seldom(self, function: Function) -> bool:
        """True for names of what is asked for now and then, where the project chose the name."""
        if self.catalog.seldom_like(function.name) is None:
            return False
        mark = self.mark(function)
        return mark is None or mark.is_named_by_author

    def daily_word(
        self, function: Function, named_only: frozenset[str] = frozenset()
    ) -> str | None:
        """A word of daily work in the name of a function or of those that call it, a few calls up.

        Words of ``named_only`` count in the function's own name alone.
        """
        level, seen = [function], {id(function)}
        for _ in range(_HINT_CALLS):
            following: list[Function] = []
            for current in level:
                if self._says_nothing(current, first=current is function):
                    continue
                word = self.catalog.frequent_like(current.name)
                if word is not None and (current is function or word not in named_only):
                    return word
                for edge in self._edges(current):
                    # who is handed a nested function runs it, not what defines it
                    if id(edge.function) not in seen and edge.through != "nested":
                        seen.add(id(edge.function))
                        following.append(edge.function)
            level = following
        return None

    def _says_nothing(self, function: Function, *, first: bool) -> bool:
        """True for callers that are no daily work, nor is what only leads through them."""
        if function.module.is_test or self.tool(function) is not None:
            return True
        if self.is_seldom(function):
            return True
        return not first and (function.name[:2] == "__" or self.is_once_like(function))

    def _dead_end(self, function: Function, steps: tuple[SuspectStep, ...], needs: Needs) -> Heat:
        """Where nobody of the project calls on: once when only ``__main__`` or lazy code does, else unknown."""
        callers = [
            edge for edge in self.graph.callers(function) if not edge.function.module.is_test
        ]
        if callers and all(e.site is not None and e.site.call.flags & MAIN for e in callers):
            return Heat("once", steps, stopped=f"`{function.name}` is only called under `__main__`")
        if callers and all(self._asks_once(edge, function) for edge in callers):
            return Heat(
                "once",
                steps,
                stopped=f"`{function.name}` is called only while its answer is missing",
            )
        if callers and needs and not steps and not self._asking(callers, function, needs):
            return Heat("once", steps, stopped="no caller asks for what is done here")
        return Heat("unknown", steps)

    def _edges(self, function: Function) -> list[Edge]:
        """Edges along which heat flows into ``function``; many searches come by the same functions."""
        known = self._flowing.get(id(function))
        if known is None:
            known = self._flowing[id(function)] = self._find_edges(function)
        return known

    def _find_edges(self, function: Function) -> list[Edge]:
        found: list[Edge] = []
        for edge in (*self.graph.callers(function), *self._open_handed(function)):
            if edge.function.module.is_test or self._is_lazy(edge, function):
                continue
            if edge.site is not None and edge.site.call.flags & (MAIN | DECORATES | TYPING):
                continue
            found.append(edge)
        if function.is_lambda or (function.fact.parent and not self.graph.callers(function)):
            found += self._enclosing(function)
        return found

    def _enclosing(self, function: Function) -> list[Edge]:
        """A nested function that nobody calls by name runs as often as what defines it."""
        if self.graph.handed(function) or function.fact.decorators:
            return []
        owner = self.graph.index.enclosing(function)
        return [Edge(owner, function.fact.line, 0, None, "nested")] if owner is not None else []

    def _open_handed(self, function: Function) -> list[Edge]:
        """Calls that get the function and run it where they stand (``submit``, unknown helpers)."""
        found: list[Edge] = []
        for edge in self.graph.handed(function):
            entry = self._entry_of(edge)
            if entry is not None and entry.heat in _AS_OFTEN and self.marks.outlives(entry):
                found.append(edge)
        return found

    def _handed_heat(self, function: Function, steps: tuple[SuspectStep, ...]) -> Heat | None:
        """Heat from being handed to something that calls it often (``map``, ``add_job``)."""
        best: Heat | None = None
        for edge in self.graph.handed(function):
            entry = self._entry_of(edge)
            if entry is None or entry.heat in _AS_OFTEN or edge.function.module.is_test:
                continue
            rank: Rank = entry.heat if self.marks.outlives(entry) else "per-run"
            if best is not None and (best.is_hot or rank != "hot"):
                continue
            step = step_of(edge, function)
            prefix: tuple[SuspectStep, ...] = ()
            if len(steps) < _MAX_CALLS - 2 and not edge.function.is_module_body:
                caller = self.heat_without_loops(edge.function)
                prefix = caller.steps if caller.is_hot else ()
            best = Heat(rank, (*prefix, step, *steps), entry)
        return best

    def heat_without_loops(self, function: Function) -> Heat:
        """The heat of a caller; a function met on its own chain is unknown."""
        key = (id(function), ())
        if key in self._heat:
            return self._heat[key]
        self._heat[key] = Heat("unknown")
        found = self._heat[key] = self._search(function)
        return found

    def _entry_of(self, edge: Edge) -> EntryPoint | None:
        if edge.site is None:
            return None
        site = edge.site
        for meaning in self.resolver.meanings(site.function, site.callee):
            entry = self.catalog.call(meaning.name)
            if entry is not None and (not entry.arguments or edge.label in entry.arguments):
                return None if keeps_answer(entry, site.call) else entry
        call = site.call
        receiver = call.callee.rpartition(".")[0].rpartition(".")[2].lstrip("%$@!^>")
        entry = self.catalog.call_receivers(call.name).get(receiver)
        if entry is not None and (not entry.arguments or edge.label in entry.arguments):
            return entry
        return None

    @staticmethod
    def _asks_once(edge: Edge, callee: Function) -> bool:
        """True for a call made only until an answer is kept, by the caller or by what it calls."""
        if edge.site is None:
            return False
        call = edge.site.call
        if answers_once(edge.site.function, call):
            return True
        return raises_its_flag(callee, call)

    def _is_lazy(self, edge: Edge, callee: Function) -> bool:
        """True for a call made only while its result is missing, and kept: the lazy cache."""
        site = edge.site
        if site is None or not lookup_guards(site.function, site.call):
            return False
        if self._asks_once(edge, callee):
            return True
        fate = self.flow.fate(site.function, site.index, None)
        if not (fate.is_kept or "self" in fate.ends):
            return False
        return fills_what_is_missing(site.function, site.call, fate.places)


def _weightiest(ends: dict[Rank, Heat], *, endless: bool) -> Heat:
    """The end that counts: a loop that ends in what runs once is a long way to start up."""
    if "loop" in ends and "once" in ends and "unknown" not in ends and not endless:
        del ends["loop"]
    return next((ends[rank] for rank in _WEIGHT if rank in ends), Heat("unknown"))
