"""Ways up the call graph: from a function to those that make it run, with the steps of the trace."""

from __future__ import annotations

from typing import Literal

import msgspec

from celeryleak_lint.catalog.schema import EntryPoint
from celeryleak_lint.link.callgraph import Edge
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.marks import short_name, shown_value
from celeryleak_lint.model.facts import CallFact
from celeryleak_lint.model.findings import SuspectStep

#: What callers must turn on or leave out for the code in question to run.
Needs = tuple[str, ...]

#: A loop met on the way from a function to its callers; an endless one is daily work of its own.
Loop = Literal["", "bounded", "endless"]


class Way(msgspec.Struct, frozen=True):
    """A function on the way up, with the steps from it down to where the search began."""

    function: Function
    steps: tuple[SuspectStep, ...] = ()
    loop: Loop = ""
    is_sure: bool = True
    is_rare: bool = False


def step_of(edge: Edge, callee: Function) -> SuspectStep:
    """The step of a trace that an edge is, with what makes ``callee`` run there."""
    shown = f"`{short_name(callee)}`"
    if edge.through == "property":
        note = f"reads property {shown}"
    elif edge.through == "argument" and edge.site is not None:
        note = f"{shown} is passed to `{shown_value(edge.site.callee)}`"
    elif edge.through == "nested":
        note = f"defines {shown}"
    else:
        note = f"calls {shown}"
    return SuspectStep(edge.function.module.path, edge.line, edge.column, note)


def keeps_answer(entry: EntryPoint, call: CallFact) -> bool:
    """True when an argument makes the framework ask once and keep the answer (``use_cache=True``)."""
    return any(label in entry.kept_by and value == "=True" for label, value in call.args)


def root_step(function: Function, note: str) -> SuspectStep:
    """The first step of a trace, at the function that nobody else needs to call."""
    return SuspectStep(function.module.path, function.fact.line, 0, note)
