"""Which functions are the bodies of background tasks, and which run inside of one.

Knows task queues and Airflow's callables; web handlers, hooks and signals are none.
"""

from __future__ import annotations

from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.index import Function
from celeryleak_lint.link.project import Project

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


def task_heat(project: Project, function: Function) -> Heat | None:
    """The heat of a task's body, or of what it calls directly in its own file; ``None`` for anything else."""
    if function.module.is_test or function.is_module_body or function.is_class_body:
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
