"""How a call passes objects on: to which parameter, as themselves, or inside something new.

Knows the shape of one call; where the object goes afterwards is for ``flow``.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from celeryleak_lint.link.elements import Function
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact

#: Functions whose result is, or holds, what they are given.
PASSING = frozenset(
    {"list", "tuple", "set", "dict", "iter", "next", "zip", "enumerate", "reversed", "sorted", "frozenset", "cast", "aiter", "anext",
     "wait_for", "shield", "gather", "run_until_complete"}
)  # fmt: skip
#: The sink of what is listed in the head of a loop or comprehension.
LISTED = "el>iter"


def is_fluent(call: CallFact) -> bool:
    """``x = x.method(...)``: the method hands the object on under its old name."""
    owner = call.callee.rpartition(".")[0]
    if owner[:1] == "%":
        return f"var {owner[1:]}" in call.sinks
    if owner[:1] == "#" and owner == values.split(owner)[0]:
        return call.name in ("to", "eval", "cuda", "cpu", "half", "bind")
    return False


def is_fresh(function: Function, value: str) -> bool:
    """True for a container or object that the function itself has just made."""
    if value[:1] in "[{=":
        return True
    if value[:1] != "#" or value != values.split(value)[0]:
        return False
    name = function.fact.calls[int(value[1:])].name
    return name in PASSING or name in ("defaultdict", "OrderedDict") or name[:1].isupper()


def collects_keywords(function: Function, name: str) -> bool:
    """``**kwargs`` is a new dict in each call: what is put there goes where the dict goes."""
    return any(p.name == name and p.kind == "**" for p in function.fact.params)


def parameter_name(function: Function, label: str) -> str | None:
    """The parameter that an argument label (position or keyword) of a call binds."""
    named = [p for p in function.fact.params if p.kind in ("", "kw")]
    if not label.isdigit():
        return label if any(p.name == label for p in named) else None
    positional = [p.name for p in function.fact.params if p.kind == ""]
    bound = function.fact.cls and positional and positional[0] not in function.uses
    offset = 1 if bound and positional[0] in ("self", "cls", "mcs") else 0
    position = int(label) + offset
    return positional[position] if position < len(positional) else None


def attribute_name(call: CallFact) -> str | None:
    """The attribute that a ``getattr`` asks for, as far as it is written there; None for any other."""
    return next((values.literal_text(value) for label, value in call.args if label == "1"), None)


def calls_of_result(function: Function, number: int) -> list[CallFact]:
    """The calls of what call ``number`` returns: ``#number()``, or ``name()`` where it alone has the name."""
    result = f"#{number}"
    return [
        call
        for call in function.fact.calls
        if call.callee == result
        or (call.callee[:1] == "%" and function.locals.get(call.callee[1:]) == (result,))
    ]


def is_duplicated(function: Function, call: CallFact) -> bool:
    """True when a number of a file that a call gives goes to ``os.dup`` or ``os.dup2``."""
    takers = [int(sink.split(" ")[1]) for sink in call.sinks if sink.startswith("arg ")]
    return any(function.fact.calls[number].name in ("dup", "dup2") for number in takers)


def uses_of_items(function: Function, name: str) -> list[str]:
    """Where the items of a local collection go: ``for f in files``, ``for f in reversed(files)``, ``for f in by_name.values()``.

    What is listed in the head of a loop is an item itself: ``for f in (first, second)``.
    """
    return [
        use
        for item, held in function.locals.items()
        if any(_is_item(function, name, value) for value in held)
        for use in function.uses.get(item, ())
    ]


def _is_item(function: Function, name: str, value: str) -> bool:
    if value[:1] == "?":
        return LISTED in function.uses.get(name, ()) and f"%{name}" in values.roots(value)
    root, segments = values.split(value) if values.is_simple(value) else ("", ())
    if "[]" not in segments:
        return False
    if root[:1] != "#":
        return root == f"%{name}"
    call = function.fact.calls[int(root[1:])]
    return call.callee.startswith(f"%{name}.") or any(given == f"%{name}" for _, given in call.args)


def closes_result(function: Function, number: int, endings: AbstractSet[str]) -> bool:
    """True when a function calls one of the ``endings`` (``close``) on what call ``number`` returns."""
    result = f"#{number}"
    owners = {result, *(f"%{name}" for name, held in function.locals.items() if result in held)}
    return any(
        call.name in endings and call.callee.rpartition(".")[0] in owners
        for call in function.fact.calls
    )


def closes_name(function: Function, name: str, endings: AbstractSet[str]) -> bool:
    """True when a function calls one of the ``endings`` (``close``) on what a name stands for."""
    return any(
        call.callee.rpartition(".")[0] == name and call.name in endings
        for call in function.fact.calls
    )
