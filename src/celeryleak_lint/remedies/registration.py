"""The remedy for what is registered on each call: a function that only sets up runs once."""

from __future__ import annotations

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.model.facts import ASYNC, GENERATOR
from celeryleak_lint.model.remedies import MemoizedProducer

_CHOOSE = "where the registration should live has to be chosen"
_SETTING_UP = frozenset({"set", "add", "configure", "get", "has"})


def registration_remedy(build: Build) -> MemoizedProducer | str:
    """A memo on the function that registers, where it takes nothing and hands out the registry.

    ``audit_logger()`` that fetches a logger, gives it a handler and returns it means to be
    asked again and again, and gives the same answer when it has run once.
    """
    function = build.function
    fact = function.fact
    if (
        fact.params
        or fact.decorators
        or fact.flags & (ASYNC | GENERATOR)
        or fact.cls
        or fact.parent
    ):
        return _CHOOSE
    if not _hands_out_registry(build) or not _only_sets_up(function):
        return _CHOOSE
    return MemoizedProducer(
        path=function.module.path,
        function=fact.qualname,
        line=fact.line,
        is_bounded=True,
        ceiling="unsafe",
    )


def _hands_out_registry(build: Build) -> bool:
    """True when the object that registers, a local, is what the function returns."""
    owner = build.call.callee.rpartition(".")[0]
    return owner[:1] == "%" and "ret" in build.function.uses.get(owner[1:], ())


def _only_sets_up(function: Function) -> bool:
    """True when locals are only configured: a function that also logs has to run each time."""
    return all(
        split_words(call.name)[:1] and split_words(call.name)[0] in _SETTING_UP
        for call in function.fact.calls
        if call.callee[:1] == "%"
    )
