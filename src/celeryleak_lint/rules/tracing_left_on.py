"""CLK505: what records or keeps memory for debugging is on in a long-running process."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.elements import Function, Site
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import CONDITIONAL, MAIN
from celeryleak_lint.model.findings import Confidence, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule

_SWITCHES = {
    "tracemalloc.start": (
        ("tracemalloc.stop",),
        (
            "`tracemalloc.start()` records every allocation of the process; memory and time of all code "
            "grow until `tracemalloc.stop()`; start it for one measurement only"
        ),
    ),
    "gc.disable": (
        ("gc.enable", "gc.collect", "gc.freeze"),
        (
            "`gc.disable()` keeps every reference cycle for ever; a long-running process grows with each "
            "one; leave the collector on, or collect at quiet moments"
        ),
    ),
}
_SETTINGS_VARIABLE = "=DJANGO_SETTINGS_MODULE"


def check(project: Project) -> Iterator[Suspect]:
    """Switches that nothing in their file turns back, and Django's ``DEBUG`` in a worker."""
    for name, (opposites, message) in _SWITCHES.items():
        for site in _calls(project, name):
            confidence = _confidence(project, site, opposites)
            if confidence is not None:
                yield _at_call(project, site, confidence, message)
    yield from _debug_in_worker(project)


def _calls(project: Project, name: str) -> Iterator[Site]:
    """The calls of a dotted name outside tests."""
    for site in project.index.calls_of(name.rpartition(".")[2]):
        if site.callee == "@" + name and not site.function.module.is_test:
            yield site


def _confidence(project: Project, site: Site, opposites: tuple[str, ...]) -> Confidence | None:
    function, flags = site.function, site.call.flags
    path = function.module.path
    if flags & MAIN or any(
        s.function.module.path == path for n in opposites for s in _calls(project, n)
    ):
        return None
    if flags & CONDITIONAL:
        return "possible"
    if function.is_module_body:
        return "likely" if project.index.is_imported(function.module.module) else "possible"
    rank = project.heat.heat(function).rank
    if rank == "once":
        return None
    return "likely" if rank in ("hot", "loop") else "possible"


def _at_call(project: Project, site: Site, confidence: Confidence, message: str) -> Suspect:
    call, function = site.call, site.function
    return Suspect(
        code="CLK505",
        path=function.module.path,
        spot=Spot("call", function.spot_function, call.line, call.name, call.ordinal),
        message=message,
        confidence=confidence,
        resource=call.callee[1:],
        effect=None,
        trace=project.heat.heat(function).steps if not function.is_module_body else (),
        no_fix="whether it is still needed is for the author to say",
    )


# -- Django --------------------------------------------------------------------------------


def _debug_in_worker(project: Project) -> Iterator[Suspect]:
    """``DEBUG = True`` in the settings that a Celery application loads by name."""
    stored = project.index.survey.stored.get("DEBUG", ())
    debugs = [
        pair
        for body in project.index.bodies.values()
        if body in stored
        for pair in _debug_stores(body)
    ]
    for module, site in _worker_settings(project):
        own = [(body, line) for body, line, value in debugs if body.module.module == module]
        if not own or any(
            value != "=True" for body, _, value in debugs if body.module.module == module
        ):
            continue
        body, line = own[-1]
        is_only = (
            all(other.module.module == module for other, _, _ in debugs) and not body.module.stars
        )
        call = site.call
        yield Suspect(
            code="CLK505",
            path=body.module.path,
            spot=Spot("statement", "", line, ""),
            message=(
                "`DEBUG = True` reaches the Celery worker through these settings; Django remembers "
                "the queries of every connection, and no request ever clears them there; read it "
                "from the environment and leave it off in workers"
            ),
            confidence="likely" if is_only else "possible",
            resource="DEBUG",
            effect=None,
            trace=(
                SuspectStep(
                    site.function.module.path,
                    call.line,
                    call.column,
                    "the worker loads these settings",
                ),
            ),
            no_fix="how the environment says that it is a worker is not known here",
        )
        return


def _debug_stores(body: Function) -> Iterator[tuple[Function, int, str]]:
    if body.module.is_test:
        return
    target = f"@{body.module.module}.DEBUG"
    for store in body.fact.stores:
        if store.target == target:
            value = "?" if store.flags & CONDITIONAL else store.value
            yield body, store.line, value


def _worker_settings(project: Project) -> Iterator[tuple[str, Site]]:
    """The settings modules that files with a Celery application name by default."""
    homes = {site.function.module.path for site in project.configuration.applications}
    for site in project.index.calls_of("setdefault"):
        arguments = dict(site.call.args)
        module = arguments.get("1", "")
        if arguments.get("0") == _SETTINGS_VARIABLE and module[:1] == "=":
            if site.function.module.path in homes:
                yield module[1:], site


RULE = Rule(
    code="CLK505",
    slug="tracing-left-on",
    summary="tracing, debugging or a switched-off garbage collector in a long-running process",
    since="0.1",
    check=check,
)
