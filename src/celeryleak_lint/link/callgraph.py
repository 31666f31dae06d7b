"""Who calls whom: by resolved names, through properties, constructors and overridden methods."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.bodies import PARTIALS, last_name
from celeryleak_lint.link.elements import Class, Function, Mention, Site
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values


class Edge(msgspec.Struct, frozen=True):
    """``function`` makes the callee run at ``line``; ``site`` is the call, if it is one.

    ``through`` says how when it is no plain call: ``"property"``, ``"argument"`` (handed to
    a call as ``label``) or ``"override"`` (a base class's method is called).
    """

    function: Function
    line: int
    column: int
    site: Site | None
    through: str = ""
    label: str = ""


class CallGraph:
    """Answers who may call a function or build a class; remembers every answer."""

    def __init__(self, index: Index, resolver: Resolver) -> None:
        self.index = index
        self.resolver = resolver
        self._callers: dict[int, tuple[Edge, ...]] = {}
        self._builders: dict[str, tuple[Edge, ...]] = {}
        self._handed: dict[int, tuple[Edge, ...]] = {}
        self._called: dict[str, list[tuple[Site, tuple[Function, ...]]]] = {}
        self._by_own_class: dict[int, list[Site]] | None = None
        self._subclasses: dict[str, list[Class]] | None = None

    def callers(self, function: Function) -> tuple[Edge, ...]:
        """Every place that makes ``function`` run, by call, property read or construction."""
        known = self._callers.get(id(function))
        if known is None:
            self._callers[id(function)] = ()
            known = self._callers[id(function)] = tuple(self._find_callers(function))
        return known

    def builders(self, cls: Class) -> tuple[Edge, ...]:
        """Every call that builds an instance of exactly ``cls``."""
        known = self._builders.get(cls.id)
        if known is None:
            sites = [site for site in self._sites(cls.name) if self._builds(site, cls)]
            sites += self._own_builds().get(id(cls), ())
            known = self._builders[cls.id] = tuple(
                Edge(site.function, site.call.line, site.call.column, site) for site in sites
            )
        return known

    def _own_builds(self) -> dict[int, list[Site]]:
        """Calls of ``cls`` itself, by the identity of the class that it is."""
        if self._by_own_class is None:
            self._by_own_class = defaultdict(list)
            for site in self._sites("^"):
                meanings = self.resolver.meanings(site.function, site.callee)
                for built in {id(m.cls) for m in meanings if m.kind == "class" and m.cls}:
                    self._by_own_class[built].append(site)
        return self._by_own_class

    def is_built(self, cls: Class) -> bool:
        """True when code of the project builds instances of ``cls`` or of what derives from it, tests aside."""
        family = (cls, *self.subclasses(cls))
        return any(
            not edge.function.module.is_test for member in family for edge in self.builders(member)
        )

    def handed(self, function: Function) -> tuple[Edge, ...]:
        """Every call that gets ``function`` itself as an argument, ``partial`` seen through."""
        known = self._handed.get(id(function))
        if known is None:
            self._handed[id(function)] = ()
            known = self._handed[id(function)] = tuple(self._find_handed(function))
        return known

    def is_called_by_name(self, function: Function) -> bool:
        """``self._usage_tracker.add(...)``: what is called a tracker may be the ``UsageTracker``; tests do not count."""
        owner = self.owner(function)
        words = split_words(owner.name) if owner is not None else ()
        for site in self.index.calls_of(function.name) if words else ():
            told = split_words(last_name(site.callee.rpartition(".")[0]))
            if told and words[-len(told) :] == told and not site.function.module.is_test:
                return True
        return False

    def subclasses(self, cls: Class) -> tuple[Class, ...]:
        """All classes of the project that derive from ``cls``, at any depth."""
        if self._subclasses is None:
            table: dict[str, list[Class]] = defaultdict(list)
            for candidate in self.index.all_classes:
                for ancestor in self.resolver.ancestors(candidate):
                    table[ancestor].append(candidate)
            self._subclasses = table
        return tuple(self._subclasses.get(cls.id, ()))

    def owner(self, function: Function) -> Class | None:
        """The class that ``function`` is a method of."""
        if (
            not function.fact.cls
            or function.fact.qualname != f"{function.fact.cls}.{function.name}"
        ):
            return None
        prefix = function.module.module + "." if function.module.module else ""
        return self.index.classes.get(prefix + function.fact.cls)

    def _sites(self, tail: str) -> list[Site]:
        return self.index.calls_of(tail)

    def _builds(self, site: Site, cls: Class) -> bool:
        return any(
            meaning.kind == "class" and meaning.cls is cls
            for meaning in self.resolver.meanings(site.function, site.callee)
        )

    def _find_callers(self, function: Function) -> list[Edge]:
        owner = self.owner(function)
        if function.name in ("__init__", "__new__", "__post_init__") and owner is not None:
            return self._constructions(owner, function)
        if function.is_module_body:
            return []
        edges: list[Edge] = []
        for site, called in self._resolved(function.name):
            through = self._calls(called, function, owner)
            if through is not None:
                edges.append(Edge(site.function, site.call.line, site.call.column, site, through))
        if owner is not None and self.resolver.is_property(function):
            edges += self._property_reads(function, owner)
        return edges

    def _resolved(self, tail: str) -> list[tuple[Site, tuple[Function, ...]]]:
        """The sites under a last name that call functions of the project, with these functions."""
        known = self._called.get(tail)
        if known is None:
            resolved = ((site, self._functions_at(site)) for site in self._sites(tail))
            known = self._called[tail] = [(site, called) for site, called in resolved if called]
        return known

    def _functions_at(self, site: Site) -> tuple[Function, ...]:
        if self.index.survey.is_idle(site):
            return ()
        meanings = self.resolver.meanings(site.function, site.callee)
        return tuple([m.function for m in meanings if m.function is not None]) if meanings else ()

    def _calls(
        self, called: tuple[Function, ...], function: Function, owner: Class | None
    ) -> str | None:
        """How a site that calls these calls ``function``: ``""`` plainly, ``"override"``, or not at all (``None``)."""
        for other in called:
            if other is function:
                return ""
            base = self.owner(other) if owner is not None else None
            if base is not None and owner is not None and base.id in self.resolver.ancestors(owner):
                return "override"
        return None

    def _constructions(self, cls: Class, function: Function) -> list[Edge]:
        edges = list(self.builders(cls))
        for derived in self.subclasses(cls):
            if self.resolver.method(derived, function.name) is function:
                edges += self.builders(derived)
        for site, called in self._resolved(function.name):
            if site.function is not function and function in called:
                edges.append(Edge(site.function, site.call.line, site.call.column, site))
        return edges

    def _property_reads(self, function: Function, owner: Class) -> list[Edge]:
        family = {owner.id, *(derived.id for derived in self.subclasses(owner))}
        return [
            Edge(reader, line, 0, None, "property")
            for reader in self.index.survey.readers(function.name)
            for line in self._reads(reader, function.name, family)
        ]

    def _reads(self, reader: Function, name: str, family: set[str]) -> list[int]:
        """Lines on which ``reader`` reads property ``name`` of an instance in ``family``."""
        found: dict[int, None] = {}
        if any(attribute == name for attribute, _ in reader.fact.reads):
            if self._is_family(reader, values.SELF, family):
                found.update({line: None for attr, line in reader.fact.reads if attr == name})
        mark = "." + name
        for call in reader.fact.calls:
            for value in (call.callee, *(value for _, value in call.args)):
                if mark in value and self._reads_in(reader, value, name, family):
                    found[call.line] = None
        for store in reader.fact.stores:
            if mark in store.value and self._reads_in(reader, store.value, name, family):
                found[store.line] = None
        return list(found)

    def _reads_in(self, reader: Function, value: str, name: str, family: set[str]) -> bool:
        for root in values.roots(value):
            before, found, after = root.partition("." + name)
            if found and (not after or after[0] in ".["):
                if self._is_family(reader, before, family):
                    return True
        return False

    def _is_family(self, reader: Function, value: str, family: set[str]) -> bool:
        return any(
            meaning.kind == "instance" and meaning.name in family
            for meaning in self.resolver.meanings(reader, value)
        )

    def _find_handed(self, function: Function) -> list[Edge]:
        edges: list[Edge] = []
        if function.is_lambda:
            mentions = self._mentions_of_lambda(function)
        else:
            mentions = [
                mention
                for mention in self.index.references_to(function.name)
                if self._is_argument(mention, function)
            ]
        for mention in mentions:
            edges += self._passed_on(mention.site, mention.label)
        return edges

    def _mentions_of_lambda(self, function: Function) -> list[Mention]:
        tail = "@" + function.id
        named = self.index.references_to(function.id.rpartition(".")[2])
        return [mention for mention in named if mention.value == tail]

    def _is_argument(self, mention: Mention, function: Function) -> bool:
        owner = self.owner(function)
        for root in values.roots(mention.value):
            for meaning in self.resolver.meanings(mention.site.function, root):
                if meaning.function is function:
                    return True
                if meaning.function is not None and owner is not None:
                    base = self.owner(meaning.function)
                    if base is not None and base.id in self.resolver.ancestors(owner):
                        return True
        return False

    def _passed_on(self, site: Site, label: str) -> list[Edge]:
        """The call that finally gets the function: ``partial(f, x)`` passes it on."""
        call = site.call
        edge = Edge(site.function, call.line, call.column, site, "argument", label)
        if call.callee not in PARTIALS:
            return [edge]
        onward = [sink.split(" ") for sink in call.sinks if sink.startswith("arg ")]
        return [
            Edge(site.function, call.line, call.column, _site(site.function, int(parts[1])), "argument", parts[2])
            for parts in onward
        ] or [edge]  # fmt: skip


def _site(function: Function, index: int) -> Site:
    return Site(function, index, function.fact.calls[index].callee)
