"""Remedies for memos that grow with traffic or hold instances: a size, or a memo for each instance."""

from __future__ import annotations

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.facts import DecoratorFact
from celeryleak_lint.model.remedies import InstanceMemo, MemoBound
from celeryleak_lint.remedies.access import keeping_reason

#: Types whose values are as good as any other equal one, so that computing one anew changes nothing.
_PLAIN = frozenset(
    {"@builtins.str", "@builtins.int", "@builtins.float", "@builtins.bool", "@builtins.bytes",
     "@decimal.Decimal", "@uuid.UUID", "@datetime.date", "@datetime.datetime"}
)  # fmt: skip
#: Words of functions that do something once, or hand out what nobody else gets.
_ACTING = frozenset(
    {"once", "ensure", "register", "init", "initialize", "setup", "start", "warn", "create", "make",
     "send", "notify", "next", "new", "generate", "allocate", "assign", "reserve", "token", "uuid",
     "nonce", "random"}
)  # fmt: skip
_INSPECTING = ("cache_info", "cache_clear", "cache_parameters")


def bound_remedy(function: Function, decorator: DecoratorFact) -> MemoBound:
    """A size for the memo: safe only where an equal result is as good as the same one.

    A function that acts, by its name, would act again for what the memo has forgotten.
    """
    is_plain = function.fact.returns_annotation in _PLAIN
    is_plain &= not _ACTING.intersection(split_words(function.name))
    ceiling: Applicability = "safe" if is_plain else "unsafe"
    return MemoBound(decorator.line, ceiling)


def instance_remedy(
    project: Project, function: Function, owner: Class, decorator: DecoratorFact
) -> InstanceMemo | str:
    """A memo that ends with its instance, or why there can be none."""
    if any(project.index.calls_of(name) for name in _INSPECTING):
        return "its memo is inspected or emptied somewhere"
    reason = keeping_reason(project, owner, function)
    if reason:
        return reason
    qualname = function.fact.qualname
    if project.resolver.is_property(function):
        return InstanceMemo(qualname, decorator.line, 0)
    init = owner.methods.get("__init__")
    if init is None:
        return f"`{owner.name}` has no `__init__` in which the memo could be made"
    return InstanceMemo(qualname, decorator.line, init.fact.line)
