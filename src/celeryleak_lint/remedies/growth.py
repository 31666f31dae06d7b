"""Remedies for collections that only grow: a memo with a size, or the newest entries only."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.growth import Growth
from celeryleak_lint.link.holdings import Holding
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Confidence
from celeryleak_lint.model.remedies import BoundedDeque, BoundedMemo

#: Words of lists whose entries are waited for, ended, deleted or called.
_OWED = frozenset(
    {"process", "processes", "procs", "thread", "threads", "task", "tasks", "job", "jobs", "future", "futures",
     "connection", "connections", "client", "clients", "session", "sessions", "socket", "sockets", "file",
     "files", "directory", "directories", "dirs", "temp", "tmp", "handler", "handlers", "callback",
     "callbacks", "listener", "listeners", "hook", "hooks", "subscriber", "subscribers", "observers",
     "worker", "workers", "children", "pending", "queue", "todo", "cleanup", "finalizers", "locks"}
)  # fmt: skip
_DECISION = "the bound, or the moment to drop an entry, has to be chosen"


def growth_remedy(
    project: Project, growth: Growth, confidence: Confidence
) -> BoundedMemo | BoundedDeque | str:
    """What bounds the collection of a growth without a decision of its author, or why nothing does."""
    holding = growth.holding
    if confidence == "possible":
        return "it is not certain that it grows: entries would be forgotten for nothing"
    if holding.kind not in ("module", "instance") or (
        growth.index >= 0 and growth.key and holding.shape != "list"
    ):
        return _DECISION
    if holding.shape == "dict" and holding.kind == "module":
        return _memo(project, growth)
    if holding.shape == "list":
        return _deque(project, growth)
    return _DECISION


def _memo(project: Project, growth: Growth) -> BoundedMemo | str:
    module, _, name = growth.holding.id.rpartition(".")
    body = project.index.bodies.get(module)
    if body is None or body.module is not growth.function.module:
        return "the dictionary is filled from another file"
    line = _creation(body, f"@{growth.holding.id}")
    if line == 0:
        return _DECISION
    if _is_known_elsewhere(project, body.module, name):
        return f"other files use `{name}`, too"
    return BoundedMemo(name, line)


def _deque(project: Project, growth: Growth) -> BoundedDeque | str:
    holding = growth.holding
    if _OWED.intersection(split_words(holding.name)) or _keeps_resource(project, growth):
        return "each entry is something that has to be ended or called later: none may be forgotten"
    if holding.kind == "module":
        module, _, name = holding.id.rpartition(".")
        body = project.index.bodies.get(module)
        if body is None:
            return _DECISION
        line = _creation(body, f"@{holding.id}")
        if line == 0:
            return _DECISION
        if _is_known_elsewhere(project, body.module, name):
            return f"other files use `{name}`, too"
        return BoundedDeque(body.module.path, name, "", line)
    return _attribute_deque(project, holding)


def _attribute_deque(project: Project, holding: Holding) -> BoundedDeque | str:
    cls = holding.cls
    init = cls.methods.get("__init__") if cls is not None else None
    if cls is None or init is None:
        return _DECISION
    line = _creation(init, f"!.{holding.name}")
    if line == 0:
        return _DECISION
    if _has_attribute_elsewhere(project, cls.module, holding.name):
        return f"other files use an attribute `{holding.name}`, too"
    return BoundedDeque(cls.module.path, holding.name, cls.fact.qualname, line)


def _keeps_resource(project: Project, growth: Growth) -> bool:
    """Whether what is added is a resource, or an object that the function has just built."""
    function = growth.function
    if growth.index < 0:
        return False
    given = [value for _, value in function.fact.calls[growth.index].args]
    assigned = [
        value
        for argument in given
        for value in (function.locals.get(argument[1:], ()) if argument[:1] == "%" else (argument,))
    ]
    return any(
        value[:1] == "#"
        and value[1:].isdigit()
        and project.production.build_at(function, int(value[1:])) is not None
        for value in assigned
    )


def _creation(function: Function, target: str) -> int:
    """The line of the only assignment to a target; 0 when there is none or more than one."""
    lines = [store.line for store in function.fact.stores if store.target == target]
    return lines[0] if len(lines) == 1 else 0


def _is_known_elsewhere(project: Project, home: ModuleSummary, name: str) -> bool:
    """Whether another file imports a module-level name, or the module with everything in it."""
    dotted = f"{home.module}.{name}" if home.module else name
    mark = f"@{dotted}"
    for summary in project.index.modules.values():
        if summary is not home and (dotted in summary.mentioned or home.module in summary.stars):
            return True
    return any(
        mark in value and _names(value, mark)
        for function in _mentioning(project, mark, home)
        for value in _values_of(function)
    )


def _mentioning(project: Project, text: str, home: ModuleSummary) -> Iterator[Function]:
    """Functions of other files with the text somewhere in their facts."""
    return (f for f in project.index.mentioning(text) if f.module is not home)


def _names(value: str, mark: str) -> bool:
    return any(
        root == mark or root.startswith((f"{mark}.", f"{mark}[")) for root in values.roots(value)
    )


def _has_attribute_elsewhere(project: Project, home: ModuleSummary, name: str) -> bool:
    """Whether another file reads or writes some attribute of that name."""
    return any(
        name in values.split(root)[1] or root.rpartition(".")[2] == name
        for function in _mentioning(project, name, home)
        for value in (*_values_of(function), *(f"!.{read}" for read, _ in function.fact.reads))
        for root in values.roots(value)
        if values.is_simple(root)
    )


def _values_of(function: Function) -> Iterator[str]:
    """Every value that the facts of a function mention."""
    fact = function.fact
    yield from fact.returns
    for call in fact.calls:
        yield call.callee
        yield from (value for _, value in call.args)
        yield from call.guards
    for store in fact.stores:
        yield from (store.target, store.value, store.key)
    for _, assigned in fact.locals:
        yield from assigned
