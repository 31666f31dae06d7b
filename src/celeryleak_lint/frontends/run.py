"""One run, the same for every door: paths and options in, scope, configuration and report out.

Doors differ only in how they ask and in how they show the answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from celeryleak_lint.config import Config
from celeryleak_lint.frontends.known import Known, against_baseline, against_revision, read_known
from celeryleak_lint.frontends.settings import Settings, settings_for
from celeryleak_lint.model.findings import Failure, Report
from celeryleak_lint.model.source import Scope
from celeryleak_lint.system.discover import Place, discover, locate, locate_text
from celeryleak_lint.system.read import reader

if TYPE_CHECKING:
    from celeryleak_lint.catalog.lookup import Catalog
    from celeryleak_lint.model.facts import ModuleSummary


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a run.

    ``options`` overrides configured keys of the same names (``{"ignore": ["CLK101"]}``);
    ``extend-select`` adds. ``config`` names a configuration file; ``isolated`` reads none.
    ``text`` is the content of an unsaved file called ``text_name``. ``jobs`` 0 means one
    for each processor. ``diff_base`` names a git revision: what was found there is not
    reported. With ``compares`` off, no baseline is looked at. ``met`` is told how many files
    are done, and of how many.
    """

    paths: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    config: str | None = None
    isolated: bool = False
    force_exclude: bool = False
    text: bytes | None = None
    text_name: str = ""
    use_cache: bool = True
    cache_folder: str | None = None
    jobs: int = 0
    diff_base: str | None = None
    compares: bool = True
    met: Callable[[int, int], None] = lambda _done, _total: None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a run could not begin: bad usage or bad configuration, one message a line."""

    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything known before the analysis begins."""

    place: Place
    settings: Settings
    scope: Scope
    catalog: Catalog
    read: Callable[[str], bytes]
    failures: tuple[Failure, ...]

    @property
    def config(self) -> Config:
        """The settings that hold for this run."""
        return self.settings.config


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run, and how long it took in seconds of wall time."""

    prepared: Prepared
    report: Report
    seconds: float


def prepare(request: Request) -> Prepared | Trouble:
    """Find the project, its configuration and the catalog, or say all that stands in the way."""
    place = _place(request)
    if isinstance(place, tuple):
        return Trouble(place)
    settings = settings_for(
        place, request.options, config=request.config, isolated=request.isolated
    )
    if isinstance(settings, tuple):
        return Trouble(settings)
    from celeryleak_lint.catalog.lookup import load  # imported late: a bad path never needs it

    catalog, errors = load(settings.tables, settings.file, prefix=settings.prefix)
    if errors:
        return Trouble(errors)
    found = discover(place, settings.config, force_exclude=request.force_exclude)
    read = reader(place.root, place.overlay)
    return Prepared(place, settings, found.scope, catalog, read, found.failures)


def run(request: Request) -> Outcome | Trouble:
    """Check what is asked for, and give everything there is to say about it."""
    started = time.perf_counter()
    prepared = prepare(request)
    if isinstance(prepared, Trouble):
        return prepared
    from celeryleak_lint.engine import analyse

    report = analyse(
        prepared.scope,
        config=prepared.config,
        catalog=prepared.catalog,
        read=prepared.read,
        summaries=summaries_for(prepared, request),
    )
    failures = _wanted((*prepared.failures, *report.failures), prepared)
    return Outcome(prepared, replace(report, failures=failures), time.perf_counter() - started)


def explain(prepared: Prepared, request: Request, path: str, line: int) -> tuple[str, ...]:
    """What the analysis knows about a line: hot or not, cached, closed, and by which chain."""
    from celeryleak_lint.engine import explain as explained

    return explained(
        prepared.scope,
        config=prepared.config,
        catalog=prepared.catalog,
        read=prepared.read,
        summaries=summaries_for(prepared, request),
        path=path,
        line=line,
    )


def summaries_for(prepared: Prepared, request: Request) -> Iterator[ModuleSummary | Failure]:
    """The summaries of a prepared project, through cache and worker processes as asked."""
    from celeryleak_lint.system.cache import open_cache
    from celeryleak_lint.system.parallel import Gathering, available_jobs, summaries

    root = prepared.place.root
    cache = open_cache(root, request.cache_folder) if request.use_cache else None
    jobs = request.jobs or available_jobs()
    return summaries(prepared.scope, Gathering(jobs, cache, prepared.place.overlay))


def _place(request: Request) -> Place | tuple[str, ...]:
    here = os.getcwd()
    if request.text is not None:
        return locate_text(request.text_name, request.text, working_directory=here)
    return locate(request.paths, working_directory=here)


def _wanted(failures: Sequence[Failure], prepared: Prepared) -> tuple[Failure, ...]:
    """The failures that the configuration admits, in files that were asked for."""
    reported = prepared.scope.reported
    known = frozenset(file.path for file in prepared.scope.files) | set(prepared.scope.deploy)
    kept = (
        failure
        for failure in dict.fromkeys(failures)
        if prepared.config.admits(failure.code, failure.path)
        and (reported is None or failure.path not in known or failure.path in reported)
    )
    return tuple(sorted(kept, key=lambda failure: (failure.path, failure.line, failure.column)))
