"""What a body may fill or empty: the values that name a collection there, before any is resolved.

Says too much rather than too little: whether a value stands for a kept collection is for
``holdings``, and what is done with it for ``growth``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from celeryleak_lint.model import values
from celeryleak_lint.model.facts import DELETES, FunctionBody

#: Methods that add to a collection, with the label of the argument that is the key.
GROWERS = {
    "append": "", "appendleft": "", "insert": "", "extend": "", "extendleft": "", "add": "0",
    "setdefault": "0", "update": "", "__setitem__": "0",
}  # fmt: skip
#: Methods that take entries out of a collection.
SHRINKERS = frozenset(
    {"pop", "popitem", "popleft", "clear", "remove", "discard", "difference_update", "intersection_update",
     "symmetric_difference_update", "__delitem__", "subtract"}
)  # fmt: skip
#: Methods that put another value into a context variable.
SETTERS = frozenset({"set", "reset"})

#: Stands for a base that only ``holdings`` can judge, and in front of one that is a context variable.
ANY, CONTEXT = "*", "*@"

_CHANGING = SHRINKERS | SETTERS | GROWERS.keys()
_LOOKING = frozenset({"@builtins.type", "@builtins.getattr"})


def bases(body: FunctionBody, *, runs_once: bool) -> set[str]:
    """The values of which one has to be a kept collection for the body to fill or empty any.

    ``@m.X``, ``!.x`` and ``^.x`` stand for themselves, ``.x`` for an attribute ``x`` of
    something local. Empty when the body cannot matter. What ``runs_once``, as the body of
    a module does, fills and binds nothing anew.
    """
    found: set[str] = set()
    for store in body.stores:
        if not runs_once or store.augmented or store.flags & DELETES or store.key == "=:":
            _add(body, store.target, found)
    for call in body.calls:
        callee = call.callee
        cut = callee.rfind(".")
        if cut >= 0 and callee[cut + 1 :] in _CHANGING:
            owner = callee[:cut]
            _add(body, owner, found)
            if owner[:1] == "@" and callee[cut + 1 :] in SETTERS:
                found.add(f"{CONTEXT}{owner[1:]}")
        for _, value in call.args:
            if value[0] != "=":
                for root in _telling_roots(value):
                    _add_argument(body, root, found)
        if callee == "@builtins.len" and call.args:
            _add(body, call.args[0][1], found)
    return found


@lru_cache(maxsize=20_000)
def _telling_roots(value: str) -> tuple[str, ...]:
    """What an argument mentions of collections and of methods that shrink one, the same in every body."""
    return tuple(
        root
        for root in values.roots(value)
        if root.rpartition(".")[2] in SHRINKERS
        or (root[:1] in ("@", "!", "^", ">") and len(root) > 1 and "[]" not in root)
    )


def _add_argument(body: FunctionBody, root: str, found: set[str]) -> None:
    owner, _, tail = root.rpartition(".")
    _add(body, owner if tail in SHRINKERS else root, found)


def _add(body: FunctionBody, value: str, found: set[str]) -> None:
    """Add a base in the form in which ``bases`` gives it, if it may be a kept collection."""
    cut = value.find("[]")
    if cut >= 0:
        value = value[:cut]
    mark = value[:1]
    if mark == "@" or (mark in "!^>" and len(value) > 1):
        found.add(value)
    elif mark == "#":
        found.update(_looked_up(body, value))
    elif mark == "%" and "." not in value:
        if _may_stand_for_kept(body, value[1:]):
            found.add(ANY)
    elif mark in "%$" and value.count(".") == 1:
        found.add(value[value.index(".") :])


def _looked_up(body: FunctionBody, value: str) -> Iterator[str]:
    """The bases behind the result of a call: ``getattr(local, "x")``, ``X.get(k)``, ``self.x.setdefault(k, [])``."""
    call = body.calls[int(values.split(value)[0][1:])]
    owner, _, tail = call.callee.rpartition(".")
    if call.callee in _LOOKING:
        yield ANY
    elif tail in ("get", "setdefault"):
        inner: set[str] = set()
        _add(body, owner, inner)
        yield from inner
        if owner[:1] == "@":
            yield f"{CONTEXT}{owner[1:]}"


def _may_stand_for_kept(body: FunctionBody, name: str) -> bool:
    """Whether a local was given, or is an item of, something that may outlive the call."""
    for value in body.values_of.get(name, ()):
        for root in values.roots(value):
            mark = root[:1]
            if mark in "@!^" and len(root) > 1:
                return True
            if mark in "%$" and "." in root:
                return True
            if mark == "#" and _is_telling(body, root):
                return True
    return False


def _is_telling(body: FunctionBody, root: str) -> bool:
    callee = body.calls[int(values.split(root)[0][1:])].callee
    tail = callee[callee.rfind(".") + 1 :]
    return callee in _LOOKING or tail in ("get", "setdefault", "values", "items")
