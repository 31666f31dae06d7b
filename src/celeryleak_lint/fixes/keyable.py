"""What code shows about the names in it that speaks against moving it behind a memo. For jobs only."""

from __future__ import annotations

from collections.abc import Container, Iterator

import libcst as cst

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.trees import dotted, within

#: Methods of collections; what has one of them is no key.
_METHODS = frozenset(
    {"get", "items", "keys", "values", "pop", "popitem", "setdefault", "update", "append", "extend",
     "copy"}
)  # fmt: skip
#: Functions and methods, by last name, that give another value each time, or use something up.
_VOLATILE = frozenset(
    {"pop", "popleft", "popitem", "get_nowait", "next", "choice", "choices", "sample", "random",
     "randint", "randrange", "uniform", "time", "time_ns", "now", "utcnow", "today", "monotonic",
     "perf_counter", "uuid1", "uuid4", "token_hex", "token_urlsafe", "token_bytes", "urandom",
     "get_ident", "current_thread", "mkdtemp", "mkstemp", "readline", "recv"}
)  # fmt: skip
#: Methods that texts have: what is asked for one may be a text.
_OF_TEXTS = frozenset({*dir(str), *dir(bytes)})
_CLASS = frozenset({"__class__", "super"})


def collections_in(node: cst.CSTNode) -> Iterator[str]:
    """Names and chains of attributes that are taken apart as lists or dictionaries are."""
    for found in within(node):
        if isinstance(found, cst.Subscript):
            index = found.slice[0].slice
            if isinstance(index, cst.Index) and isinstance(index.value, cst.SimpleString):
                yield dotted(found.value)
        elif isinstance(found, cst.Arg) and found.star:
            yield dotted(found.value)
        elif isinstance(found, cst.For | cst.CompFor):
            yield dotted(found.iter)
        elif isinstance(found, cst.StarredElement | cst.StarredDictElement):
            yield dotted(found.value)
        elif isinstance(found, cst.Call) and isinstance(found.func, cst.Attribute):
            if found.func.attr.value in _METHODS:
                yield dotted(found.func.value)


def asked_in(node: cst.CSTNode) -> Iterator[tuple[str, str]]:
    """Names and chains of attributes on which a method is called that no text has, with the method."""
    for found in within(node):
        if isinstance(found, cst.Call) and isinstance(found.func, cst.Attribute):
            method = found.func.attr.value
            if method not in _OF_TEXTS:
                yield dotted(found.func.value), method


def volatile_in(node: cst.CSTNode) -> str:
    """A call that gives something else each time; empty when none does."""
    for found in within(node):
        if isinstance(found, cst.Call):
            func = found.func
            last = func.attr.value if isinstance(func, cst.Attribute) else dotted(func)
            if last in _VOLATILE and not _looks_up_text(found, last):
                return dotted(func) or last
    return ""


def _looks_up_text(call: cst.Call, last: str) -> bool:
    """``options.pop("host")`` takes one entry, always the same; ``hosts.pop()`` takes the next."""
    return last == "pop" and any(isinstance(arg.value, cst.SimpleString) for arg in call.args)


def bound_to_class(node: cst.CSTNode, written_anew: Container[cst.CSTNode]) -> str:
    """A name that means something only inside its class; ``written_anew`` does not count."""
    pending = [node]
    while pending:
        found = pending.pop()
        if found in written_anew:
            continue
        if isinstance(found, cst.Name) and (
            found.value in _CLASS or (found.value[:2] == "__" and found.value[-2:] != "__")
        ):
            return found.value
        pending += children(found)
    return ""
