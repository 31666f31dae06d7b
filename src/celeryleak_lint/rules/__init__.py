"""All rules, in the order of their codes."""

from celeryleak_lint.rules import (
    built_in_loop,
    built_on_access,
    built_per_call,
    cache_misses,
    class_collection,
    default_argument,
    factory_called_per_call,
    memo_pins_instance,
    memo_unbounded,
    module_collection,
    overwritten,
    owner_built_per_call,
    registration,
    singleton_collection,
    task_declared_per_call,
    thread_local,
)
from celeryleak_lint.rules.base import Rule

RULES: tuple[Rule, ...] = (
    built_per_call.RULE,
    factory_called_per_call.RULE,
    built_in_loop.RULE,
    built_on_access.RULE,
    owner_built_per_call.RULE,
    overwritten.RULE,
    cache_misses.RULE,
    task_declared_per_call.RULE,
    module_collection.RULE,
    class_collection.RULE,
    singleton_collection.RULE,
    default_argument.RULE,
    memo_unbounded.RULE,
    memo_pins_instance.RULE,
    registration.RULE,
    thread_local.RULE,
)

__all__ = ["RULES", "Rule"]
