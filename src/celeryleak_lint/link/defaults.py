"""Mutable default arguments that a function uses as a store.

Knows which default is a collection and where its function adds to it; what the keys mean is
for ``keys``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from celeryleak_lint.link.bases import SHRINKERS
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.holdings import Holdings
from celeryleak_lint.link.index import Index
from celeryleak_lint.model.facts import DEFAULTED, DELETES

_KEYED_GROWERS = ("setdefault", "add")


class DefaultGrowth(msgspec.Struct, frozen=True):
    """One place where ``function`` stores into the default of its parameter ``name``.

    ``key`` is the value that names the entry; ``index`` is the call that stores it, or -1
    for an assignment.
    """

    function: Function
    name: str
    line: int
    column: int
    key: str
    index: int = -1


def default_growths(index: Index, holdings: Holdings) -> Iterator[DefaultGrowth]:
    """Every store into a mutable default that its function neither empties nor rebinds."""
    for function in index.everything:
        if not function.fact.flags & DEFAULTED:
            continue
        definer = index.definer(function)
        for parameter in function.fact.params if definer is not None else ():
            if not parameter.default or definer is None:
                continue
            if holdings.shape(definer, (parameter.default,)) and not _is_fresh(
                function, parameter.name
            ):
                yield from _grown(function, parameter.name)


def _is_fresh(function: Function, name: str) -> bool:
    """True when the function takes entries out, or fills a copy under the same name."""
    mine = f"${name}"
    if any(s.target.startswith(mine + "[]") and s.flags & DELETES for s in function.fact.stores):
        return True
    for call in function.fact.calls:
        base, _, tail = call.callee.rpartition(".")
        if (base == mine and tail in SHRINKERS) or f"var {name}" in call.sinks:
            return True
    return False


def _grown(function: Function, name: str) -> Iterator[DefaultGrowth]:
    mine = f"${name}"
    for store in function.fact.stores:
        if store.target == mine + "[]":
            yield DefaultGrowth(function, name, store.line, store.column, store.key)
    for position, call in enumerate(function.fact.calls):
        base, _, tail = call.callee.rpartition(".")
        if base == mine and tail in _KEYED_GROWERS and call.args:
            yield DefaultGrowth(function, name, call.line, call.column, call.args[0][1], position)
