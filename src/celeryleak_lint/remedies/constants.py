"""Whether what a construction is given is the same for as long as the process lives.

A name in capitals is a promise; whether the project keeps it is told from what it stores.
"""

from __future__ import annotations

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact

_DEPTH = 5


def is_constant(project: Project, function: Function, index: int) -> bool:
    """True when the arguments of a call are literals, classes built from them, and names nobody changes."""
    return _of_call(project, function, function.fact.calls[index], 0)


def _of_call(project: Project, function: Function, call: CallFact, depth: int) -> bool:
    return depth < _DEPTH and all(
        _of_root(project, function, root, depth)
        for _, value in call.args
        for root in values.roots(value)
    )


def _of_root(project: Project, function: Function, root: str, depth: int) -> bool:
    mark, base = root[:1], values.split(root)[0]
    if mark == "=":
        return True
    if mark == "@":
        return not _is_changed(project, root[1:])
    if mark == "#":
        call = function.fact.calls[int(base[1:])]
        is_class = call.name[:1].isupper() and call.callee[:1] == "@"
        return is_class and _of_call(project, function, call, depth + 1)
    if mark == "%" and depth < _DEPTH:
        return all(
            _of_root(project, function, inner, depth + 1)
            for value in function.locals.get(base[1:], ())
            for inner in values.roots(value)
        )
    return False


def _is_changed(project: Project, dotted: str) -> bool:
    """Whether a function of the project binds the name, or a part of the path to it, anew."""
    dotted = dotted.partition("[]")[0]
    return any(
        dotted == target or dotted.startswith(f"{target}.") or target.startswith(f"{dotted}[]")
        for target in project.index.changed_globals()
    )
