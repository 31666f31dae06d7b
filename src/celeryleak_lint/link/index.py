"""The project's functions and classes by name, and an index of all calls by their last name.

Linear in the number of facts; everything that needs resolution is asked for later, and
only for names under suspicion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from celeryleak_lint.model import values
from celeryleak_lint.model.facts import (
    CLASS_BODY,
    LAMBDA,
    CallFact,
    ClassFact,
    FunctionFact,
    ModuleSummary,
)

#: Values of what binds arguments and passes the call on.
PARTIALS = frozenset({"@functools.partial", "@functools.partialmethod"})

#: Methods that change the collection they belong to.
_FILLING = frozenset(
    {"update", "append", "extend", "insert", "setdefault", "pop", "clear", "add", "remove"}
)


@dataclass(slots=True, eq=False)
class Function:
    """One function of the project; ``id`` is its dotted name. Compared by identity."""

    id: str
    fact: FunctionFact
    module: ModuleSummary
    _tables: (
        tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], dict[str, str]] | None
    ) = None

    @property
    def locals(self) -> dict[str, tuple[str, ...]]:
        """All values assigned to each local variable."""
        return (self._tables or self._tabulate())[0]

    @property
    def uses(self) -> dict[str, tuple[str, ...]]:
        """The sinks of each local variable and parameter."""
        return (self._tables or self._tabulate())[1]

    @property
    def types(self) -> dict[str, str]:
        """The annotations of local variables and of attributes of ``self``."""
        return (self._tables or self._tabulate())[2]

    def _tabulate(
        self,
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], dict[str, str]]:
        """Made on demand: most functions are never asked."""
        fact = self.fact
        self._tables = (dict(fact.locals), dict(fact.uses), dict(fact.types))
        return self._tables

    @property
    def name(self) -> str:
        """The last component of the qualified name; empty for a module body."""
        return self.fact.qualname.rpartition(".")[2]

    @property
    def is_module_body(self) -> bool:
        """True for the statements of a module that are in no function."""
        return self.fact.qualname == ""

    @property
    def is_class_body(self) -> bool:
        """True for the statements of a class that are in no method."""
        return bool(self.fact.flags & CLASS_BODY)

    @property
    def is_lambda(self) -> bool:
        """True for a ``lambda``."""
        return bool(self.fact.flags & LAMBDA)

    @property
    def spot_function(self) -> str:
        """The qualified name as the finder sees it: lambdas add no level."""
        return ".".join(p for p in self.fact.qualname.split(".") if not p.startswith("<"))


@dataclass(slots=True, eq=False)
class Class:
    """One class of the project; ``methods`` are its own, by name."""

    id: str
    fact: ClassFact
    module: ModuleSummary
    methods: dict[str, Function] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last component of the qualified name."""
        return self.fact.qualname.rpartition(".")[2]


class Site(msgspec.Struct, frozen=True, gc=False):
    """One call of one function; there are so many that it counts how fast one is made."""

    function: Function
    index: int

    @property
    def call(self) -> CallFact:
        """What is known about the call."""
        return self.function.fact.calls[self.index]


#: Marks of callees that are one value and need no look at local variables.
_WITH_ONE_NAME = frozenset("@!^$#")


@dataclass(slots=True)
class Index:
    """All functions, classes and modules by dotted name, and calls by the last name of their callee.

    When two files claim one module name, both are analysed and the first is what the name means.
    """

    modules: dict[str, ModuleSummary] = field(default_factory=dict)
    bodies: dict[str, Function] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    everything: list[Function] = field(default_factory=list)
    all_classes: list[Class] = field(default_factory=list)
    class_bodies: dict[str, Function] = field(default_factory=dict)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    module_values: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _aliases: dict[str, frozenset[str]] | None = None
    _imported: set[str] | None = None
    _nested: defaultdict[tuple[str, str], list[Function]] | None = None
    _by_tail: dict[str, list[Site]] | None = None
    _references: dict[str, list[tuple[Site, str]]] | None = None
    _changed: frozenset[str] | None = None
    _namesakes: dict[str, list[Function]] = field(default_factory=dict)

    @classmethod
    def of(cls, summaries: Iterable[ModuleSummary]) -> Index:
        """Index summaries in the order given."""
        index = cls()
        for summary in summaries:
            index._add(summary)
        return index

    def _add(self, summary: ModuleSummary) -> None:
        first = summary.module not in self.modules
        if first:
            self.modules[summary.module] = summary
            self.imports[summary.module] = dict(summary.imports)
        prefix = summary.module + "." if summary.module else ""
        owned: dict[str, Class] = {}
        for class_fact in summary.classes:
            made = Class(prefix + class_fact.qualname, class_fact, summary)
            owned[class_fact.qualname] = made
            self.all_classes.append(made)
            if first:
                self.classes.setdefault(made.id, made)
        for fact in summary.functions:
            function = _function(prefix, fact, summary)
            self.everything.append(function)
            if function.is_module_body:
                if first:
                    self.bodies[summary.module] = function
                    self._add_module_values(summary.module, function)
                continue
            owner = owned.get(fact.cls)
            if owner is not None and fact.qualname == f"{fact.cls}.{function.name}":
                owner.methods[function.name] = function
            if function.is_class_body:
                self.class_bodies.setdefault(function.id, function)
            elif first and self.functions.setdefault(function.id, function) is not function:
                self._namesakes.setdefault(function.id, []).append(function)

    def definer(self, function: Function) -> Function | None:
        """The body that runs the ``def`` of a function, with its decorators and defaults."""
        fact = function.fact
        is_method = bool(fact.cls) and fact.qualname == f"{fact.cls}.{function.name}"
        return self._around(
            self.body(function.module, fact.cls if is_method else fact.parent), function
        )

    def class_around(self, function: Function) -> Class | None:
        """The class around a method, or around the method that a nested function stands in."""
        prefix = function.module.module + "." if function.module.module else ""
        return self.classes.get(prefix + function.fact.cls)

    def enclosing(self, function: Function) -> Function | None:
        """The function inside of which another is defined, classes between them left out."""
        parent, module = function.fact.parent, function.module.module
        if not parent:
            return None
        return self._around(
            self.functions.get(f"{module}.{parent}" if module else parent), function
        )

    def _around(self, found: Function | None, inner: Function) -> Function | None:
        """Of all that overloads and branches define under one name, the one that holds ``inner``."""
        if found is None or found.is_module_body or _holds(found, inner):
            return found
        namesakes = self._namesakes.get(found.id, ())
        return next((other for other in namesakes if _holds(other, inner)), None)

    def body(self, module: ModuleSummary, qualname: str) -> Function | None:
        """The class body or function of that name in a module; the module's own for no name."""
        if not qualname:
            return self.bodies.get(module.module)
        name = f"{module.module}.{qualname}" if module.module else qualname
        return self.class_bodies.get(name) or self.functions.get(name)

    def _add_module_values(self, module: str, body: Function) -> None:
        found: dict[str, list[str]] = defaultdict(list)
        prefix = f"@{module}." if module else "@"
        for store in body.fact.stores:
            if store.target.startswith(prefix) and "[]" not in store.target:
                found[store.target[len(prefix) :]].append(store.value)
        self.module_values[module] = dict(found)

    def nested_in(self, function: Function) -> list[Function]:
        """The functions defined directly inside a function."""
        if self._nested is None:
            self._nested = defaultdict(list)
            for candidate in self.everything:
                if candidate.fact.parent:
                    self._nested[candidate.module.path, candidate.fact.parent].append(candidate)
        return self._nested.get((function.module.path, function.fact.qualname), [])

    def inside(self, function: Function) -> list[Function]:
        """The functions defined inside a function, at any depth."""
        found = list(self.nested_in(function))
        for inner in found:
            found += self.nested_in(inner)
        return found

    def is_imported(self, module: str) -> bool:
        """True when another file of the project, tests aside, imports a module."""
        if self._imported is None:
            self._imported = {
                name
                for summary in self.modules.values()
                if not summary.is_test
                for mentioned in summary.mentioned
                for name in (mentioned, mentioned.rpartition(".")[0])
                if name != summary.module
            }
        return module in self._imported

    def changed_globals(self) -> frozenset[str]:
        """Dotted names that functions bind anew, and, with ``[]`` behind them, those they change."""
        if self._changed is None:
            self._changed = frozenset(
                name
                for function in self.everything
                if not (function.is_module_body or function.is_class_body)
                for name in _changed_by(function)
            )
        return self._changed

    def calls_of(self, tail: str) -> list[Site]:
        """All calls whose callee's last name may be ``tail``."""
        if self._by_tail is None:
            self._by_tail = self._index_calls()
        return self._by_tail.get(tail, [])

    def references_to(self, tail: str) -> list[tuple[Site, str]]:
        """All calls that get something whose last name is ``tail`` as an argument, with its label."""
        if self._references is None:
            self._references = self._index_references()
        return self._references.get(tail, [])

    def _index_calls(self) -> dict[str, list[Site]]:
        found: dict[str, list[Site]] = defaultdict(list)
        aliases = self.aliases()
        for function in self.everything:
            for position, call in enumerate(function.fact.calls):
                site = Site(function, position)
                callee = call.callee
                if callee[:1] in _WITH_ONE_NAME:
                    tail = _last_name(callee)
                    found[tail].append(site)
                    if tail not in aliases:
                        continue
                    others: Iterable[str] = dict.fromkeys(aliases[tail])
                else:
                    tail, others = "", dict.fromkeys(self._tails(function, callee))
                for other in others:
                    if other != tail:
                        found[other].append(site)
        return found

    def _tails(self, function: Function, callee: str) -> Iterator[str]:
        for tail in callee_tails(function, callee):
            yield tail
            yield from self.aliases().get(tail, ())

    def aliases(self) -> dict[str, frozenset[str]]:
        """Last names under which something callable is stored, with the last names it has itself.

        ``connect = partial(make, 1)`` and ``self.connect = make`` give ``connect`` the name
        ``make``, ``connect = lambda: ...`` gives it the lambda's.
        """
        if self._aliases is None:
            found: dict[str, set[str]] = defaultdict(set)
            for function in self.everything:
                for store in function.fact.stores:
                    name = store.target.rpartition(".")[2]
                    for value in values.choices(store.value):
                        tail = partial_of(function, value).rpartition(".")[2]
                        if partial_of(function, value)[:1] in "@!^" and tail not in (name, ""):
                            found[name].add(tail)
            self._aliases = {name: frozenset(tails) for name, tails in found.items()}
        return self._aliases

    def _index_references(self) -> dict[str, list[tuple[Site, str]]]:
        found: dict[str, list[tuple[Site, str]]] = defaultdict(list)
        for function in self.everything:
            for position, call in enumerate(function.fact.calls):
                site = Site(function, position)
                for label, value in call.args:
                    mark = value[:1]
                    if mark in "@!^" and len(value) > 1:
                        found[_last_name(value)].append((site, label))
                    elif mark not in "=#$":
                        for tail in _referred(function, value):
                            found[tail].append((site, label))
        return found


def _holds(outer: Function, inner: Function) -> bool:
    """True when one function stands inside the lines of another."""
    return outer.fact.line <= inner.fact.line <= outer.fact.end_line


def _changed_by(function: Function) -> Iterator[str]:
    """Global names and attributes of its own class that a function stores into, or fills."""
    module = f"{function.module.module}." if function.module.module else ""
    for store in function.fact.stores:
        if store.target[:1] == "@":
            yield store.target[1:]
        elif store.target.startswith("^.") and function.fact.cls:
            yield f"{module}{function.fact.cls}{store.target[1:]}"
    for call in function.fact.calls:
        owner, _, method = call.callee.rpartition(".")
        if owner[:1] == "@" and method in _FILLING:
            yield f"{owner[1:]}[]"


def _referred(function: Function, value: str) -> Iterator[str]:
    for root in values.roots(value):
        if root[:1] in "@!^%>" and len(root) > 1:
            yield from callee_tails(function, root)


def partial_of(function: Function, value: str) -> str:
    """What ``functools.partial(f, ...)`` stands for, that is ``f``; any other value itself."""
    if value[:1] == "#" and value[1:].isdigit():
        call = function.fact.calls[int(value[1:])]
        if call.callee in PARTIALS and call.args and call.args[0][0] == "0":
            return call.args[0][1]
    return value


def callee_tails(function: Function, callee: str) -> Iterator[str]:
    """The last names a callee may have, looking through one local alias (``cls = A if x else B``)."""
    for choice in values.choices(callee):
        if choice[:1] in "%>" and "." not in choice and not choice.endswith("[]"):
            for assigned in function.locals.get(choice[1:], ()):
                for inner in values.choices(assigned):
                    meant = partial_of(function, inner)
                    if meant[:1] in "@!^":
                        yield meant.rpartition(".")[2].lstrip("@")
        elif choice[:1] in "@!^%$>#":
            yield _last_name(choice)


def _last_name(value: str) -> str:
    return value[value.rfind(".") + 1 :].lstrip("@%$>")


def _function(prefix: str, fact: FunctionFact, summary: ModuleSummary) -> Function:
    return Function(
        prefix + fact.qualname if fact.qualname else summary.module,
        fact,
        summary,
    )
