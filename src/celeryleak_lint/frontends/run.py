"""One run, the same for every door: paths and options in, scope, configuration and report out.

Doors differ only in how they ask and in how they show the answer.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from celeryleak_lint.baseline import Entry, entries_of
from celeryleak_lint.config import Config
from celeryleak_lint.frontends.known import Known, against_baseline, read_known, without_known
from celeryleak_lint.frontends.remembered import narrowed, still_standing
from celeryleak_lint.frontends.settings import Settings, settings_for
from celeryleak_lint.model.findings import Failure, Report
from celeryleak_lint.model.source import Scope
from celeryleak_lint.system.cache import open_cache
from celeryleak_lint.system.discover import Place, discover, locate, locate_text
from celeryleak_lint.system.garbage import uncollected
from celeryleak_lint.system.memory import Memory, Question
from celeryleak_lint.system.read import reader
from celeryleak_lint.system.reports import Inquiry
from celeryleak_lint.system.revisions import lay_out

if TYPE_CHECKING:
    from celeryleak_lint.catalog.lookup import Catalog
    from celeryleak_lint.model.facts import ModuleSummary
    from celeryleak_lint.system.elsewhere import Elsewhere


class Request(msgspec.Struct, frozen=True):
    """What a user asks of a run.

    ``options`` overrides configured keys of the same names (``{"ignore": ["CLK101"]}``);
    ``extend-select`` adds. ``config`` names a configuration file; ``isolated`` reads none.
    ``text`` is the content of an unsaved file called ``text_name``. ``jobs`` 0 means one
    for each processor, and ``executor`` is the URL of others that may be asked.
    ``diff_base`` names a git revision: what was found there is not reported. With
    ``compares`` off, no baseline is looked at. ``met`` is told how many files are done, and
    of how many; ``warn`` is told what cost time and no finding. Only ``with_fixes`` are fixes worked
    out.
    """

    paths: tuple[str, ...] = ()
    options: Mapping[str, object] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    config: str | None = None
    isolated: bool = False
    force_exclude: bool = False
    text: bytes | None = None
    text_name: str = ""
    use_cache: bool = True
    cache_folder: str | None = None
    jobs: int = 0
    executor: str | None = None
    diff_base: str | None = None
    compares: bool = True
    with_fixes: bool = False
    met: Callable[[int, int], None] = lambda _done, _total: None
    warn: Callable[[str], None] = lambda _message: None


class Trouble(msgspec.Struct, frozen=True):
    """Why a run could not begin: bad usage or bad configuration, one message a line."""

    messages: tuple[str, ...]


class Prepared(msgspec.Struct, frozen=True):
    """Everything known before the analysis begins.

    ``failures`` are what could not be listed of that which was asked for, ``elsewhere`` is
    what could not be listed beside it. ``memory`` is what former runs have left.
    """

    place: Place
    settings: Settings
    scope: Scope
    read: Callable[[str], bytes]
    failures: tuple[Failure, ...]
    elsewhere: tuple[Failure, ...]
    memory: Memory

    @property
    def config(self) -> Config:
        """The settings that hold for this run."""
        return self.settings.config


class Outcome(msgspec.Struct, frozen=True):
    """A finished run, and how long it took in seconds of wall time.

    ``elsewhere`` are the failures in what nobody asked about: they do not fail the run.
    """

    prepared: Prepared
    report: Report
    seconds: float
    elsewhere: tuple[Failure, ...] = ()


def prepare(request: Request) -> Prepared | Trouble:
    """Find the project and its configuration, or say all that stands in the way."""
    place = _place(request)
    if isinstance(place, tuple):
        return Trouble(place)
    settings = settings_for(
        place, request.options, config=request.config, isolated=request.isolated
    )
    if isinstance(settings, tuple):
        return Trouble(settings)
    cache = open_cache(place.root, request.cache_folder) if request.use_cache else None
    memory = Memory.of(place.root, place.overlay, cache)
    found = discover(
        place, settings.config, force_exclude=request.force_exclude, sightings=memory.sightings
    )
    read = reader(place.root, place.overlay)
    return Prepared(place, settings, found.scope, read, found.failures, found.elsewhere, memory)


def catalog_of(prepared: Prepared) -> Catalog | Trouble:
    """The catalog with the user's own entries, or all that is wrong with them."""
    from celeryleak_lint.catalog.lookup import load  # imported late: a known report never needs it

    settings = prepared.settings
    catalog, errors = load(settings.tables, settings.file, prefix=settings.prefix)
    return Trouble(errors) if errors else catalog


def run(request: Request) -> Outcome | Trouble:
    """Check what is asked for, and give everything there is to say about it."""
    return run_with(request, lambda look: look({}))


def run_with(request: Request, use: Callable[[Look], Report]) -> Outcome | Trouble:
    """Prepare a run and let ``use`` make its report, looking at the project as often as it likes."""
    started = time.perf_counter()
    prepared = prepare(request)
    if isinstance(prepared, Trouble):
        return prepared
    known = _known(prepared, request)
    if isinstance(known, Trouble):
        return known
    with contextlib.ExitStack() as stack:
        base = _base(prepared, request, stack) if request.diff_base is not None else None
        if isinstance(base, Trouble):
            return base
        others = _others(request, stack)
        if isinstance(others, Trouble):
            return others
        ready = time.perf_counter()
        try:
            report = use(Look(prepared, request, known, base, others))
        except _TroubleFoundError as error:
            return error.trouble
    failures, elsewhere = _divided(report.failures, prepared)
    stages = (("prepare", ready - started), *report.stages)
    report = replace(report, failures=failures, stages=stages)
    return Outcome(prepared, report, time.perf_counter() - started, elsewhere)


@dataclass(slots=True)
class Look:
    """Analyses the project and takes out what was known; the base revision is analysed once."""

    prepared: Prepared
    request: Request
    known: Known | None
    base: Prepared | None
    others: Elsewhere | None = None
    _entries: tuple[Entry, ...] | None = None

    def for_all_codes(self) -> Look:
        """The same look at everything that any rule of ours says."""
        config = replace(
            self.prepared.config, select=("CLK",), extend_select=(), ignore=(), per_file_ignores=()
        )
        settings = replace(self.prepared.settings, config=config)
        prepared = replace(self.prepared, settings=settings)
        return Look(prepared, self.request, self.known, self.base, self.others, self._entries)

    def __call__(self, changed: Mapping[str, bytes]) -> Report:
        """The report with the bytes of some files replaced, by their path."""
        seen = _with_changes(self.prepared, changed)
        report = _compared(_analysed(seen, self.request, self.others), seen, self.known)
        if self.base is None:
            return report
        if self._entries is None:
            earlier = _analysed(self.base, self.request, self.others)
            self._entries = tuple(entries_of((*earlier.findings, *earlier.suppressed)))
        return without_known(report, seen.scope, self._entries)


def _with_changes(prepared: Prepared, changed: Mapping[str, bytes]) -> Prepared:
    """The same project with the bytes of some of its files replaced."""
    if not changed:
        return prepared
    overlay = MappingProxyType({**prepared.place.overlay, **changed})
    place = replace(prepared.place, overlay=overlay)
    memory = Memory.of(place.root, overlay, prepared.memory.cache)
    return replace(prepared, place=place, read=reader(place.root, overlay), memory=memory)


class _TroubleFoundError(Exception):
    """A run turned out to be impossible once it was needed; carries what stands in the way."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


def _analysed(prepared: Prepared, request: Request, others: Elsewhere | None) -> Report:
    """What a former run has reported of this very state, or what the analysis finds now."""
    settings, memory = prepared.settings, prepared.memory
    unlisted = (*prepared.failures, *prepared.elsewhere)
    # what is remembered serves all later questions, whichever paths they are about
    scope = replace(prepared.scope, reported=None) if memory.remembers else prepared.scope
    inquiry = Inquiry(scope, settings.config, settings.tables, unlisted, request.with_fixes)
    question = memory.question(inquiry)
    report = question.answer()
    if report is None:
        report = still_standing(prepared.read, question)
    if report is None:
        report = _found(prepared, request, others, question)
    return narrowed(report, prepared.scope)


def _found(
    prepared: Prepared, request: Request, others: Elsewhere | None, question: Question
) -> Report:
    """What the analysis finds, remembered under the question."""
    catalog = catalog_of(prepared)
    if isinstance(catalog, Trouble):
        raise _TroubleFoundError(catalog)
    from celeryleak_lint.engine import analyse

    rests: list[tuple[bytes | None, frozenset[str]]] = [(None, frozenset())]
    with uncollected():
        report = analyse(
            question.inquiry.scope,
            config=prepared.config,
            catalog=catalog,
            read=prepared.read,
            summaries=summaries_for(prepared, request, others),
            unlisted=question.inquiry.unlisted,
            with_fixes=request.with_fixes,
            learn=None if question.digests is None else lambda *rest: rests.append(rest),
        )
    question.learn(report, *rests[-1])
    return report


def _others(request: Request, stack: contextlib.ExitStack) -> Elsewhere | Trouble | None:
    """Who else may be asked for summaries, until ``stack`` is closed."""
    if request.executor is None:
        return None
    from celeryleak_lint.system.cluster import ClusterError, connected, parse_address

    try:
        address = parse_address(request.executor)
        return stack.enter_context(connected(address, request.warn))
    except ClusterError as error:
        return Trouble((f"--executor: {error}",))


def _known(prepared: Prepared, request: Request) -> Known | Trouble | None:
    """The baseline that holds, if any; what is wrong with it is told before the analysis."""
    path = prepared.settings.baseline
    if not path or not request.compares:
        return None
    shown = os.path.relpath(path, prepared.place.working_directory)
    known = read_known(path, shown=shown)
    return known if isinstance(known, Known) else Trouble(known)


def _compared(report: Report, prepared: Prepared, known: Known | None) -> Report:
    if known is None:
        return report
    failures = (*prepared.failures, *prepared.elsewhere, *report.failures)
    is_complete = not any(prepared.config.admits(f.code, f.path) for f in failures)
    return against_baseline(
        report, prepared.scope, known, config=prepared.config, is_complete=is_complete
    )


def _base(prepared: Prepared, request: Request, stack: contextlib.ExitStack) -> Prepared | Trouble:
    """The project as it was at the base revision, under the configuration of today.

    Its files are gone again when ``stack`` is closed.
    """
    top = stack.enter_context(tempfile.TemporaryDirectory(prefix="celeryleak-lint-"))
    # a folder's own name can be part of the names of its modules
    root = os.path.join(os.path.realpath(top), os.path.basename(prepared.place.root) or "root")
    os.mkdir(root)
    problem = lay_out(prepared.place.root, request.diff_base or "", root)
    if problem:
        return Trouble((f"--diff-base: {problem}",))
    place = Place(root, root, (root,))
    scope = discover(place, prepared.config).scope
    memory = Memory.of(root, place.overlay, prepared.memory.cache, is_base=True)
    return replace(
        prepared,
        place=place,
        scope=scope,
        read=reader(root),
        failures=(),
        elsewhere=(),
        memory=memory,
    )


def explain(
    prepared: Prepared, request: Request, path: str, line: int, shown: Callable[[str], str]
) -> tuple[str, ...] | Failure | Trouble:
    """What the analysis knows about a line: hot or not, cached, closed, and by which chain."""
    catalog = catalog_of(prepared)
    if isinstance(catalog, Trouble):
        return catalog
    from celeryleak_lint.engine import explain as explained

    return explained(
        prepared.scope,
        config=prepared.config,
        catalog=catalog,
        read=prepared.read,
        summaries=summaries_for(prepared, request),
        path=path,
        line=line,
        shown=shown,
    )


def summaries_for(
    prepared: Prepared, request: Request, others: Elsewhere | None = None
) -> Iterator[ModuleSummary | Failure]:
    """The summaries of a prepared project, through cache and worker processes as asked."""
    from celeryleak_lint.system.parallel import Gathering, available_jobs, summaries

    jobs = request.jobs or available_jobs()
    met = functools.partial(_told, request.met, len(prepared.scope.files))
    memory = prepared.memory
    how = Gathering(jobs, memory.cache, prepared.place.overlay, met, memory.sightings, others)
    return summaries(prepared.scope, how)


def _told(met: Callable[[int, int], None], total: int, done: int) -> None:
    met(done, total)


def _place(request: Request) -> Place | tuple[str, ...]:
    here = os.getcwd()
    if request.text is not None:
        return locate_text(request.text_name, request.text, working_directory=here)
    return locate(request.paths, working_directory=here)


def _divided(
    failures: Sequence[Failure], prepared: Prepared
) -> tuple[tuple[Failure, ...], tuple[Failure, ...]]:
    """The failures that the configuration admits: in what was asked for, and beside it."""
    reported = prepared.scope.reported
    asked, elsewhere = list(prepared.failures), list(prepared.elsewhere)
    for failure in failures:
        is_asked = reported is None or not failure.path or failure.path in reported
        (asked if is_asked else elsewhere).append(failure)
    return _admitted(asked, prepared.config), _admitted(elsewhere, prepared.config)


def _admitted(failures: Sequence[Failure], config: Config) -> tuple[Failure, ...]:
    kept = (f for f in dict.fromkeys(failures) if config.admits(f.code, f.path))
    return tuple(sorted(kept, key=lambda failure: (failure.path, failure.line, failure.column)))
