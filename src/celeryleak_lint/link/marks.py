"""What marks a function itself: an entry point, a start-up hook, test code, a command.

Knows names, decorators, bases and paths of one function; who calls it is for ``heat``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.paths import is_under
from celeryleak_lint.catalog.schema import EntryPoint
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.recycling import Recycling
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CLASSMETHOD, STATIC, ModuleSummary

#: The type of what a command line was parsed into.
_ARGUMENTS = "@argparse.Namespace"

#: Folders with code that shows something, and serves nobody.
_SAMPLES = frozenset(
    {"samples", "sample", "examples", "example", "demos", "demo", "tutorials", "tutorial"}
)

Rank = Literal["hot", "loop", "per-run", "once", "unknown"]


class Mark(msgspec.Struct, frozen=True):
    """What marks one function itself, without looking at its callers."""

    rank: Rank
    note: str
    entry: EntryPoint | None = None

    @property
    def is_named_by_author(self) -> bool:
        """True when the project chose the function's name, so that the name tells what it is for."""
        return self.entry is not None and self.entry.kind == "decorator"


class Marks:
    """Answers what functions, files and classes say of themselves; remembers every answer."""

    def __init__(
        self, resolver: Resolver, graph: CallGraph, catalog: Catalog, recycling: Recycling
    ) -> None:
        self.resolver = resolver
        self.graph = graph
        self.catalog = catalog
        self.recycling = recycling
        self._marks: dict[int, Mark | None] = {}
        self._tools: dict[str, EntryPoint | None] = {}
        self._instance_entries: dict[str, EntryPoint | None] = {}
        self._module_marks: dict[str, Mark] = {}
        self._functions: dict[str, list[EntryPoint]] = {}
        for entry in catalog.functions:
            for name in dict.fromkeys(entry.names):
                self._functions.setdefault(name, []).append(entry)

    def outlives(self, entry: EntryPoint) -> bool:
        """True when the process that runs what is entered goes on after it."""
        is_single_use = entry.framework == "celery" and self.recycling.after_each_task
        return entry.long_lived and not is_single_use

    def mark(self, function: Function) -> Mark | None:
        """What the function itself says: an entry point, a start-up hook, test code."""
        if id(function) not in self._marks:
            self._marks[id(function)] = self._find_mark(function)
        return self._marks[id(function)]

    def _find_mark(self, function: Function) -> Mark | None:
        if function.module.is_test:
            return Mark("once", "test code")
        if function.runs_once:
            return self._module_mark(function.module)
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
                if entry.heat in ("once", "unknown") and is_under(path, entry.paths)
            )
            # only users say "unknown", of files whose path misleads
            first = next(told, None)
            self._tools[path] = first if first is not None and first.heat == "once" else None
        return self._tools[path]

    def serves_commands(self, function: Function) -> bool:
        """True for code of a command: by its file, by who builds its class, or as a subcommand's handler."""
        if self.tool(function) is not None:
            return True
        if any(p.annotation == _ARGUMENTS for p in function.fact.params):
            return True
        owner = self.graph.owner(function)
        if owner is None:
            return False
        builders = [e for e in self.graph.builders(owner) if not e.function.module.is_test]
        if builders and all(self.tool(edge.function) is not None for edge in builders):
            return True
        takes_arguments = any(p.name == "args" and not p.kind for p in function.fact.params)
        return takes_arguments and any(
            call.name == "add_parser"
            for method in owner.methods.values()
            for call in method.fact.calls
        )

    def _module_mark(self, module: ModuleSummary) -> Mark:
        if module.path not in self._module_marks:
            self._module_marks[module.path] = self._find_module_mark(module)
        return self._module_marks[module.path]

    def _find_module_mark(self, module: ModuleSummary) -> Mark:
        for entry in self.catalog.module_level:
            if entry.heat == "unknown":
                continue
            if is_under(module.path, entry.paths) or self._is_script_of(module, entry):
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
                rank: Rank = (
                    "per-run" if entry.heat == "hot" and not self.outlives(entry) else entry.heat
                )
                return Mark(rank, f"`{short_name(function)}` is {_a(entry.framework)} entry point (`@{shown_value(decorator.value)}`)", entry)  # fmt: skip
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
        rest, _, method = value.lstrip("@%$>!").rpartition(".")
        owner, _, signal = rest.rpartition(".")
        if method != "connect" or not owner:
            return None
        return self.catalog.signal_receivers(signal).get(owner.rpartition(".")[2])

    def _signal(self, name: str) -> EntryPoint | None:
        owner, _, method = name.rpartition(".")
        return self.catalog.signals.get(owner) if method == "connect" else None

    def _definer(self, function: Function) -> Function | None:
        if function.fact.parent:
            return self.graph.index.enclosing(function)
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
            shown = f"`{short_name(function)}` ({entry.framework})"
            told = self.catalog.method_heat(entry, name)
            if name not in entry.methods and function.fact.flags & (STATIC | CLASSMETHOD):
                told = None  # every method that a framework calls is one of an instance
            if told == "once":
                return Mark("once", f"{shown} runs once", entry)
            if told is not None:
                rank: Rank = told if self.outlives(entry) else "per-run"
                return Mark(rank, f"{shown} is called by the framework again and again", entry)
            if name in ("__init__", "__new__", "setup") and entry.instance != "unknown":
                rank = {"per-call": "hot", "per-run": "per-run"}.get(entry.instance, "once")  # type: ignore[assignment]
                return Mark(
                    rank, f"{shown}: one instance {entry.instance.replace('-', ' ')}", entry
                )
            if not self.outlives(entry) and not self.graph.callers(function):
                return Mark("per-run", f"{shown} ends with its process", entry)
        return None

    def _named(self, function: Function) -> Mark | None:
        """What an entry says that names this very function: it has no parameters to compare."""
        dotted = dotted_name(function, function.fact.qualname)
        plain, full = self._functions.get(function.name, ()), self._functions.get(dotted, ())
        for entry in self.catalog.functions if plain and full else plain or full:
            if not entry.parameters and (entry in plain or entry in full):
                return Mark(
                    entry.heat, f"`{function.name}` is {_a(entry.framework)} entry point", entry
                )
        return None

    def _by_name(self, function: Function) -> Mark | None:
        if function.fact.parent:
            return None
        named = self._functions.get(function.name)
        if named is None:
            return None
        names = tuple(p.name for p in function.fact.params)
        for entry in named:
            if function.fact.cls and entry.parameters[:1] != ("self",):
                continue
            if not entry.parameters or names == entry.parameters:
                return Mark(
                    entry.heat, f"`{function.name}` is {_a(entry.framework)} entry point", entry
                )
        return None

    def instance_entry(self, cls: Class) -> EntryPoint | None:
        """The base-class entry point nearest to a class: how often its instances are built."""
        if cls.id not in self._instance_entries:
            names = (cls.id, *self.resolver.ancestors(cls))
            entries = (self.catalog.base(name) for name in names)
            self._instance_entries[cls.id] = next((e for e in entries if e is not None), None)
        return self._instance_entries[cls.id]

    def process(self, function: Function) -> EntryPoint | None:
        """The entry point that says that the process around a method ends with its job."""
        owner = self.graph.owner(function)
        entry = self.instance_entry(owner) if owner is not None else None
        return entry if entry is not None and not self.outlives(entry) else None


def _a(word: str) -> str:
    """A word with its indefinite article."""
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"


def is_occasional(function: Function) -> bool:
    """True for code that people ask for now and then: files named after administration, samples and examples."""
    module = function.module
    if any(w.endswith("admin") for w in split_words(module.module.rpartition(".")[2])):
        return True
    return not _SAMPLES.isdisjoint(module.path.split("/")[:-1])


def dotted_name(function: Function, qualname: str) -> str:
    """The full name of something with this qualified name in the function's module."""
    module = function.module.module
    return f"{module}.{qualname}" if module else qualname


def short_name(function: Function) -> str:
    """A function's name for traces: with its class, without lambdas."""
    parts = [p for p in function.fact.qualname.split(".") if not p.startswith("<lambda")]
    return ".".join(parts[-2:]) if function.fact.cls else parts[-1] if parts else "<module>"


def shown_value(value: str) -> str:
    """A value as it may have been written, for messages."""
    text = value.lstrip("@%$>").replace("!.", "self.").replace("^.", "cls.")
    text = text.removeprefix("builtins.")
    return values.split("@" + text)[0][1:] if text else "a call"
