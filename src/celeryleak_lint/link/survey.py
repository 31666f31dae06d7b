"""One look at all bodies: under which names things are called, handed on, read, stored and filled.

Every body is decoded once for it and let go again. What is kept are names and places, so
that later questions open only the few bodies that a name under suspicion leads to. Knows
nothing of what a name means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from celeryleak_lint.link.bases import bases
from celeryleak_lint.link.bodies import (
    attributes_in,
    callee_tails,
    last_name,
    partial_of,
)
from celeryleak_lint.link.calls import Calls, place_of
from celeryleak_lint.link.elements import Class, Function, Mention, Site
from celeryleak_lint.link.prospects import Prospects
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import FunctionBody, StoreFact, unpacked

#: Methods that change the collection they belong to.
_FILLING = frozenset(
    {"update", "append", "extend", "insert", "setdefault", "pop", "clear", "add", "remove"}
)
#: What an argument tells: last names of functions, variables that may stand for one, attributes.
_Told = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_MOST_TOLD = 20_000
_NOTHING: _Told = ((), (), ())


@dataclass(slots=True)
class Asked:
    """Which questions a survey was asked: only they can make a difference to what was found."""

    references: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    texts: set[str] = field(default_factory=set)


class Survey:
    """Tables over all functions; each list is in the order of the functions and their calls.

    ``calls`` are all calls, ``labelled`` those with an argument under one of ``labels``.
    ``aliases`` are last names under which something callable is stored, with the last names
    it has itself: ``connect = partial(make, 1)`` and ``self.connect = make`` give
    ``connect`` the name ``make``. ``attributes`` are the values that a method, by its
    number, stores in attributes of its instance, annotations with a colon in front.
    ``changed`` are dotted names that functions bind anew and, with ``[]`` behind them, those
    they change; ``emptied`` those they set to ``None``. ``stored`` are the functions that
    store something under a last name or key, ``bases`` what a function may fill or empty.
    """

    def __init__(
        self, functions: Sequence[Function], classes: Iterable[Class], labels: AbstractSet[str],
        prospects: Prospects | None = None,
    ) -> None:  # fmt: skip
        self.calls = Calls(functions)
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
        self._idle: set[int] = set()
        self._everything = functions
        self._stored_as: dict[str, list[str]] | None = None
        self._calls_of: dict[str, list[Site]] = {}
        self._told: dict[str, _Told] = {}
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
        return place_of(site.function, site.index) in self._idle

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
        known = self._calls_of.get(tail)
        if known is None:
            known = self._calls_of[tail] = self.calls.named((tail, *self._names_for(tail)))
        return known

    def asked_calls(self) -> frozenset[str]:
        """The last names whose calls were asked for."""
        return frozenset(self._calls_of)

    def _names_for(self, tail: str) -> Sequence[str]:
        """The last names under which something with this last name is stored."""
        if self._stored_as is None:
            self._stored_as = defaultdict(list)
            for name, tails in self.aliases.items():
                for meant in tails:
                    self._stored_as[meant].append(name)
        return self._stored_as.get(tail, ())

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
        told, prospects = self._told, self._prospects
        self.calls.take(function, body)
        if prospects is not None:
            idle = prospects.idle(function.fact, body)
            self._idle.update([place_of(function, index) for index in idle])
        for position, call in enumerate(body.calls):
            for label, value in call.args:
                if label in self._labels:
                    self.labelled.append(Site(function, position, call.callee))
                if value[0] != "=":
                    what = told.get(value)
                    if what is None:
                        what = self._learn(value)
                    if what is not _NOTHING:
                        site = Site(function, position, call.callee)
                        self._argument(body, Mention(site, label, value), what)

    def _argument(self, body: FunctionBody, mention: Mention, what: _Told) -> None:
        names, variables, attributes = what
        for name in names:
            self.references[name].append(mention)
        for variable in variables:
            for name in callee_tails(body, variable):
                if name in self._named:
                    self.references[name].append(mention)
        for attribute in attributes:
            self._readers[attribute].add(mention.site.function.number)

    def _learn(self, value: str) -> _Told:
        if len(self._told) > _MOST_TOLD:
            self._told.clear()  # what is near is asked again, what is far is only kept
        what = self._told[value] = self._what_is_told(value)
        return what

    def _what_is_told(self, value: str) -> _Told:
        attributes = self._mentions(value)
        roots = values.roots(value) if value[0] not in "#$" else ()
        variables = tuple([root for root in roots if root[:1] in ("%", ">") and "." not in root])
        direct = [last_name(r) for r in roots if r[:1] in "@!^%>" and r not in variables]
        names = tuple([name for name in direct if name in self._named and name])
        return (names, variables, attributes) if names or variables or attributes else _NOTHING

    def _look_at_callees(self) -> None:
        """What is the same for all calls of one thing is said of each once."""
        for callee, _ in self.calls.callees():
            for attribute in self._mentions(callee):
                self._readers[attribute].update(self.calls.numbers(callee))
            owner, _, method = callee.rpartition(".")
            if callee[:1] == "@" and method in _FILLING:
                callers = (self._everything[number] for number in self.calls.numbers(callee))
                if any(not caller.runs_once for caller in callers):
                    self.changed.add(f"{owner[1:]}[]")

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
