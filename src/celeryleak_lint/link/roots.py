"""Keeps source roots apart that use the same module names (``orders/app`` and ``mail/app``).

Rare, so it is done by renaming before anything is linked: the colliding modules of a root,
and every mention of them inside that root, get the root's path in front. Files elsewhere
keep meaning the first root.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from celeryleak_lint.model.facts import (
    FunctionBody,
    FunctionFact,
    ModuleSummary,
    ParameterFact,
    packed,
    unpacked,
)

Part = TypeVar("Part")

_GLOBAL = re.compile(r"@([^\W\d]\w*)")


def separate(summaries: Sequence[ModuleSummary]) -> list[ModuleSummary]:
    """The same summaries in the same order, with colliding module names made distinct."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for summary in summaries:
        if not summary.is_test:
            by_name[summary.module].add(root_of(summary))
    colliding: dict[str, set[str]] = defaultdict(set)
    for name, roots in by_name.items():
        for root in sorted(roots)[1:]:
            colliding[root].add(name.partition(".")[0])
    if not colliding:
        return list(summaries)
    return [
        _renamed(summary, root_of(summary), colliding[root_of(summary)])
        if root_of(summary) in colliding
        else summary
        for summary in summaries
    ]


def root_of(summary: ModuleSummary) -> str:
    """The folder from which a file's module name counts, relative to the project root."""
    path = summary.path.removesuffix(".py").removesuffix("/__init__")
    name = summary.module.replace(".", "/")
    return path[: -len(name)].rstrip("/") if name and path.endswith(name) else path


def _renamed(summary: ModuleSummary, root: str, tops: set[str]) -> ModuleSummary:
    prefix = root.replace(".", "_") + "/"

    def renamed(dotted: str) -> str:
        return prefix + dotted if dotted.partition(".")[0] in tops else dotted

    def in_value(match: re.Match[str]) -> str:
        return f"@{prefix}{match[1]}" if match[1] in tops else match[0]

    def walk(part: object) -> object:
        if isinstance(part, str):
            return _GLOBAL.sub(in_value, part) if "@" in part else part
        if isinstance(part, (list, tuple)):
            return [walk(item) for item in part]
        return part

    def moved(part: Part, kind: type[Part]) -> Part:
        return msgspec.convert(walk(msgspec.to_builtins(part, builtin_types=(bytes,))), kind)

    functions = [
        msgspec.structs.replace(
            moved(fact, FunctionFact),
            signature=packed(tuple(moved(param, ParameterFact) for param in fact.params)),
            packed=packed(moved(unpacked(fact.packed), FunctionBody)),
            parameters=None,
            opened=None,
        )
        for fact in summary.functions
    ]
    bare = moved(msgspec.structs.replace(summary, functions=()), ModuleSummary)
    return msgspec.structs.replace(
        bare,
        functions=tuple(functions),
        path=summary.path,
        module=renamed(summary.module),
        imports=tuple((name, renamed(dotted)) for name, dotted in summary.imports),
        stars=tuple(map(renamed, summary.stars)),
        mentioned=tuple(map(renamed, summary.mentioned)),
    )
