"""Which functions read an attribute that may be a property: an index by attribute name.

Made once, and only for names under which the project has decorated methods.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

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
        mentioned: dict[str, tuple[str, ...]] = {}
        found: dict[str, list[Function]] = defaultdict(list)
        for function in self.index.everything:
            names = {attribute for attribute, _ in function.fact.reads if attribute in wanted}
            for value in _values(function):
                known = mentioned.get(value)
                if known is None:
                    known = tuple(wanted.intersection(_ATTRIBUTE.findall(value)))
                    mentioned[value] = known
                if known:
                    names.update(known)
            for name in names:
                found[name].append(function)
        return found


def _values(function: Function) -> Iterator[str]:
    """All values in which a function may read an attribute."""
    for call in function.fact.calls:
        if "." in call.callee:
            yield call.callee
        for _, value in call.args:
            if value[:1] != "=" and "." in value:
                yield value
    for store in function.fact.stores:
        if "." in store.value:
            yield store.value
