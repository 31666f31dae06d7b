"""Growth that happens the first time only: for each thread, or for each object, there is one entry."""

from __future__ import annotations

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.growth import Growth
from celeryleak_lint.model import values

#: Names of calls that tell somebody something.
_TELLING = frozenset(
    {"debug", "info", "warning", "warn", "error", "log", "exception", "print", "echo"}
)
#: Words of functions that say something, and of those that do not say it each time.
_SAYING = frozenset({"log", "warn", "warning", "debug", "info", "print"})
_SELDOM = frozenset({"once", "first", "every", "throttled", "limited"})


def is_first_time(growth: Growth) -> bool:
    """``if (trace := getattr(LOCAL, "trace", None)) is None: LOCAL.trace = new(); TRACES.append(new)``.

    What is missing is filled in the same breath, and stays with the thread, the object or the module.
    """
    function = growth.function
    return any(
        "[]" not in store.target
        and store.target[:1] in ("@", "!", "^")
        and not store.value.startswith("=")
        and _tests(function, store.guards, growth.guards, store.target)
        for store in function.fact.stores
    )


def says_once(growth: Growth) -> bool:
    """``if ip not in SEEN: SEEN.add(ip); logger.info(...)``: all it is there for is to say something once."""
    words = split_words(growth.function.name)
    if not _SAYING.isdisjoint(words) and not _SELDOM.isdisjoint(words):
        return True
    if growth.holding.shape != "set" or not growth.guards or growth.index < 0:
        return False
    fact = growth.function.fact
    along = [
        call
        for position, call in enumerate(fact.calls)
        if position != growth.index and call.guards == growth.guards
    ]
    told = [call for call in along if call.name in _TELLING]
    return bool(told) and all(
        call.name in _TELLING or any(sink.startswith("arg ") for sink in call.sinks)
        for call in along
    )


def _tests(
    function: Function, stored: tuple[str, ...], grown: tuple[str, ...], target: str
) -> bool:
    """True when both run while ``target`` is missing."""
    return any(
        guard == target or target in _read_from(function, guard)
        for guard in grown
        if guard in stored
    )


def _read_from(function: Function, guard: str) -> tuple[str, ...]:
    """The attributes and globals that a tested local was read from, also through ``getattr``."""
    found: list[str] = []
    for value in function.locals.get(guard[1:], ()) if guard[:1] == "%" else ():
        for root in values.roots(value):
            if root[:1] == "#" and root[1:].isdigit():
                call = function.fact.calls[int(root[1:])]
                given = [argument for _, argument in call.args]
                if call.callee == "@builtins.getattr" and len(given) > 1:
                    found.append(values.attribute(given[0], given[1][1:]))
            else:
                found.append(root)
    return tuple(found)
