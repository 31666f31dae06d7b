"""What one body adds to the tables of the survey, item by item.

Two bodies with equal items cannot be told apart by anybody who only asks the survey.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from celeryleak_lint.link.bases import bases
from celeryleak_lint.link.bodies import attributes_in, callee_tails, last_name, partial_of, referred
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact, FunctionBody, StoreFact

Kind = Literal[
    "call", "callee", "label", "reference", "read", "stored", "alias", "attribute", "kept", "base"
]
Item = tuple[Kind, str]


def contributions(body: FunctionBody, *, runs_once: bool) -> Iterator[Item]:
    """The items of a body; some more than once. The bodies of modules and classes run once."""
    for call in body.calls:
        yield from _call(body, call)
    for store in body.stores:
        yield from _store(body, store)
    for attribute, _ in body.reads:
        yield "read", attribute
    for name, annotation in body.types:
        yield "attribute", f"{name} {annotation}"
    for base in bases(body, runs_once=runs_once):
        yield "base", base


def _call(body: FunctionBody, call: CallFact) -> Iterator[Item]:
    yield "callee", call.callee
    for tail in {last_name(call.callee), *callee_tails(body, call.callee)}:
        yield "call", tail
    for label, value in call.args:
        if not label.isdigit():
            yield "label", label
        yield from _argument(body, value)
    yield from _mentioned(call.callee)


def _store(body: FunctionBody, store: StoreFact) -> Iterator[Item]:
    name = store.target[store.target.rfind(".") + 1 :].lstrip("@")
    yield "stored", store.key[1:] if name.endswith("[]") else name
    for choice in values.choices(store.value):
        meant = partial_of(body, choice)
        if meant[:1] in "@!^":
            yield "alias", f"{name} {last_name(meant)}"
    if store.target[:1] in "@!^":
        yield "kept", f"{store.target} {store.value} {store.augmented}"
    yield from _mentioned(store.value)


def _argument(body: FunctionBody, value: str) -> Iterator[Item]:
    for name in {last_name(value), *referred(body, value)}:
        yield "reference", name
    yield from _mentioned(value)


def _mentioned(value: str) -> Iterator[Item]:
    for attribute in attributes_in(value):
        yield "read", attribute
