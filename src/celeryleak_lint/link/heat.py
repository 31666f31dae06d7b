"""How often a function runs, with the chain of calls that shows it.

Heat starts at catalogued entry points and flows along resolved calls. It stops at memos, at
guarded lazy calls, at start-up names and in test code.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Literal

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.schema import EntryPoint
from celeryleak_lint.link.caching import Caching, fills_what_is_missing, lookup_guards
from celeryleak_lint.link.callgraph import CallGraph, Edge
from celeryleak_lint.link.flow import Flow
from celeryleak_lint.link.index import Class, Function
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.facts import DECORATES, LOOP, MAIN, SMALL_LOOP
from celeryleak_lint.model.findings import SuspectStep

Rank = Literal["hot", "loop", "per-run", "once", "unknown"]
_MAX_CALLS = 6

#: Which end of a chain counts most when none is hot: it runs once only if every chain says so.
_WEIGHT: tuple[Rank, ...] = ("per-run", "loop", "unknown", "once")


@dataclass(frozen=True, slots=True)
class Heat:
    """How often a function runs and why. ``steps`` lead from the root to the function's caller.

    ``entry`` is the catalogued entry point at the root, if any. ``stopped`` names what kept
    heat out: the function whose memo, guard or start-up name ends every chain.
    """

    rank: Rank
    steps: tuple[SuspectStep, ...] = ()
    entry: EntryPoint | None = None
    stopped: str = ""
    is_sure: bool = True

    @property
    def is_hot(self) -> bool:
        return self.rank == "hot"


@dataclass(frozen=True, slots=True)
class Mark:
    """What marks one function itself, without looking at its callers."""

    rank: Rank
    note: str
    entry: EntryPoint | None = None


class Thermometer:
    """Measures the heat of functions; remembers every answer."""

    def __init__(
        self, resolver: Resolver, graph: CallGraph, caching: Caching, flow: Flow, catalog: Catalog
    ) -> None:
        self.resolver = resolver
        self.graph = graph
        self.caching = caching
        self.flow = flow
        self.catalog = catalog
        self._heat: dict[int, Heat] = {}
        self._marks: dict[int, Mark | None] = {}
        self.forks_per_job = self._has_job_processes()
        self._tools: dict[str, EntryPoint | None] = {}

    def heat(self, function: Function) -> Heat:
        """The heat of a function, with the shortest chain from a hot root."""
        known = self._heat.get(id(function))
        if known is None:
            known = self._heat[id(function)] = self._search(function)
        return known

    def _has_job_processes(self) -> bool:
        """True when the project runs its background work with a library whose workers fork for each job."""
        runners = self.catalog.tables.vocabulary.job_runners
        return any(
            mentioned.partition(".")[0] in runners
            for summary in self.graph.index.modules.values()
            if not summary.is_test and summary.module.partition(".")[0] not in runners
            for mentioned in summary.mentioned
        )

    def mark(self, function: Function) -> Mark | None:
        """What the function itself says: an entry point, a start-up hook, test code."""
        if id(function) not in self._marks:
            self._marks[id(function)] = self._find_mark(function)
        return self._marks[id(function)]

    # -- search ----------------------------------------------------------------------------

    def _search(self, function: Function) -> Heat:
        queue: deque[tuple[Function, tuple[SuspectStep, ...], bool, bool]] = deque([(function, (), False, True)])
        seen = {id(function)}
        ends: dict[Rank, Heat] = {}
        while queue:
            current, steps, in_loop, is_sure = queue.popleft()
            found = self._judge(current, steps, first=current is function)
            if found is None:
                found = self._handed_heat(current, steps)
                is_final = False
            else:
                is_final = True
            if found is not None and found.is_hot:
                return replace(found, is_sure=is_sure and found.is_sure)
            if found is not None:
                ends.setdefault(found.rank, found)
            if is_final:
                continue
            if in_loop:
                ends.setdefault("loop", Heat("loop", steps))
            edges = self._edges(current) if len(steps) < _MAX_CALLS else []
            if not edges and found is None:
                ends.setdefault("unknown", Heat("unknown", steps))
            for edge in edges:
                if id(edge.function) in seen:
                    continue
                seen.add(id(edge.function))
                loops = in_loop or _is_real_loop(edge)
                sure = is_sure and edge.through != "override"
                queue.append((edge.function, (self._step(edge, current), *steps), loops, sure))
        return next((ends[rank] for rank in _WEIGHT if rank in ends), Heat("unknown"))

    def _judge(self, function: Function, steps: tuple[SuspectStep, ...], first: bool) -> Heat | None:
        """A final answer at this function, or ``None`` to look at its callers."""
        mark = self.mark(function)
        if mark is not None:
            root = _root_step(function, mark.note)
            return Heat(mark.rank, (root, *steps), mark.entry, stopped=mark.note)
        if self.caching.keeps_for_process(function):
            return Heat("once", steps, stopped=f"`{function.name}` is memoized")
        if not first and self.tool(function) is not None:
            return Heat("once", steps, stopped=f"{function.module.path} is a command or script")
        if not first and self.is_once_like(function):
            return Heat("once", steps, stopped=f"`{function.name}` is a start-up or maintenance name")
        return None

    def is_once_like(self, function: Function) -> bool:
        """True for start-up and maintenance names; ``__init__`` and other special names say nothing."""
        return function.name[:2] != "__" and self.catalog.once_like(function.name) is not None

    def _edges(self, function: Function) -> list[Edge]:
        """Edges along which heat flows into ``function``."""
        found: list[Edge] = []
        for edge in (*self.graph.callers(function), *self._open_handed(function)):
            if edge.function.module.is_test or self._is_lazy(edge):
                continue
            if edge.site is not None and edge.site.call.flags & (MAIN | DECORATES):
                continue
            found.append(edge)
        if function.is_lambda or (function.fact.parent and not self.graph.callers(function)):
            found += self._enclosing(function)
        return found

    def _enclosing(self, function: Function) -> list[Edge]:
        """A nested function that nobody calls by name runs as often as what defines it."""
        if self.graph.handed(function) or function.fact.decorators:
            return []
        owner = self.graph.index.functions.get(_dotted(function, function.fact.parent))
        return [Edge(owner, function.fact.line, 0, None, "nested")] if owner is not None else []

    def _open_handed(self, function: Function) -> list[Edge]:
        """Calls that get the function and run it where they stand (``submit``, unknown helpers)."""
        found: list[Edge] = []
        for edge in self.graph.handed(function):
            entry = self._entry_of(edge)
            if entry is not None and entry.heat == "unknown" and entry.long_lived:
                found.append(edge)
        return found

    def _handed_heat(self, function: Function, steps: tuple[SuspectStep, ...]) -> Heat | None:
        """Heat from being handed to something that calls it often (``map``, ``add_job``)."""
        best: Heat | None = None
        for edge in self.graph.handed(function):
            entry = self._entry_of(edge)
            if entry is None or entry.heat == "unknown" or edge.function.module.is_test:
                continue
            rank: Rank = "per-run" if not entry.long_lived else entry.heat
            if best is not None and (best.is_hot or rank != "hot"):
                continue
            step = self._step(edge, function)
            prefix: tuple[SuspectStep, ...] = ()
            if len(steps) < _MAX_CALLS - 2 and not edge.function.is_module_body:
                caller = self.heat_without_loops(edge.function)
                prefix = caller.steps if caller.is_hot else ()
            best = Heat(rank, (*prefix, step, *steps), entry)
        return best

    def heat_without_loops(self, function: Function) -> Heat:
        """The heat of a caller; a function met on its own chain is unknown."""
        if id(function) in self._heat:
            return self._heat[id(function)]
        self._heat[id(function)] = Heat("unknown")
        found = self._search(function)
        self._heat[id(function)] = found
        return found

    def _entry_of(self, edge: Edge) -> EntryPoint | None:
        if edge.site is None:
            return None
        site = edge.site
        for meaning in self.resolver.callees(site.function, site.index):
            entry = self.catalog.call(meaning.name)
            if entry is not None and (not entry.arguments or edge.label in entry.arguments):
                return entry
        call = site.call
        receiver = call.callee.rpartition(".")[0].rpartition(".")[2].lstrip("%$@!^>")
        entry = self.catalog.call_receivers(call.name).get(receiver)
        if entry is not None and (not entry.arguments or edge.label in entry.arguments):
            return entry
        return None

    def _is_lazy(self, edge: Edge) -> bool:
        """True for a call made only while its result is missing, and kept: the lazy cache."""
        site = edge.site
        if site is None or not lookup_guards(site.function, site.call):
            return False
        fate = self.flow.fate(site.function, site.index, None)
        if not (fate.is_kept or "self" in fate.ends):
            return False
        return fills_what_is_missing(site.function, site.call, fate.places)

    # -- marks -----------------------------------------------------------------------------

    def _find_mark(self, function: Function) -> Mark | None:
        if function.module.is_test:
            return Mark("once", "test code")
        if function.is_module_body or function.is_class_body:
            return self._module_mark(function)
        return (
            self._named(function)
            or self._decorated(function)
            or self._method(function)
            or self._by_name(function)
        )

    def tool(self, function: Function) -> EntryPoint | None:
        """The entry that says, by its path, that a file is a command or a script: its process ends with it."""
        path = function.module.path
        if path not in self._tools:
            told = (
                entry
                for entry in self.catalog.module_level
                if entry.heat in ("once", "unknown") and _is_under(path, entry.paths)
            )
            # only users say "unknown", of files whose path misleads
            first = next(told, None)
            self._tools[path] = first if first is not None and first.heat == "once" else None
        return self._tools[path]

    def _module_mark(self, function: Function) -> Mark:
        for entry in self.catalog.module_level:
            if entry.heat == "unknown":
                continue
            if _is_under(function.module.path, entry.paths):
                return Mark(entry.heat, f"module level of a {entry.framework} file", entry)
            if self._is_script_of(function.module, entry):
                return Mark(entry.heat, f"module level of a {entry.framework} file", entry)
        return Mark("once", "module level")

    def _is_script_of(self, module: ModuleSummary, entry: EntryPoint) -> bool:
        """True for a file that a framework runs as a script: it imports the framework, nobody imports it."""
        if not entry.imports or not any(name in entry.imports for name in module.mentioned):
            return False
        return not self.graph.index.is_imported(module.module)

    def _decorated(self, function: Function) -> Mark | None:
        for decorator in function.fact.decorators:
            entry = self._decorator_entry(function, decorator.value)
            if entry is not None:
                rank: Rank = "per-run" if not entry.long_lived and entry.heat == "hot" else entry.heat
                return Mark(rank, f"`{_short(function)}` is a {entry.framework} entry point (`@{_shown(decorator.value)}`)", entry)  # fmt: skip
        return None

    def _decorator_entry(self, function: Function, value: str) -> EntryPoint | None:
        if value[:1] == "@":
            name = self.resolver.canonical(value[1:])
            entry = self.catalog.decorator(name) or self._signal(name)
            if entry is not None:
                return entry
        definer = self._definer(function)
        if definer is not None:
            for meaning in self.resolver.meanings(definer, value):
                entry = self.catalog.decorator(meaning.name) or self._signal(meaning.name)
                if entry is not None:
                    return entry
                if meaning.kind in ("function", "class"):
                    return None
        owner, _, method = value.rpartition(".")
        entry = self.catalog.receivers(method).get(owner.rpartition(".")[2].lstrip("@%$>!"))
        return entry or self._receiver_signal(value)

    def _receiver_signal(self, value: str) -> EntryPoint | None:
        """``@app.on_after_configure.connect``, where only the name tells what ``app`` is."""
        parts = value.lstrip("@%$>!").split(".")
        if len(parts) < 3 or parts[-1] != "connect":
            return None
        return self.catalog.signal_receivers(parts[-2]).get(parts[-3])

    def _signal(self, name: str) -> EntryPoint | None:
        owner, _, method = name.rpartition(".")
        return self.catalog.signals.get(owner) if method == "connect" else None

    def _definer(self, function: Function) -> Function | None:
        if function.fact.parent:
            return self.graph.index.functions.get(_dotted(function, function.fact.parent))
        return self.graph.index.bodies.get(function.module.module)

    def _method(self, function: Function) -> Mark | None:
        owner = self.graph.owner(function)
        if owner is None:
            return None
        name = function.name
        for ancestor in (owner.id, *self.resolver.ancestors(owner)):
            entry = self.catalog.base(ancestor)
            if entry is None:
                continue
            shown = f"`{_short(function)}` ({entry.framework})"
            told = self.catalog.method_heat(entry, name)
            if told == "once":
                return Mark("once", f"{shown} runs once", entry)
            if told is not None:
                rank: Rank = "per-run" if not entry.long_lived else told
                return Mark(rank, f"{shown} is called by the framework again and again", entry)
            if name in ("__init__", "__new__", "setup") and entry.instance != "unknown":
                rank = {"per-call": "hot", "per-run": "per-run"}.get(entry.instance, "once")  # type: ignore[assignment]
                return Mark(rank, f"{shown}: one instance {entry.instance.replace('-', ' ')}", entry)
            if not entry.long_lived and not self.graph.callers(function):
                return Mark("per-run", f"{shown} ends with its process", entry)
        return None

    def _named(self, function: Function) -> Mark | None:
        """What an entry says that names this very function: it has no parameters to compare."""
        names = (function.name, _dotted(function, function.fact.qualname))
        for entry in self.catalog.functions:
            if not entry.parameters and any(name in entry.names for name in names):
                return Mark(entry.heat, f"`{function.name}` is a {entry.framework} entry point", entry)
        return None

    def _by_name(self, function: Function) -> Mark | None:
        if function.fact.parent:
            return None
        names = tuple(p.name for p in function.fact.params)
        for entry in self.catalog.functions:
            if function.fact.cls and entry.parameters[:1] != ("self",):
                continue
            if function.name in entry.names and (not entry.parameters or names == entry.parameters):
                return Mark(entry.heat, f"`{function.name}` is a {entry.framework} entry point", entry)
        return None

    def instance_entry(self, cls: Class) -> EntryPoint | None:
        """The base-class entry point nearest to a class: how often its instances are built."""
        for ancestor in (cls.id, *self.resolver.ancestors(cls)):
            entry = self.catalog.base(ancestor)
            if entry is not None:
                return entry
        return None

    def process(self, function: Function) -> EntryPoint | None:
        """The entry point that says that the process around a method ends with its job."""
        owner = self.graph.owner(function)
        entry = self.instance_entry(owner) if owner is not None else None
        return entry if entry is not None and not entry.long_lived else None

    def _step(self, edge: Edge, callee: Function) -> SuspectStep:
        shown = f"`{_short(callee)}`"
        if edge.through == "property":
            note = f"reads property {shown}"
        elif edge.through == "argument" and edge.site is not None:
            note = f"{shown} is passed to `{_shown(edge.site.call.callee)}`"
        elif edge.through == "nested":
            note = f"defines {shown}"
        else:
            note = f"calls {shown}"
        return SuspectStep(edge.function.module.path, edge.line, edge.column, note)


def _is_under(path: str, patterns: tuple[str, ...]) -> bool:
    """True when a path matches: ``cli/`` names a folder at any depth, ``*_cli.py`` a file, others the whole path."""
    *folders, file = path.split("/")
    for pattern in patterns:
        if pattern.endswith("/"):
            if any(fnmatch(folder, pattern[:-1]) for folder in folders):
                return True
        elif fnmatch(file if "/" not in pattern else path, pattern):
            return True
    return False


def _is_real_loop(edge: Edge) -> bool:
    if edge.site is None:
        return False
    flags = edge.site.call.flags
    return bool(flags & LOOP) and not flags & SMALL_LOOP


def _root_step(function: Function, note: str) -> SuspectStep:
    return SuspectStep(function.module.path, function.fact.line, 0, note)


def _dotted(function: Function, qualname: str) -> str:
    module = function.module.module
    return f"{module}.{qualname}" if module else qualname


def _short(function: Function) -> str:
    parts = [p for p in function.fact.qualname.split(".") if not p.startswith("<lambda")]
    return ".".join(parts[-2:]) if function.fact.cls else parts[-1] if parts else "<module>"


def _shown(value: str) -> str:
    text = value.lstrip("@%$>").replace("!.", "self.").replace("^.", "cls.")
    text = text.removeprefix("builtins.")
    return values.split("@" + text)[0][1:] if text else "a call"
