"""Names inside one body: what a callee or an argument is called, through local aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from celeryleak_lint.model import values
from celeryleak_lint.model.facts import FunctionBody

#: Values of what binds arguments and passes the call on.
PARTIALS = frozenset({"@functools.partial", "@functools.partialmethod"})

_ATTRIBUTE = re.compile(r"\.([^\W\d]\w*)")


def attributes_in(value: str) -> list[str]:
    """The names of all attributes that a value mentions."""
    return _ATTRIBUTE.findall(value)


def referred(body: FunctionBody, value: str) -> Iterator[str]:
    """The last names of what an argument refers to, through local aliases."""
    for root in values.roots(value):
        if root[:1] in "@!^%>" and len(root) > 1:
            yield from callee_tails(body, root)


def partial_of(body: FunctionBody, value: str) -> str:
    """What ``functools.partial(f, ...)`` stands for, that is ``f``; any other value itself."""
    if value[:1] == "#" and value[1:].isdigit():
        call = body.calls[int(value[1:])]
        if call.callee in PARTIALS and call.args and call.args[0][0] == "0":
            return call.args[0][1]
    return value


def callee_tails(body: FunctionBody, callee: str) -> Iterator[str]:
    """The last names a callee may have, looking through one local alias (``cls = A if x else B``)."""
    for choice in values.choices(callee):
        if choice[:1] in "%>" and "." not in choice and not choice.endswith("[]"):
            for assigned in body.values_of.get(choice[1:], ()):
                for inner in values.choices(assigned):
                    meant = partial_of(body, inner)
                    if meant[:1] in "@!^":
                        yield meant.rpartition(".")[2].lstrip("@")
        elif choice[:1] in "@!^%$>#":
            yield last_name(choice)


def last_name(value: str) -> str:
    """The last component of a value, without the mark of a name."""
    return value[value.rfind(".") + 1 :].lstrip("@%$>")
