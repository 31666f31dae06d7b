"""Which functions are the bodies of background tasks, and which run inside of one.

Knows task queues and Airflow's callables; web handlers, hooks and signals are none.
"""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.schema import EntryPoint
from celeryleak_lint.link.bodies import callee_tails
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values

_FRAMEWORKS = frozenset({"celery", "rq", "dramatiq", "huey", "airflow"})
_KINDS = frozenset({"decorator", "call-argument", "base-class"})
#: Methods of task and operator classes that are the body; the others are callbacks.
_BODIES = frozenset({"run", "execute", "__call__", "perform", "poke"})
#: A task itself, and a function that it calls directly.
_LONGEST_CHAIN = 2


def has_tasks(project: Project) -> bool:
    """True when some file imports a task queue: without one there is nothing to look for."""
    return any(
        not _FRAMEWORKS.isdisjoint(name.split("."))
        for summary in project.index.modules.values()
        for name in summary.mentioned
    )


def near_tasks(project: Project) -> frozenset[str]:
    """The paths of files in which a function may be a task's body, or be called by one.

    Only there the heat of functions is worth measuring: a task and what counts as running
    inside of it stand in one file.
    """
    return project.once(_find_near_tasks)


def _find_near_tasks(project: Project) -> frozenset[str]:
    handed, paths = _handed_to_queues(project)
    for function in project.index.everything:
        path = function.module.path
        if path in paths or function.module.is_test:
            continue
        if function.name in handed or _is_entered(project, function):
            paths.add(path)
    return frozenset(paths)


def _is_entered(project: Project, function: Function) -> bool:
    """True when a queue knows a function by its decorator or base class; most have neither, and need no mark."""
    owner = project.graph.owner(function)
    if not function.fact.decorators and (
        owner is None or project.heat.instance_entry(owner) is None
    ):
        return False
    mark = project.heat.mark(function)
    return mark is not None and _runs_tasks(mark.entry)


def _runs_tasks(entry: EntryPoint | None) -> bool:
    return entry is not None and entry.framework in _FRAMEWORKS and entry.kind in _KINDS


def _handed_to_queues(project: Project) -> tuple[set[str], set[str]]:
    """Last names of what is handed to calls that make tasks of it, and the files of these calls."""
    index = project.index
    rows = [
        row
        for row in project.catalog.tables.entry_points
        if row.kind == "call-argument" and row.framework in _FRAMEWORKS
    ]
    if any(row.patterns for row in rows):
        everything = {function.module.path for function in index.everything}
        return set(), everything
    tails = {name.rpartition(".")[2] for row in rows for name in row.names}
    renamed = {
        bound
        for summary in index.modules.values()
        for bound, dotted in summary.imports
        if dotted.rpartition(".")[2] in tails
    }
    names: set[str] = set()
    paths: set[str] = set()
    for tail in sorted(tails | renamed):
        for site in index.calls_of(tail):
            paths.add(site.function.module.path)
            names.update(_names_handed(site.function, site.index, is_last=False))
    return names, paths


def _names_handed(function: Function, number: int, *, is_last: bool) -> Iterator[str]:
    """The last names of a call's arguments, ``partial(f, ...)`` seen through."""
    for _, value in function.fact.calls[number].args:
        for root in values.roots(value):
            yield from callee_tails(function.fact.body, root)
            if root[:1] == "#" and root[1:].isdigit() and not is_last:
                yield from _names_handed(function, int(root[1:]), is_last=True)


def task_heat(project: Project, function: Function) -> Heat | None:
    """The heat of a task's body, or of what it calls directly in its own file; ``None`` for anything else."""
    if function.module.is_test or function.runs_once:
        return None
    heat = project.heat.heat(function)
    entry = heat.entry
    if entry is None or entry.framework not in _FRAMEWORKS or entry.kind not in _KINDS:
        return None
    if heat.rank not in ("hot", "per-run") or (entry.framework == "airflow" and heat.is_hot):
        return None
    if entry.kind == "base-class" and not (_is_itself(heat) and function.name in _BODIES):
        return None
    if not _is_itself(heat) and heat.steps[0].path != function.module.path:
        return None
    return heat if len(heat.steps) <= _LONGEST_CHAIN else None


def is_task(project: Project, function: Function) -> bool:
    """True for the very function whose result is the result of the task."""
    heat = task_heat(project, function)
    return heat is not None and _is_itself(heat)


def _is_itself(heat: Heat) -> bool:
    return len(heat.steps) == 1
