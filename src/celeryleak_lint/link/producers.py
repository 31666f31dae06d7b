"""What builds a resource: constructor calls, producers at any depth, owners, and their call sites.

A fixpoint: a function that returns a fresh resource is a producer, its calls build the
resource; a class whose ``__init__`` keeps one is an owner, building the class builds it.
"""

from __future__ import annotations

from collections import defaultdict, deque

import msgspec

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.schema import Exemption, Resource
from celeryleak_lint.link.caching import Caching, fills_what_is_missing
from celeryleak_lint.link.callgraph import CallGraph, Edge
from celeryleak_lint.link.calls import in_order
from celeryleak_lint.link.elements import Class, Function, Site
from celeryleak_lint.link.fates import Fate
from celeryleak_lint.link.flow import Flow
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.options import Demands, hands_in
from celeryleak_lint.link.resolve import Meaning, Resolver
from celeryleak_lint.link.terms import Terms
from celeryleak_lint.model.facts import TYPING, CallFact

_RANK = {"never-released": 0, "until-gc": 1, "cost": 2}

_INITIALISERS = frozenset({"__init__", "__post_init__", "__attrs_post_init__", "model_post_init"})


class Producer(msgspec.Struct, frozen=True):
    """A function that returns, or a class that keeps, what ``build`` builds."""

    function: Function
    build: Build
    cls: Class | None = None

    @property
    def is_owner(self) -> bool:
        """True when what is handed out is an instance that keeps the resource, at any depth."""
        return _holder(self) is not None

    @property
    def shown(self) -> str:
        """Its name for messages."""
        if self.cls is not None:
            return self.cls.name
        return self.function.fact.qualname


def _adds(known: Producer | None, build: Build) -> bool:
    """True when a build makes a producer of what is none yet, or is one under other options only."""
    options = known.build.call.options if known is not None else ()
    return known is None or (bool(options) and options != build.call.options)


def _holder(via: Producer | None) -> Class | None:
    """The class whose instance a producer hands out, when it is not the resource itself."""
    while via is not None:
        if via.cls is not None:
            return via.cls
        via = via.build.via
    return None


def _parts(via: Producer) -> frozenset[str]:
    """The attributes in which the instance that a producer hands out keeps its resource."""
    while via.cls is None and via.build.via is not None:
        via = via.build.via
    return frozenset(place.partition("[")[0] for place in via.build.fate.places)


class Build(msgspec.Struct, frozen=True):
    """One call that builds ``resource``: directly, or through a producer or owner.

    ``lazily`` is true when the call runs only while something kept is missing and the
    result is kept: a cache. ``exemption`` is set when an argument changes the verdict. ``name``
    is the dotted name of what is built, as this project resolves it; ``call`` builds it.
    """

    site: Site
    resource: Resource
    fate: Fate
    via: Producer | None
    lazily: bool
    name: str
    call: CallFact
    exemption: Exemption | None = None

    @property
    def function(self) -> Function:
        """The function in which it is built."""
        return self.site.function

    def chain(self) -> tuple[Build, ...]:
        """This build, then those inside its producers, down to the constructor."""
        found = [self]
        while found[-1].via is not None:
            found.append(found[-1].via.build)
        return tuple(found)


class Production:
    """All builds of a project, found by fixpoint."""

    def __init__(
        self, index: Index, resolver: Resolver, graph: CallGraph, caching: Caching, flow: Flow,
        catalog: Catalog,
    ) -> None:  # fmt: skip
        self.index = index
        self.resolver = resolver
        self.graph = graph
        self.caching = caching
        self.flow = flow
        self.catalog = catalog
        self.terms = Terms(resolver)
        self.demands = Demands(resolver, graph)
        self.builds: list[Build] = []
        self.producers: dict[int, Producer] = {}
        self.owners: dict[str, Producer] = {}
        self.property_reads: list[tuple[Producer, Edge]] = []
        self._sites: dict[tuple[int, int], Build] = {}
        self._through: defaultdict[int, list[Build]] = defaultdict(list)
        self._run()

    def build_at(self, function: Function, index: int) -> Build | None:
        """The build that a call is, if it is one."""
        return self._sites.get((id(function), index))

    def through(self, producer: Producer) -> list[Build]:
        """The builds that get what a producer gives, in the order in which they were found."""
        return self._through.get(id(producer), [])

    def _run(self) -> None:
        direct = sorted(self._constructions(), key=lambda found: _RANK[found[1].effect])
        queue: deque[tuple[Site, Resource, str, Producer | None]] = deque(
            (site, resource, name, None) for site, resource, name in direct
        )
        while queue:
            site, resource, name, via = queue.popleft()
            key = (id(site.function), site.index)
            if key in self._sites or site.call.flags & TYPING:
                continue
            build = self._examine(site, resource, name, via)
            if build is None:
                continue
            self._sites[key] = build
            self.builds.append(build)
            if via is not None:
                self._through[id(via)].append(build)
            for producer in self._spread(build):
                queue.extend(self._sites_of(producer))

    # -- direct constructions --------------------------------------------------------------

    def makers(self) -> frozenset[str]:
        """Last names under which something may be built: of resources, of classes derived from them, of aliases."""
        known = self.catalog.resource_tails | self._resource_classes().keys()
        aliases = self.index.survey.aliases
        return frozenset(known) | {n for n, tails in aliases.items() if not tails.isdisjoint(known)}

    def _constructions(self) -> list[tuple[Site, Resource, str]]:
        found: list[tuple[Site, Resource, str]] = []
        derived = self._resource_classes()
        survey = self.index.survey
        direct = survey.calls.of(
            callee
            for callee, function in survey.calls.callees()
            if self._may_construct(function, callee, derived)
        )
        own = [s for s in survey.calls.of(("^",)) if _own_name(s.function) in derived]
        for site in in_order((direct, survey.labelled, own)):
            if survey.is_idle(site):
                continue
            constructed = self._constructed(site)
            if constructed is not None and constructed[0].report:
                found.append((site, *constructed))
        return found

    def _resource_classes(self) -> dict[str, str]:
        """Names of project classes that derive from a resource or are one, with the resource's name."""
        found: dict[str, str] = {}
        for cls in self.index.all_classes:
            for name in (cls.id, *self.resolver.ancestors(cls)):
                if name.partition(".")[0] in self.catalog.resource_roots and self.catalog.resource(
                    name
                ):
                    found[cls.name] = name
                    break
        return found

    def _may_construct(self, function: Function, callee: str, derived: dict[str, str]) -> bool:
        """A cheap test that drops nearly all callees before anything is resolved."""
        if callee[:1] == "@":
            return self._means_resource(function, callee, derived)
        if self._may_be_resource(callee.rpartition(".")[2].lstrip("%>"), derived):
            return True
        return callee[:1] == "%" and "." not in callee

    def _means_resource(self, function: Function, callee: str, derived: dict[str, str]) -> bool:
        """Whether a global name means a resource; that is the same in every function."""
        if callee.startswith("@builtins."):
            return callee == "@builtins.open"
        is_named = (
            self.catalog.open_roots
            or callee[1:].partition(".")[0] in self.catalog.resource_roots
            or self._may_be_resource(callee.rpartition(".")[2].lstrip("@"), derived)
        )
        return is_named and any(
            self._built_by(meaning) is not None
            for meaning in self.resolver.meanings(function, callee)
        )

    def _may_be_resource(self, tail: str, derived: dict[str, str]) -> bool:
        """True for a last name that a resource or a class derived from one has, or is stored under."""
        tails = self.catalog.resource_tails
        if tail in tails or tail in derived:
            return True
        return any(
            name in tails or name in derived for name in self.index.survey.aliases.get(tail, ())
        )

    def _constructed(self, site: Site) -> tuple[Resource, str] | None:
        """The resource a call builds, and the name under which it is built."""
        for meaning in self.resolver.meanings(site.function, site.callee):
            for conditional in self.catalog.conditional(meaning.name):
                if self.terms.meets(site.call, conditional):
                    return conditional, meaning.name
            row = self._built_by(meaning)
            if row is not None:
                return row, meaning.name
        return None

    def _built_by(self, meaning: Meaning) -> Resource | None:
        """The resource that a call of something builds, whatever its arguments are."""
        if meaning.kind not in ("external", "class"):
            return None
        row = self._row(meaning.name)
        if row is None and meaning.cls is not None:
            rows = map(self._row, self.resolver.ancestors(meaning.cls))
            row = next((found for found in rows if found is not None), None)
        return row

    def _row(self, name: str) -> Resource | None:
        if (
            name.partition(".")[0] not in self.catalog.resource_roots
            and not self.catalog.open_roots
        ):
            return None
        return self.catalog.resource(name)

    # -- fixpoint --------------------------------------------------------------------------

    def _examine(
        self, site: Site, resource: Resource, name: str, via: Producer | None
    ) -> Build | None:
        exemption = self.terms.exempted(site, resource) if via is None else None
        if exemption is not None and exemption.then == "silent":
            return None
        holder = _holder(via)
        parts = frozenset() if via is None or holder is None else _parts(via)
        own = resource if holder is None else None
        fate = self.flow.fate(site.function, site.index, own, parts)
        if holder is not None:
            self._owner_closing(holder, fate)
        kept = fate.is_kept or "self" in fate.ends
        lazily = kept and fills_what_is_missing(site.function, site.call, fate.places)
        return Build(site, resource, fate, via, lazily, name, site.call, exemption)

    def _owner_closing(self, cls: Class, fate: Fate) -> None:
        """``with Owner()`` closes only when the class says how."""
        if "with" in fate.ends and not any(
            self.resolver.method(cls, name) for name in ("__exit__", "__aexit__")
        ):
            fate.ends.discard("with")
            fate.ends.add("closed")

    def _spread(self, build: Build) -> list[Producer]:
        """The producers and owners that this build makes of the function it is in."""
        function, ends = build.function, build.fate.ends
        if build.lazily or function.is_module_body or function.module.is_test:
            return []
        found: list[Producer] = []
        if "returned" in ends and not build.fate.is_kept and not ends & {"self", "closed", "with"}:
            if _adds(self.producers.get(id(function)), build) and not self.caching.memo(function):
                producer = Producer(function, build)
                self.producers[id(function)] = producer
                found.append(producer)
        owner = self._owner_of(build)
        if owner and owner.cls and _adds(self.owners.get(owner.cls.id), build):
            self.owners[owner.cls.id] = owner
            found.append(owner)
        return found

    def _owner_of(self, build: Build) -> Producer | None:
        function = build.function
        cls = self.graph.owner(function)
        if cls is None or "self" not in build.fate.ends or build.fate.is_kept:
            return None
        if self.caching.is_singleton(cls):
            return None
        if function.name in _INITIALISERS or self.is_only_from_init(function):
            return Producer(function, build, cls)
        return None

    def is_only_from_init(self, function: Function) -> bool:
        """True for a method that only constructors of its own class call."""
        callers = self.graph.callers(function)
        return bool(callers) and all(
            edge.function.name in _INITIALISERS and edge.function.fact.cls == function.fact.cls
            for edge in callers
        )

    def _sites_of(self, producer: Producer) -> list[tuple[Site, Resource, str, Producer]]:
        resource, name = producer.build.resource, producer.build.name
        cls = producer.cls
        edges = self.owner_builders(cls) if cls else list(self.graph.callers(producer.function))
        own = {id(edge) for edge in (self.graph.builders(cls) if cls else edges)}
        found: list[tuple[Site, Resource, str, Producer]] = []
        for edge in edges:
            if edge.site is not None and self._builds_nothing(
                producer, edge.site, is_own=id(edge) in own
            ):
                continue
            if edge.site is not None:
                found.append((edge.site, resource, name, producer))
            else:
                self.property_reads.append((producer, edge))
        return found

    def _builds_nothing(self, producer: Producer, site: Site, *, is_own: bool) -> bool:
        """True when a call hands in what the producer would build, or leaves off what makes it build.

        ``is_own`` is false for a derived class, whose constructor may turn options on.
        """
        function, build, call = producer.function, producer.build.call, site.call
        if hands_in(function, call, build.guards):
            return True
        if not is_own:
            return False
        if producer.cls is None or function.name in _INITIALISERS:
            return self.demands.leaves_off(function, call, build.options, site.function)
        return any(
            self.demands.leaves_off(edge.function, call, edge.site.call.options, site.function)
            for edge in self.graph.callers(function)
            if edge.site is not None
        )

    def owner_builders(self, cls: Class) -> list[Edge]:
        """Every call that runs the constructor in which ``cls`` builds its resource."""
        edges = list(self.graph.builders(cls))
        init = self.resolver.method(cls, "__init__")
        for derived in self.graph.subclasses(cls):
            if self.caching.is_singleton(derived):
                continue
            if self.resolver.method(derived, "__init__") is init or self._calls_super_init(derived):
                edges += self.graph.builders(derived)
        return edges

    @staticmethod
    def _calls_super_init(derived: Class) -> bool:
        init = derived.methods.get("__init__")
        return init is not None and any(call.name == "__init__" for call in init.fact.calls)


def _own_name(function: Function) -> str:
    """The name of the class that a method belongs to."""
    return function.fact.cls.rpartition(".")[2]
