"""What the key of a collection says about how many entries it can get.

The key is expanded through local assignments; whole words of the names it mentions decide:
users, sessions and requests grow with traffic, servers and settings do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.link.index import Function
from celeryleak_lint.model import values

Domain = Literal["entity", "configuration", "type", "constant", "unknown"]

_DEPTH = 3


@dataclass(slots=True)
class _Mentioned:
    """What an expanded key mentions."""

    names: dict[str, None] = field(default_factory=dict)
    is_type: bool = False
    is_identity: bool = False
    only_literals: bool = True


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """The domain of a key, and the word that decided; ``is_identity`` for ``id(obj)``."""

    domain: Domain
    word: str = ""
    is_identity: bool = False


class Keys:
    """Judges keys of collections."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def judge(self, function: Function, key: str) -> KeyVerdict:
        """The domain of a key as ``function`` computes it."""
        found = _Mentioned()
        self._expand(function, key, found, 0)
        if found.only_literals:
            return KeyVerdict("constant")
        if found.is_type:
            return KeyVerdict("type")
        for name in found.names:
            word = self.catalog.configuration_key(name)
            if word is not None:
                return KeyVerdict("configuration", word)
        if found.is_identity:
            return KeyVerdict("entity", "id()", is_identity=True)
        for name in found.names:
            word = self.catalog.entity_key(name)
            if word is not None:
                return KeyVerdict("entity", name)
        return KeyVerdict("unknown")

    def _expand(self, function: Function, value: str, found: _Mentioned, depth: int) -> None:
        for root in values.roots(value):
            if root[:1] == "=" or not root or _is_constant(root):
                continue
            found.only_literals = False
            base, segments = values.split(root)
            for segment in segments:
                if segment == "__class__":
                    found.is_type = True
                elif segment != "[]":
                    found.names[segment] = None
            self._mention(function, base, found, depth)

    def _mention(self, function: Function, base: str, found: _Mentioned, depth: int) -> None:
        mark = base[:1]
        if mark == "@":
            self._global(base, found)
        elif mark == "#":
            self._call(function, int(base[1:]), found, depth)
        elif mark == "$":
            self._parameter(function, base[1:], found)
        elif mark in "%>":
            self._local(function, base[1:], found, depth)
        elif mark == "^":
            found.is_type = True

    @staticmethod
    def _global(base: str, found: _Mentioned) -> None:
        last = base.rpartition(".")[2]
        if last[:1].isupper():
            found.is_type = True
        else:
            found.names[last] = None

    def _call(self, function: Function, index: int, found: _Mentioned, depth: int) -> None:
        call = function.fact.calls[index]
        if call.callee in ("@builtins.type", "@builtins.hash"):
            found.is_type |= call.callee == "@builtins.type"
        if call.callee == "@builtins.id":
            found.is_identity = True
        elif call.callee[:1] in "%$!" and "." in call.callee:
            owner = call.callee.rpartition(".")[0]
            self._expand(function, owner, found, depth + 1)
        elif call.name and call.callee[:10] != "@builtins.":
            found.names[call.name] = None
        if depth < _DEPTH:
            for _, value in call.args:
                self._expand(function, value, found, depth + 1)

    @staticmethod
    def _parameter(function: Function, name: str, found: _Mentioned) -> None:
        found.names[name] = None
        for parameter in function.fact.params:
            if parameter.name == name and parameter.annotation in (
                "@builtins.type",
                "@typing.Type",
            ):
                found.is_type = True

    def _local(self, function: Function, name: str, found: _Mentioned, depth: int) -> None:
        found.names[name] = None
        if depth < _DEPTH:
            for assigned in function.locals.get(name, ()):
                self._expand(function, assigned, found, depth + 1)


def _is_constant(root: str) -> bool:
    """True for ``LIMIT`` and ``Color.RED``: a name in capitals stands for one value."""
    return root[:1] == "@" and root.rpartition(".")[2].isupper()
