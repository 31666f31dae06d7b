"""What loop variables and other locals stand for: the collections and values that they were made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from celeryleak_lint.link.elements import Function, Site
from celeryleak_lint.link.holdings import Holding, Holdings
from celeryleak_lint.model import values


def walked(holdings: Holdings, function: Function, base: str) -> list[Holding]:
    """The collections of which a local is one, or an item: ``for x in (self.a, self.b)``, ``for x in self.a.values()``."""
    name = base.partition("[]")[0]
    if name[:1] != "%" or "." in name:
        return []
    named = [
        part for value in function.locals.get(name[1:], ()) for part in _sources(function, value)
    ]
    found = [holdings.of(function, part) for part in named if part]
    return [holding for holding in found if holding is not None]


def _sources(function: Function, value: str) -> tuple[str, ...]:
    """The collections that the value of a loop variable was taken from."""
    if value[:1] == "#" and value.endswith("[]"):
        call = function.fact.calls[int(values.split(value)[0][1:])]
        owner, _, tail = call.callee.rpartition(".")
        return (owner,) if tail in ("values", "items") else ()
    return values.roots(value) if value[:1] in ("?", "[") else ()


def walks(function: Function, base: str, key: str) -> bool:
    """``for key in X.items(): X[key] = ...`` sets what is there."""
    held = function.locals.get(key[1:], ()) if key[:1] == "%" else ()
    for root in (root for value in held for root in values.roots(value)):
        inner = values.split(root)[0]
        called = function.fact.calls[int(inner[1:])] if inner[:1] == "#" else None
        walked = [root] if called is None else [called.callee, *(v for _, v in called.args)]
        if any(value == base or value.startswith((f"{base}.", f"{base}[]")) for value in walked):
            return True
    return False


def ends(site: Site) -> set[str]:
    """The attributes in which the chain of names of a method call ends, or one that its local was read from."""
    owner = site.callee.rpartition(".")[0]
    named = site.function.locals.get(owner[1:], ()) if owner[:1] == "%" else ()
    return {
        value.rpartition(".")[2]
        for value in (owner, *named)
        if value.count(".") > 1 or (value.count(".") == 1 and value[:1] in ("%", "$", ">", "#"))
    }


def told(function: Function, key: str) -> tuple[str, ...]:
    """The roots of a key, and those of what a local that is one was made of."""
    found: list[str] = []
    for root in values.roots(key):
        found.append(root)
        held = function.locals.get(root[1:], ()) if root[:1] == "%" else ()
        for value in held:
            found += values.roots(value)
            for part in values.roots(value):
                if part[:1] == "#" and part[1:].isdecimal():
                    found += [v for _, v in function.fact.calls[int(part[1:])].args]
    return tuple(found)


def behind(function: Function, given: Sequence[str]) -> Iterator[str]:
    """The values that some values were made of, through locals and the arguments of calls."""
    seen: set[str] = set()
    pending = [root for value in given for root in values.roots(value)]
    while pending:
        root = pending.pop()
        if root in seen:
            continue
        seen.add(root)
        yield root
        base = values.split(root)[0] if values.is_simple(root) else ""
        if base[:1] == "%":
            pending += [r for held in function.locals.get(base[1:], ()) for r in values.roots(held)]
        elif base[:1] == "#":
            call = function.fact.calls[int(base[1:])]
            pending += [r for _, value in call.args for r in values.roots(value)]
            pending.append(call.callee)
