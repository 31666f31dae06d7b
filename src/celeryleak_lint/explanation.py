"""``why PATH:LINE`` in words: is it hot, cached, closed, and by which chain of places."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import SuspectStep
from celeryleak_lint.rules.judgement import judge
from celeryleak_lint.rules.wording import consequence, shown_function, trace_of

_HEAT = {
    "hot": "runs again and again",
    "loop": "is called in a loop",
    "per-run": "runs in a process that ends with its job",
    "once": "runs once",
    "unknown": "how often it runs is not known",
}


Shown = Callable[[str], str]


def explanation(project: Project, path: str, line: int, shown: Shown) -> tuple[str, ...]:
    """Lines about one place; ``path`` is that of a file in the project, relative to its root.

    ``shown`` makes of such a path what the user is to see.
    """
    functions = [f for f in project.index.everything if f.module.path == path]
    around = [
        f for f in functions if f.fact.line <= line <= f.fact.end_line and not f.is_module_body
    ]
    function = max(around, key=lambda f: f.fact.line) if around else functions[0]
    return tuple(_about(project, function, line, shown))


def _about(project: Project, function: Function, line: int, shown: Shown) -> Iterator[str]:
    heat = project.heat.heat(function)
    yield f"{shown_function(function)}: {_HEAT[heat.rank]}{_because(heat)}"
    yield from _steps(heat.steps, shown)
    kept = project.caching.memo(function)
    if kept is not None:
        yield f"memoized by `{kept.decorator.name}` (line {kept.decorator.line}), scope {kept.scope}"
    elif not function.is_module_body:
        yield "not memoized"
    builds = [b for b in project.production.builds if b.function is function]
    here = [b for b in builds if b.call.line <= line <= b.call.end_line]
    if not (here or builds):
        yield "builds nothing that the catalog knows"
    for build in here or builds:
        yield from _build(project, build, shown)
    producer = project.production.producers.get(id(function))
    if producer is not None:
        yield f"is a producer: returns a fresh `{producer.build.name}`"


def _because(heat: Heat) -> str:
    return f" ({heat.stopped})" if heat.stopped and heat.rank == "once" else ""


def _steps(steps: tuple[SuspectStep, ...], shown: Shown) -> Iterator[str]:
    for step in steps:
        yield f"  {shown(step.path)}:{step.line}: {step.note}"


def _build(project: Project, build: Build, shown: Shown) -> Iterator[str]:
    verdict = judge(project, build)
    resource = build.resource
    through = f" through `{build.via.shown}`" if build.via is not None else ""
    yield f"line {build.call.line} builds `{build.name}`{through}: {consequence(resource.effect)}"
    yield f"  its fate: {build.fate.describe()}{' (built lazily)' if build.lazily else ''}"
    places = sorted(set(build.fate.places))
    if places:
        yield f"  kept in: {', '.join(places)}"
    word = verdict.confidence or "not reported"
    yield f"  verdict: {word}: {verdict.reason}"
    yield from _steps(trace_of(verdict.heat, build), shown)
