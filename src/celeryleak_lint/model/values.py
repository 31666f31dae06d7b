r"""How a summary writes down what an expression is: a small text grammar.

A value is one string, so that summaries stay compact, hashable and serialisable:

==========  ==================================================================
``@a.b.C``  a global name, imports resolved (builtins as ``@builtins.len``)
``#3``      the result of call number 3 of the same function
``$name``   a parameter          ``%name``  a local variable
``>name``   a variable of an enclosing function
``!``       the instance (``self``)        ``^``  the class (``cls``)
``=text``   a literal; ``=~`` when its text is not kept, with a word behind it for a
            piece of SQL (``=~limited``)
``|a\\tb``   either of several values (``a or b``, conditional expressions)
``[a b``    a new list, tuple, set or comprehension that mentions these roots
``{a b``    a new dict that mentions these roots
``?a b``    anything else; the roots it mentions
==========  ==================================================================

The simple forms (first five rows) may be followed by ``.attribute`` and ``[]`` segments.
"""

from __future__ import annotations

UNKNOWN = "?"
LITERAL = "=~"
#: Pieces of SQL whose text is not kept: one that bounds its rows, one that picks some, any other query.
LIMITED, FILTERED, SELECTING = "=~limited", "=~filtered", "=~selecting"
SELF = "!"
CLASS = "^"

_SIMPLE = frozenset("@#$%>!^")
_COMPOUND = frozenset("|[{?")


def is_simple(value: str) -> bool:
    """True for a name, call result or instance with its attribute chain."""
    return value[:1] in _SIMPLE


def attribute(value: str, name: str) -> str:
    """The value of ``value.name``; what is not simple keeps only its roots."""
    if value[:1] in _SIMPLE:
        return f"{value}.{name}"
    return compound("?", (value,))


def element(value: str) -> str:
    """The value of one item of ``value``, by subscript, iteration or unpacking."""
    if value[:1] in _SIMPLE:
        return value + "[]"
    return compound("?", (value,))


def compound(mark: str, parts: tuple[str, ...] | list[str]) -> str:
    """A ``?``, ``[`` or ``{`` value that mentions the roots of ``parts``, each once."""
    seen: dict[str, None] = {}
    for part in parts:
        first = part[:1]
        if first in _COMPOUND or first == "|":
            for root in roots(part):
                seen[root] = None
        else:
            seen[part] = None
    return mark + " ".join(seen)


def either(parts: tuple[str, ...] | list[str]) -> str:
    """One of several values; a single one is itself."""
    seen: dict[str, None] = {}
    for part in parts:
        for choice in choices(part):
            seen[choice] = None
    return next(iter(seen)) if len(seen) == 1 else "|" + "\t".join(seen)


def choices(value: str) -> tuple[str, ...]:
    """The alternatives of a value; a plain value is its only one."""
    return tuple(value[1:].split("\t")) if value[:1] == "|" else (value,)


def roots(value: str) -> tuple[str, ...]:
    """All simple values and literals that an expression mentions."""
    mark = value[:1]
    if mark == "|":
        return tuple(root for choice in value[1:].split("\t") for root in roots(choice))
    if mark in _COMPOUND:
        return tuple(value[1:].split(" ")) if len(value) > 1 else ()
    return (value,)


def split(value: str) -> tuple[str, tuple[str, ...]]:
    """A simple value as its root and its segments (attribute names and ``"[]"``).

    The root of a global name is the whole dotted name: segments cannot be told from it
    before it is resolved, so only ``[]`` and what follows is split off.
    """
    if value[:1] == "@":
        head, bracket, rest = value.partition("[]")
        return head, (("[]", *_segments(rest)) if bracket else ())
    head, dot, rest = value.partition(".")
    bare, bracket, inner = head.partition("[]")
    if bracket:
        return bare, ("[]", *_segments(inner + dot + rest))
    return head, _segments(dot + rest)


def _segments(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    found: list[str] = []
    for part in text.split("."):
        name = part
        brackets = 0
        while name.endswith("[]"):
            name = name[:-2]
            brackets += 1
        if name:
            found.append(name)
        found.extend(["[]"] * brackets)
    return tuple(found)


def literal_text(value: str) -> str | None:
    """The text of a kept string, number or keyword literal, else ``None``."""
    return value[1:] if value[:1] == "=" and not value.startswith(LITERAL) else None
