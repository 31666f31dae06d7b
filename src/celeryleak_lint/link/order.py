"""What comes before what in one function: names bound again, and returns before a close.

Extraction keeps the lines of calls and early returns, no control flow: lines decide, and
branches that they cannot order count as unknown.
"""

from __future__ import annotations

from celeryleak_lint.link.elements import Function
from celeryleak_lint.model.facts import CONDITIONAL, EXCEPT, FINALLY, LOOP, CallFact


def uses_until_rebound(function: Function, index: int, name: str) -> tuple[str, ...]:
    """Where local ``name`` goes between call ``index``, whose result it got, and its next value."""
    uses = function.uses.get(name, ())
    numbered = [number for use in uses if (number := _call_of(use)) is not None]
    following = _rebinding(function, index, name, frozenset(numbered))
    if following is None:
        return uses
    return tuple(use for use in uses if not _is_behind(function, use, following))


def place_of_close(call: CallFact) -> str:
    """Where a close stands: ``finally``, ``handled`` (in a handler) or ``plainly``."""
    if call.flags & FINALLY:
        return "finally"
    return "handled" if call.flags & EXCEPT else "plainly"


def returns_before(function: Function, index: int, closings: list[int]) -> bool:
    """True when some path returns behind call ``index`` and before the first of the ``closings`` (lines).

    A return that stands where the result is known to be missing does not count.
    """
    call = function.fact.calls[index]
    behind = [line for line in closings if line > call.end_line]
    if not behind or call.flags & (CONDITIONAL | EXCEPT):
        return False
    names = {f"%{sink[4:]}" for sink in call.sinks if sink.startswith("var ")}
    return any(
        call.end_line < early.line < min(behind) and not names & set(early.guards)
        for early in function.fact.exits
    )


def _rebinding(function: Function, index: int, name: str, used: frozenset[int]) -> CallFact | None:
    """The first later call whose result surely replaces the value of ``name``."""
    calls = function.fact.calls
    before = calls[index]
    for call in calls[index + 1 :]:
        if f"var {name}" not in call.sinks or call.line <= before.end_line:
            continue
        if call.flags & (CONDITIONAL | EXCEPT) or (call.flags & LOOP and not before.flags & LOOP):
            continue
        if not any(call.line <= calls[number].line <= call.end_line for number in used):
            return call
    return None


def _is_behind(function: Function, use: str, call: CallFact) -> bool:
    number = _call_of(use)
    return number is not None and function.fact.calls[number].line > call.end_line


def _call_of(use: str) -> int | None:
    """The number of the call that a sink leads to, if it is one."""
    word, _, rest = use.rpartition(">")[2].partition(" ")
    return int(rest.split(" ")[0]) if word in ("recv", "arg") else None
