"""Facts without their places: what is equal here is equal wherever it stands in its file.

Lines are replaced by their order among the lines of one body, and lambdas, which are named
after their place, by their order in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from celeryleak_lint.model.facts import (
    LAMBDA,
    CallFact,
    DecoratorFact,
    FunctionBody,
    FunctionFact,
    ModuleSummary,
    StoreFact,
)

_LAMBDA = re.compile(r"<lambda:\d+:\d+>")

Lambdas = Mapping[str, str]


class Outline(msgspec.Struct, frozen=True):
    """Everything of a file but what its functions do; ``lambdas`` are its lambdas by their names."""

    outline: object
    lambdas: Lambdas


def outline(summary: ModuleSummary) -> Outline:
    """The outline of a file; two are equal when only places and bodies differ."""
    lambdas = _lambdas(summary.functions)
    rows = (
        [summary.module, summary.is_package, summary.is_test, summary.imports, summary.stars],
        summary.mentioned,
        [_header(fact) for fact in summary.functions],
        [
            [
                fact.qualname,
                fact.bases,
                fact.metaclass,
                _decorators(fact.decorators, fact.line),
                fact.attributes,
                fact.parent,
            ]
            for fact in summary.classes
        ],
        [[fact.name, fact.value, fact.function] for fact in summary.settings],
        list(_fresh(summary)),
    )
    return Outline(_renamed(msgspec.to_builtins(rows), lambdas), lambdas)


def doings(
    fact: FunctionFact, body: FunctionBody, fresh: Iterable[int], lambdas: Lambdas
) -> object:
    """What a function does; ``fresh`` are lines on which its author asks for a fresh object."""
    order = _order(fact, body, fresh)
    rows = (
        [_call(call, order) for call in body.calls],
        [_store(store, order) for store in body.stores],
        [body.locals, body.types, body.uses, body.returns],
        [[name, order[line]] for name, line in body.reads],
        [[order[early.line], early.guards] for early in body.exits],
        [order[line] for line in _inside(fact, fresh)],
    )
    return _renamed(msgspec.to_builtins(rows), lambdas)


def _lambdas(functions: Sequence[FunctionFact]) -> Lambdas:
    names = [fact.qualname.rpartition(".")[2] for fact in functions if fact.flags & LAMBDA]
    return {name: f"<lambda {number}>" for number, name in enumerate(dict.fromkeys(names))}


def _renamed(part: object, lambdas: Lambdas) -> object:
    if isinstance(part, str):
        return _LAMBDA.sub(lambda m: lambdas.get(m[0], m[0]), part) if "<l" in part else part
    if isinstance(part, (list, tuple)):
        return [_renamed(item, lambdas) for item in part] if lambdas else part
    return part


def _header(fact: FunctionFact) -> list[object]:
    return [
        fact.qualname, fact.cls, fact.parent, fact.flags, fact.params,
        _decorators(fact.decorators, fact.line), fact.returns_annotation,
    ]  # fmt: skip


def _decorators(decorators: Sequence[DecoratorFact], line: int) -> list[list[object]]:
    return [[d.value, d.name, d.line - line, d.column, d.args, d.called] for d in decorators]


def _fresh(summary: ModuleSummary) -> Iterable[list[int]]:
    """The lines that ask for something fresh, as offsets in the functions that they stand in."""
    for line in summary.fresh:
        for number, fact in enumerate(summary.functions):
            if fact.qualname and fact.line <= line <= fact.end_line:
                yield [number, line - fact.line]


def _inside(fact: FunctionFact, lines: Iterable[int]) -> list[int]:
    return [line for line in lines if fact.line <= line <= fact.end_line]


def _order(fact: FunctionFact, body: FunctionBody, fresh: Iterable[int]) -> dict[int, int]:
    lines = {line for call in body.calls for line in (call.line, call.end_line)}
    lines.update(store.line for store in body.stores)
    lines.update(line for _, line in body.reads)
    lines.update(early.line for early in body.exits)
    lines.update(_inside(fact, fresh))
    return {line: number for number, line in enumerate(sorted(lines))}


def _call(call: CallFact, order: Mapping[int, int]) -> list[object]:
    return [
        call.callee, call.name, call.args, order[call.line], call.column, order[call.end_line],
        call.ordinal, call.sinks, call.guards, call.flags, call.options,
    ]  # fmt: skip


def _store(store: StoreFact, order: Mapping[int, int]) -> list[object]:
    return [
        store.target, store.value, store.key, order[store.line], store.column, store.guards,
        store.flags, store.augmented,
    ]  # fmt: skip
