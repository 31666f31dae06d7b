"""What names say a collection is for: entries registered at start-up, warnings given once, a store in memory."""

from __future__ import annotations

from itertools import pairwise

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.growth import Growth
from celeryleak_lint.link.holdings import Holding

_REGISTRY_WORDS = frozenset(
    {"register", "registry", "registered", "handlers", "plugins", "hooks", "subscribe", "install", "setup", "processors", "converters"}
)  # fmt: skip
_ONCE_WORDS = frozenset({"warned", "emitted", "reported", "logged", "seen_warnings", "deprecated", "announced", "unpriced", "unparsable", "warning", "warnings", "deprecations", "once"})  # fmt: skip

#: Names of classes that stand in for others in tests.
_DOUBLE_WORDS = frozenset(
    {"inmemory", "stub", "mock", "fake", "fakes", "dummy", "simulator", "noop"}
)

#: Two words of a class or module that keeps in memory what others of its kind keep elsewhere.
_IN_MEMORY = frozenset(
    {("in", "memory"), ("memory", "repository"), ("memory", "backend"), ("memory", "driver"), ("memory", "storage"),
     ("memory", "queue"), ("memory", "broker")}
)  # fmt: skip


def is_registry(growth: Growth) -> bool:
    """True when names say that entries are registered, which is done at start-up as a rule."""
    words = (*split_words(growth.function.name), *split_words(growth.holding.name))
    return bool(_REGISTRY_WORDS.intersection(words))


def is_once_guard(holding: Holding) -> bool:
    """A set of what was already warned about holds program text, not traffic."""
    return bool(_ONCE_WORDS.intersection(split_words(holding.name))) and not holding.is_mapping


def is_for_keeping(growth: Growth) -> bool:
    """Stubs and stores in memory keep everything: that is what they are for."""
    holding = growth.holding
    names = (*growth.function.module.module.split("."), holding.cls.name if holding.cls else "")
    return any(
        not _DOUBLE_WORDS.isdisjoint(words) or not _IN_MEMORY.isdisjoint(pairwise(words))
        for name in names
        if (words := split_words(name))
    )
