"""Whether a value can mean anything that the project or the catalog knows, told before it is resolved.

``data.get("key")`` calls nothing that matters while ``data`` is a literal, an item of
something or what ``json.loads`` gave; most calls of methods with common names are such.
Says too much rather than too little: what has no prospects surely resolves to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

import msgspec

from celeryleak_lint.link.bodies import PARTIALS
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import (
    FunctionBody,
    FunctionFact,
    ParameterFact,
    unpacked_signature,
)

#: Annotations that name nothing with methods of interest.
_PLAIN = ("@builtins.", "@typing.")


class Outside(msgspec.Struct, frozen=True):
    """What is known of names from outside the project.

    ``tails`` are last names of what may be built; only calls under them are looked at.
    ``gives`` tells of a dotted name whether the catalog knows what a call of it gives.
    """

    tails: AbstractSet[str]
    gives: Callable[[str], bool]


class Prospects:
    """Looks at one body after the other; ``modules`` are the names of the project's modules."""

    def __init__(self, outside: Outside, modules: Iterable[str]) -> None:
        self._outside = outside
        self._tops = {name.partition(".")[0] for name in modules}
        self._given_instances: dict[str, bool] = {}
        self._asked: dict[str, bool] = {}
        self._signature: tuple[ParameterFact, ...] | None = None
        self._roots: dict[str, bool] = {}

    def idle(self, fact: FunctionFact, body: FunctionBody) -> list[int]:
        """The calls under a name of interest on something that means nothing."""
        asked = [index for index, call in enumerate(body.calls) if self._is_asked(call.callee)]
        if not asked:
            return asked
        self._signature = None
        self._roots.clear()
        return [
            index
            for index in asked
            if not self._may_mean(fact, body, body.calls[index].callee.rpartition(".")[0])
        ]

    def _is_asked(self, callee: str) -> bool:
        known = self._asked.get(callee)
        if known is None:
            name, dot, tail = callee.rpartition(".")
            known = bool(dot) and name[0] in "%#$" and tail in self._outside.tails
            self._asked[callee] = known
        return known

    def _may_mean(self, fact: FunctionFact, body: FunctionBody, value: str) -> bool:
        return any(self._may_be(fact, body, choice) for choice in values.choices(value))

    def _may_be(self, fact: FunctionFact, body: FunctionBody, value: str) -> bool:
        if not values.is_simple(value):
            return False
        root, segments = values.split(value)
        if "[]" in segments:
            return False
        known = self._roots.get(root)
        if known is None:
            self._roots[root] = True  # what leads back to itself may mean anything
            known = self._roots[root] = self._root(fact, body, root)
        return known

    def _root(self, fact: FunctionFact, body: FunctionBody, root: str) -> bool:
        mark, name = root[0], root[1:]
        if mark == "#":
            callee = body.calls[int(name)].callee
            if callee == "@builtins.super" or callee in PARTIALS:
                return True
            return any(self._gives(fact, body, choice) for choice in values.choices(callee))
        if mark == "$":
            return self._is_given(fact, name)
        if mark != "%":
            return True
        annotation = body.annotation_of.get(name, "")
        if annotation[:1] == "@" and not annotation.startswith(_PLAIN):
            return True
        assigned = body.values_of.get(name)
        if assigned is None:
            return self._is_given(fact, name)
        return any(self._may_mean(fact, body, value) for value in assigned)

    def _gives(self, fact: FunctionFact, body: FunctionBody, callee: str) -> bool:
        """Whether calling something may give what has a meaning."""
        if callee[:1] != "@":
            return self._may_be(fact, body, callee)
        dotted, bracket, _ = callee[1:].partition("[]")
        if bracket:
            return False
        known = self._given_instances.get(dotted)
        if known is None:
            is_own = "" in self._tops or dotted.partition(".")[0] in self._tops
            is_class = dotted[dotted.rfind(".") + 1 :][:1].isupper()
            known = is_own or is_class or self._outside.gives(dotted)
            self._given_instances[dotted] = known
        return known

    def _is_given(self, fact: FunctionFact, name: str) -> bool:
        """Whether the signature says what a parameter is."""
        if self._signature is None:
            self._signature = unpacked_signature(fact.signature)
        for parameter in self._signature:
            if parameter.name == name and parameter.kind not in ("*", "**"):
                said = parameter.annotation or parameter.default
                return said[:1] == "@" and not (parameter.annotation and said.startswith(_PLAIN))
        return False
