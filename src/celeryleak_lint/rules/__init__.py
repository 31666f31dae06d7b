"""All rules, in the order of their codes."""

from celeryleak_lint.rules import (
    built_in_loop,
    built_on_access,
    built_per_call,
    cache_misses,
    factory_called_per_call,
    overwritten,
    owner_built_per_call,
    task_declared_per_call,
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
)

__all__ = ["RULES", "Rule"]
