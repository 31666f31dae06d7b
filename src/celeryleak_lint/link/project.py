"""A linked project: everything rules may ask, in one immutable handle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.link.caching import Caching
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.configuration import Configuration
from celeryleak_lint.link.flow import Flow
from celeryleak_lint.link.growth import GrowthFacts
from celeryleak_lint.link.heat import Thermometer
from celeryleak_lint.link.holdings import Holdings
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.keys import Keys
from celeryleak_lint.link.lifetimes import Lifetimes
from celeryleak_lint.link.origins import Origins
from celeryleak_lint.link.processes import Processes
from celeryleak_lint.link.producers import Production
from celeryleak_lint.link.prospects import Outside
from celeryleak_lint.link.recycling import Recycling
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.link.roots import separate
from celeryleak_lint.model.deploy import DeployFacts
from celeryleak_lint.model.facts import ModuleSummary

Answer = TypeVar("Answer")


class Project:
    """Names, calls, fates, heat and builds of all files of a run.

    ``hears_doubts`` is false when nobody wants to know of what is only possible: a rule may
    then leave out of such a suspect what takes time to find, its chain of callers.
    """

    __slots__ = (
        "_answers",
        "caching",
        "catalog",
        "configuration",
        "deploy",
        "flow",
        "graph",
        "growth",
        "hears_doubts",
        "heat",
        "holdings",
        "index",
        "keys",
        "lifetimes",
        "origins",
        "processes",
        "production",
        "renamed",
        "resolver",
    )  # fmt: skip

    def __init__(
        self,
        summaries: Iterable[ModuleSummary],
        catalog: Catalog,
        deploy: DeployFacts | None = None,
        *,
        hears_doubts: bool = True,
    ) -> None:
        self.catalog = catalog
        self.hears_doubts = hears_doubts
        self.deploy = deploy if deploy is not None else DeployFacts()
        given = tuple(summaries)
        separated = separate(given)
        self.renamed = frozenset(
            new.path for new, old in zip(separated, given, strict=True) if new is not old
        )
        outside = Outside(
            catalog.resource_tails, lambda dotted: catalog.resource(dotted) is not None
        )
        self.index = Index.of(separated, catalog.conditions, outside)
        self.resolver = Resolver(self.index, catalog)
        self.graph = CallGraph(self.index, self.resolver)
        self.caching = Caching(self.resolver, self.graph, catalog)
        self.flow = Flow(self.resolver, catalog)
        self.configuration = Configuration(self.index, self.resolver)
        recycling = Recycling(self.configuration, self.deploy)
        self.heat = Thermometer(
            self.resolver, self.graph, self.caching, self.flow, catalog, recycling
        )
        self.processes = Processes(self.index, self.heat.marks, catalog)
        self.origins = Origins(catalog, self.resolver.binder)
        self.lifetimes = Lifetimes(self.index, self.graph, self.caching, self.heat)
        self.holdings = Holdings(self.index, self.resolver, self.graph, self.lifetimes)
        self.growth = GrowthFacts(self.index, self.resolver, self.graph, self.holdings)
        self.keys = Keys(catalog)
        self.production = Production(
            self.index, self.resolver, self.graph, self.caching, self.flow, catalog
        )
        self._answers: dict[object, object] = {}

    def once(self, question: Callable[[Project], Answer]) -> Answer:
        """What ``question`` says of this project; asked again, the same answer without the work."""
        if question not in self._answers:
            self._answers[question] = question(self)
        return cast("Answer", self._answers[question])
