"""Which functions read an attribute that may be a property: an index by attribute name.

Made once, and only for names under which the project has decorated methods.
"""

from __future__ import annotations

import re
from collections import defaultdict

from celeryleak_lint.link.index import Function, Index

_ATTRIBUTE = re.compile(r"\.([^\W\d]\w*)")


class AttributeReads:
    """Answers who mentions ``something.name``."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._readers: dict[str, list[Function]] | None = None

    def readers(self, name: str) -> list[Function]:
        """All functions that may read attribute ``name``, which some class defines as a decorated method."""
        if self._readers is None:
            self._readers = self._collect()
        return self._readers.get(name, [])

    def _collect(self) -> dict[str, list[Function]]:
        wanted = {
            name
            for cls in self.index.all_classes
            for name, method in cls.methods.items()
            if method.fact.decorators
        }
        mentioned: dict[str, frozenset[str]] = {}
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.index.everything:
            names = {attribute for attribute, _ in function.fact.reads} & wanted
            for value in _values(function):
                if "." in value:
                    if value not in mentioned:
                        mentioned[value] = frozenset(wanted.intersection(_ATTRIBUTE.findall(value)))
                    names |= mentioned[value]
            for name in names:
                found[name].append(function)
        return found


def _values(function: Function) -> set[str]:
    """All values in which a function may read an attribute."""
    found = {call.callee for call in function.fact.calls}
    found.update(value for call in function.fact.calls for _, value in call.args)
    found.update(store.value for store in function.fact.stores)
    return found
