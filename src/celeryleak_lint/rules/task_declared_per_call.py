"""CLK109 task-declared-per-call: a Celery task is declared inside a function that runs more than once."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.schema import Resource
from celeryleak_lint.link.caching import kept_under_own_guard
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import DECORATES
from celeryleak_lint.model.findings import Confidence, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.wording import call_spot_of, shortened, shown_function


def check(project: Project) -> Iterator[Suspect]:
    """Task decorators on nested functions, and ``app.task(f)``, ``autodiscover_tasks()`` calls in functions."""
    seen: set[int] = set()
    for function, spot, line, row in (*_calls(project), *_decorated(project)):
        if id(function) in seen:
            continue
        heat = project.heat.heat(function)
        confidence = _confidence(project, function, heat)
        if confidence is None:
            continue
        seen.add(id(function))
        yield _suspect(function, spot, line, row, heat, confidence)


def _calls(project: Project) -> Iterator[tuple[Function, Spot, int, Resource]]:
    for build in project.production.builds:
        if not is_declaration(build.resource) or build.call.flags & DECORATES:
            continue
        if not build.function.is_module_body:
            yield (
                build.function,
                call_spot_of(build.function, build.site.index),
                build.call.line,
                build.resource,
            )


def _decorated(project: Project) -> Iterator[tuple[Function, Spot, int, Resource]]:
    for nested in project.index.everything:
        if not nested.fact.parent or not nested.fact.decorators:
            continue
        outer = project.index.enclosing(nested)
        if outer is None:
            continue
        for decorator in nested.fact.decorators:
            for meaning in project.resolver.meanings(outer, decorator.value):
                row = project.catalog.resource(meaning.name)
                if row is not None and is_declaration(row):
                    spot = Spot("decorator", nested.spot_function, decorator.line, decorator.name)
                    yield outer, spot, decorator.line, row


def is_declaration(resource: Resource) -> bool:
    """True for a catalogued registration of tasks with Celery's global registries."""
    return resource.kind == "registration" and resource.distribution == "celery" and resource.report


def _confidence(project: Project, function: Function, heat: Heat) -> Confidence | None:
    """By frequency and caching, exactly as a factory call: a factory called once is right."""
    if (
        function.module.is_test
        or function.is_class_body
        or project.caching.keeps_for_process(function)
        or kept_under_own_guard(function)
    ):
        return None
    if heat.rank == "once":
        return None
    if heat.is_hot:
        return "likely" if project.heat.is_once_like(function) else "certain"
    if project.heat.is_once_like(function):
        return None
    if heat.rank == "loop":
        return "likely"
    return "possible"


def _suspect(
    function: Function, spot: Spot, line: int, row: Resource, heat: Heat, confidence: Confidence
) -> Suspect:
    step = SuspectStep(function.module.path, line, 0, f"declares with `{row.names[0]}`")
    return Suspect(
        "CLK109",
        function.module.path,
        spot,
        f"{shown_function(function)} declares Celery tasks each time it runs; each declaration stays in "
        "Celery's global registries for good; declare tasks at module level",
        confidence,
        row.names[0],
        "never-released",
        shortened((*heat.steps, step)),
        "moving a declaration to module level changes what it may refer to",
    )


RULE = Rule(
    "CLK109",
    "task-declared-per-call",
    "a Celery task is declared inside a function that runs more than once",
    "0.1",
    check,
)
