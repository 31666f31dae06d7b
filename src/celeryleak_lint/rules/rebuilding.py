"""Whether a function that builds an object runs again and again, as the memo and registration rules ask."""

from __future__ import annotations

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values

#: Words of daily work that as often name a thing that is built.
THINGS = frozenset({"stream", "event", "events", "message", "messages", "job", "task", "completion", "prediction", "callback"})  # fmt: skip

#: So many functions that get a fresh object are more than a start-up has.
SEVERAL = 3

#: Libraries whose classes only lend a shape: they build and call nothing of what extends them.
PLAIN_BASES = ("builtins.", "typing.", "abc.", "collections.", "typing_extensions.", "pydantic.")


def runs_again(project: Project, function: Function) -> bool:
    """True with a hot root above it, or where the names around it speak of daily work.

    A loop alone may run over what is configured. In a process that ends with its command,
    only a hot root counts.
    """
    if project.heat.is_once_like(function) or project.heat.tool(function) is not None:
        return False
    if declares(project, function):
        return False
    heat = project.heat.heat(function)
    if heat.is_hot and heat.is_sure:
        return True
    if project.processes.are_short or heat.rank in ("once", "per-run"):
        return False
    return project.heat.daily_word(function) not in (None, *THINGS)


def may_run_again(project: Project, function: Function) -> bool:
    """True unless something shows that it runs once: what an unbounded memo pins needs few calls."""
    if project.heat.is_once_like(function) or project.heat.tool(function) is not None:
        return False
    return not declares(project, function) and project.heat.heat(function).rank not in (
        "once",
        "per-run",
    )


def is_for_users(project: Project, function: Function) -> bool:
    """True for a function that nobody of the project calls: whoever installs it does, as often as they like."""
    if project.processes.are_short or project.graph.callers(function) or function.name[:2] == "__":
        return False
    if project.heat.is_once_like(function) or declares(project, function):
        return False
    return project.heat.tool(function) is None and project.heat.heat(function).rank == "unknown"


def declares(project: Project, function: Function) -> bool:
    """True for the inside of a decorator: what it builds of a class or function is as many as the code has."""
    outer = project.index.enclosing(function)
    given = [p.name for p in function.fact.params]
    return (
        outer is not None
        and len(given) == 1
        and any(
            choice.rpartition(".")[2] == function.name
            for value in outer.fact.returns
            for choice in values.choices(value)
        )
        and any(
            value in (f"${given[0]}", f"%{given[0]}")
            for call in function.fact.calls
            for _, value in call.args
        )
    )
