"""A linked project: everything rules may ask, in one immutable handle."""

from __future__ import annotations

from collections.abc import Iterable

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.link.caching import Caching
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.flow import Flow
from celeryleak_lint.link.heat import Thermometer
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.origins import Origins
from celeryleak_lint.link.producers import Production
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.link.roots import separate
from celeryleak_lint.model.facts import ModuleSummary


class Project:
    """Names, calls, fates, heat and builds of all files of a run."""

    __slots__ = ("caching", "catalog", "flow", "graph", "heat", "index", "origins", "production", "resolver")

    def __init__(self, summaries: Iterable[ModuleSummary], catalog: Catalog) -> None:
        self.catalog = catalog
        self.index = Index.of(separate(tuple(summaries)))
        self.resolver = Resolver(self.index, catalog)
        self.graph = CallGraph(self.index, self.resolver)
        self.caching = Caching(self.resolver, self.graph, catalog)
        self.flow = Flow(self.resolver, catalog)
        self.heat = Thermometer(self.resolver, self.graph, self.caching, self.flow, catalog)
        self.origins = Origins(catalog, self.resolver.binder)
        self.production = Production(
            self.index, self.resolver, self.graph, self.caching, self.flow, catalog
        )
