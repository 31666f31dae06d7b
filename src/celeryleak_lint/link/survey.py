"""One look at all bodies: under which names things are called, handed on, read, stored and filled.

Every body is decoded once for it and let go again. What is kept are names and places, so
that later questions open only the few bodies that a name under suspicion leads to. Knows
nothing of what a name means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from celeryleak_lint.link.bases import bases
from celeryleak_lint.link.bodies import (
    attributes_in,
    callee_tails,
    last_name,
    partial_of,
    referred,
)
from celeryleak_lint.link.elements import Class, Function, Mention, Site
from celeryleak_lint.link.prospects import Prospects
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import FunctionBody, StoreFact, unpacked

#: Methods that change the collection they belong to.
_FILLING = frozenset(
    {"update", "append", "extend", "insert", "setdefault", "pop", "clear", "add", "remove"}
)
#: Marks of callees that are one value and need no look at local variables.
_WITH_ONE_NAME = frozenset("@!^$#")
#: Stands for an argument whose name depends on local variables.
_DEPENDS = "?"
_MOST_TOLD = 20_000
_NOTHING: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(slots=True)
class Asked:
    """Which questions a survey was asked: only they can make a difference to what was found."""

    references: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    texts: set[str] = field(default_factory=set)


class Survey:
    """Tables over all functions; each list is in the order of the functions and their calls.

    ``callees`` are all calls by the value of what is called. ``labelled`` are those with an
    argument under one of ``labels``. ``aliases`` are last names under which something
    callable is stored, with the last names it has itself: ``connect = partial(make, 1)``
    and ``self.connect = make`` give ``connect`` the name ``make``. ``attributes`` are the
    values that a method, by its number, stores in attributes of its instance, annotations
    with a colon in front. ``changed`` are dotted names that functions bind anew and, with
    ``[]`` behind them, those they change; ``emptied`` those they set to ``None``.
    ``stored`` are the functions that store something under a last name or key, ``bases``
    what a function may fill or empty.
    """

    def __init__(
        self, functions: Sequence[Function], classes: Iterable[Class], labels: AbstractSet[str],
        prospects: Prospects | None = None,
    ) -> None:  # fmt: skip
        self.callees: dict[str, list[Site]] = {}
        self.labelled: list[Site] = []
        self.aliases: dict[str, set[str]] = defaultdict(set)
        self.references: dict[str, list[Mention]] = defaultdict(list)
        self.attributes: dict[int, list[tuple[str, str]]] = {}
        self.changed: set[str] = set()
        self.emptied: list[tuple[Function, str]] = []
        self.stored: dict[str, list[Function]] = defaultdict(list)
        self.bases: list[tuple[Function, tuple[str, ...]]] = []
        self.asked = Asked()
        self._module_names: dict[str, dict[str, list[str]]] = {}
        self._annotations: dict[str, dict[str, str]] = {}
        self._labels = labels
        self._prospects = prospects
        self._idle: set[tuple[int, int]] = set()
        self._everything = functions
        self._callees_named: dict[str, list[str]] = defaultdict(list)
        self._through_locals: dict[str, list[Site]] = defaultdict(list)
        self._stored_as: dict[str, list[str]] | None = None
        self._calls: dict[str, list[Site]] = {}
        self._told: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._readers: dict[str, set[int]] = defaultdict(set)
        self._named = {function.name for function in functions}
        self._wanted = {
            name
            for cls in classes
            for name, method in cls.methods.items()
            if method.fact.decorators
        }
        for function in functions:
            self._look(function, unpacked(function.fact.packed))
        self._look_at_callees()
        self._told.clear()

    def references_to(self, name: str) -> list[Mention]:
        """The arguments that have the last name of a function."""
        self.asked.references.add(name)
        return self.references.get(name, [])

    def readers(self, name: str) -> list[Function]:
        """The functions that may read an attribute which some class defines as a decorated method."""
        self.asked.readers.add(name)
        return [self._everything[number] for number in sorted(self._readers.get(name, ()))]

    def is_idle(self, site: Site) -> bool:
        """True for a call that surely calls nothing that the project or the catalog knows."""
        return (site.function.number, site.index) in self._idle

    def assigned(self, module: str, name: str) -> Sequence[str]:
        """The values that the body of a module assigns to a name."""
        self.asked.names[module].add(name)
        return self._module_names.get(module, {}).get(name, ())

    def annotation(self, module: str, name: str) -> str:
        """The annotation of a module-level name; empty when it has none."""
        self.asked.names[module].add(name)
        return self._annotations.get(module, {}).get(name, "")

    def calls_of(self, tail: str) -> list[Site]:
        """All calls whose callee's last name may be ``tail``, those under an alias included."""
        known = self._calls.get(tail)
        if known is None:
            known = self._calls[tail] = self._find_calls(tail)
        return known

    def asked_calls(self) -> frozenset[str]:
        """The last names whose calls were asked for."""
        return frozenset(self._calls)

    def _find_calls(self, tail: str) -> list[Site]:
        if self._stored_as is None:
            self._stored_as = defaultdict(list)
            for name, tails in self.aliases.items():
                for meant in tails:
                    self._stored_as[meant].append(name)
        names = (tail, *self._stored_as.get(tail, ()))
        lists = [sites for name in names for sites in self._called(name)]
        return lists[0] if len(lists) == 1 else in_order(lists)

    def _called(self, tail: str) -> Iterator[list[Site]]:
        for callee in self._callees_named.get(tail, ()):
            yield self.callees[callee]
        if tail in self._through_locals:
            yield self._through_locals[tail]

    # -- the look --------------------------------------------------------------------------

    def _look(self, function: Function, body: FunctionBody) -> None:
        if function.is_module_body and function.module.module not in self._module_names:
            self._module_names[function.module.module] = module_names(
                function.module.module, body.stores
            )
            self._annotations[function.module.module] = dict(body.types)
        for attribute, _ in body.reads:
            if attribute in self._wanted:
                self._readers[attribute].add(function.number)
        if body.calls:
            self._look_at_calls(function, body)
        if body.stores:
            self._look_at_stores(function, body)
        for name, annotation in body.types:
            if name[:2] == "!.":
                self.attributes.setdefault(function.number, []).append((name[2:], ":" + annotation))
        if not function.module.is_test and (body.calls or body.stores):
            found = bases(body, runs_once=function.runs_once)
            if found:
                self.bases.append((function, tuple(found)))

    def _look_at_calls(self, function: Function, body: FunctionBody) -> None:
        callees, told, prospects = self.callees, self._told, self._prospects
        for position, call in enumerate(body.calls):
            callee = call.callee
            site = Site(function, position, callee)
            sites = callees.get(callee)
            if sites is None:
                sites = self._new_callee(callee)
            sites.append(site)
            if callee[:1] not in _WITH_ONE_NAME:
                self._called_through_locals(body, site)
            if prospects is not None and prospects.is_idle(function.fact, body, callee):
                self._idle.add((function.number, position))
            for label, value in call.args:
                if label in self._labels:
                    self.labelled.append(site)
                if value[:1] != "=":
                    what = told.get(value)
                    if what is None:
                        what = self._learn(value)
                    if what is not _NOTHING:
                        self._argument(body, site, label, value, what)

    def _called_through_locals(self, body: FunctionBody, site: Site) -> None:
        for tail in dict.fromkeys(callee_tails(body, site.callee)):
            self._through_locals[tail].append(site)

    def _new_callee(self, callee: str) -> list[Site]:
        sites = self.callees[callee] = []
        if callee[:1] in _WITH_ONE_NAME:
            self._callees_named[last_name(callee)].append(callee)
        return sites

    def _argument(
        self, body: FunctionBody, site: Site, label: str, value: str,
        what: tuple[str, tuple[str, ...]],
    ) -> None:  # fmt: skip
        name, mentioned = what
        if name == _DEPENDS:
            for inner in referred(body, value):
                if inner in self._named:
                    self.references[inner].append(Mention(site, label, value))
        elif name:
            self.references[name].append(Mention(site, label, value))
        for attribute in mentioned:
            self._readers[attribute].add(site.function.number)

    def _learn(self, value: str) -> tuple[str, tuple[str, ...]]:
        if len(self._told) > _MOST_TOLD:
            self._told.clear()  # what is near is asked again, what is far is only kept
        what = self._told[value] = self._what_is_told(value)
        return what

    def _what_is_told(self, value: str) -> tuple[str, tuple[str, ...]]:
        """The name under which an argument refers to a function, and the attributes it mentions."""
        name, mentioned = self._argument_name(value), self._mentions(value)
        return (name, mentioned) if name or mentioned else _NOTHING

    def _look_at_callees(self) -> None:
        """What is the same for all calls of one thing is said of each once."""
        for callee, sites in self.callees.items():
            for attribute in self._mentions(callee):
                self._readers[attribute].update(site.function.number for site in sites)
            owner, _, method = callee.rpartition(".")
            if callee[:1] == "@" and method in _FILLING:
                if any(not s.function.runs_once for s in sites):
                    self.changed.add(f"{owner[1:]}[]")

    def _argument_name(self, value: str) -> str:
        """The last name of an argument if a function has it; empty for none, ``_DEPENDS`` for compounds."""
        mark = value[:1]
        if mark in "@!^" and len(value) > 1:
            name = last_name(value)
            return name if name in self._named else ""
        return "" if mark in "#$" else _DEPENDS

    def _mentions(self, value: str) -> tuple[str, ...]:
        if "." not in value:
            return ()
        return tuple(self._wanted.intersection(attributes_in(value)))

    def _look_at_stores(self, function: Function, body: FunctionBody) -> None:
        for store in body.stores:
            target, value = store.target, store.value
            name = target[target.rfind(".") + 1 :]
            for choice in values.choices(value):
                meant = partial_of(body, choice)
                if meant[:1] in "@!^":
                    tail = meant[meant.rfind(".") + 1 :]
                    if tail not in (name, ""):
                        self.aliases[name].add(tail)
            for attribute in self._mentions(value):
                self._readers[attribute].add(function.number)
            if target[-2:] == "[]":
                name = store.key[1:] if store.key[:1] == "=" else ""
            functions = self.stored[name.lstrip("@")]
            if not functions or functions[-1] is not function:
                functions.append(function)
            if target[:2] in ("!.", "^."):
                self._kept(function, store)
            if not function.is_module_body:
                self._bound(function, store)

    def _kept(self, function: Function, store: StoreFact) -> None:
        target = store.target
        if target.count(".") == 1 and "[]" not in target and not store.augmented:
            self.attributes.setdefault(function.number, []).append((target[2:], store.value))

    def _bound(self, function: Function, store: StoreFact) -> None:
        target, is_global = store.target, store.target[:1] == "@"
        if is_global and store.value == "=None":
            self.emptied.append((function, target))
        if function.is_class_body:
            return
        if is_global:
            self.changed.add(target[1:])
        elif target[:2] == "^." and function.fact.cls:
            module = f"{function.module.module}." if function.module.module else ""
            self.changed.add(f"{module}{function.fact.cls}{target[1:]}")


def module_names(module: str, stores: Iterable[StoreFact]) -> dict[str, list[str]]:
    """What the body of a module assigns to its names."""
    found: dict[str, list[str]] = defaultdict(list)
    prefix = f"@{module}." if module else "@"
    for store in stores:
        if store.target.startswith(prefix) and "[]" not in store.target:
            found[store.target[len(prefix) :]].append(store.value)
    return dict(found)


def in_order(lists: Iterable[list[Site]]) -> list[Site]:
    """The sites of all lists, each once, in the order of the functions and their calls."""
    places = {(site.function.number, site.index): site for sites in lists for site in sites}
    return [places[place] for place in sorted(places)]
