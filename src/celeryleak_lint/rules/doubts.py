"""What speaks against a build being one too many, however often it runs.

Each doubt holds a finding at possible. Those that last hold at any heat; the others need
the chain of callers, which takes longer to find than all else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.origins import Origin
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import EXCEPT, LOOP, ON_DISK, SMALL_LOOP, VARIES, WHILE_LOOP
from celeryleak_lint.rules.occasions import (
    fetches_for_key,
    is_fallback,
    is_for_what_is_made,
    is_of_a_record,
    is_opted_out,
    is_tailored,
    is_trained,
    is_tried_out,
    is_unlikely_override,
    logs_in,
    stays_in_a_loop,
)

#: Milliseconds below which building again is no cost worth a finding of its own.
CHEAP_MS = 0.1

Doubts = Iterable[tuple[Callable[[], bool], str]]

#: Methods that close only if somebody calls them.
_CLOSERS = frozenset(
    {
        "close",
        "aclose",
        "shutdown",
        "stop",
        "disconnect",
        "dispose",
        "cleanup",
        "teardown",
        "__exit__",
        "__aexit__",
        "__del__",
    }
)


def lasting_doubt(project: Project, build: Build) -> str:
    """Why a build is only possible at any heat; empty when nothing in its own function says so."""
    ends = build.fate.ends
    return _first(
        (
            (lambda: build.fate.is_closed, "closed after use: churn, not a leak"),
            (lambda: ON_DISK in build.call.guards, "runs only while a file is missing"),
            (
                lambda: _is_fetched_on_failure(build),
                "fetched when it was not found: once, and then it is there",
            ),
            (
                lambda: _is_handed_in(build),
                "built only when what the caller hands in has none",
            ),
            (lambda: fetches_for_key(build), "its answer is kept under a key"),
            (
                lambda: project.caching.memo(build.function) is not None,
                "a memo of each instance keeps the answer",
            ),
            (lambda: _is_bound_to_thread(build), "cheap, and bound to the thread that opened it"),
            (
                lambda: is_fallback(build),
                "built only when the one that is kept is not there",
            ),
            (
                lambda: is_opted_out(project, build),
                "its instance keeps one, unless it is told not to",
            ),
            (lambda: is_trained(build), "it is changed, and so not the same again"),
            (lambda: is_of_a_record(project, build), "its text belongs to one object"),
            (lambda: is_tailored(build), "set up with a function of this very call"),
            (lambda: logs_in(build), "it logs in, and carries what one account may see"),
            (lambda: is_tried_out(build), "tried out with what is written in the code"),
            (lambda: stays_in_a_loop(build), "built once for a loop that goes on and on"),
            (lambda: is_for_what_is_made(build), "it belongs to what was made just before"),
            (lambda: _is_meant(build), "a comment says that it is meant to be a fresh one"),
            (lambda: "captured" in ends, "captured by a nested function"),
            (
                lambda: build.resource.kind == "executor" and build.via is not None,
                "an idle executor ends with the object that holds it",
            ),
            (
                lambda: _closes_itself(project, build),
                "its holder closes it when its work is done: churn, not a leak",
            ),
        )
    )


def doubt_of(project: Project, build: Build, heat: Heat, origin: Origin) -> str:
    """Why a build is only possible, seen with its callers; empty when nothing speaks against it."""
    function = build.function
    turns = is_in_loop(build) and bool(build.call.flags & WHILE_LOOP)
    return lasting_doubt(project, build) or _first(
        (
            (
                lambda: heat.rank == "per-run" or project.heat.process(function) is not None,
                "the process ends with the job",
            ),
            (
                lambda: not turns and project.heat.is_once_like(function),
                "a start-up or maintenance name",
            ),
            (
                lambda: not turns and heat.is_rare,
                "a start-up or maintenance name, or a view with kept answers, leads here",
            ),
            (
                lambda: not heat.is_hot and project.heat.serves_commands(function),
                "a command or script: its process ends with it",
            ),
            (
                lambda: not turns and heat.rank == "once",
                heat.stopped or "only called at start-up",
            ),
            (
                lambda: (
                    heat.is_hot and is_unlikely_override(project, function, is_sure=heat.is_sure)
                ),
                "only an overridden method leads here, and no name speaks of daily work",
            ),
            (lambda: origin.credential, "depends on credentials of the caller"),
            (lambda: origin.temporary, "its credentials are fetched for each call"),
        )
    )


def _first(doubts: Doubts) -> str:
    """The reason of the first doubt that holds; those behind it are not looked at."""
    return next((reason for holds, reason in doubts if holds()), "")


def _is_fetched_on_failure(build: Build) -> bool:
    """``except LookupError: nltk.download("punkt")``: the next call finds what this one fetched."""
    return bool(build.call.flags & EXCEPT) and "download" in split_words(build.call.name)


def _is_handed_in(build: Build) -> bool:
    """True when some call of the chain runs only while an attribute of an argument is empty."""
    return any(
        root[:1] == "$" and values.split(root)[1][:1] not in ((), ("[]",))
        for step in build.chain()
        for guard in step.call.guards
        for root in values.roots(guard)
    )


def _is_meant(build: Build) -> bool:
    """True when a comment or docstring above a call of the chain asks for a fresh object."""
    return any(
        step.function.fact.line <= line <= step.call.line
        for step in build.chain()
        if not step.function.is_module_body
        for line in step.function.module.fresh
    )


def _is_bound_to_thread(build: Build) -> bool:
    """True for connections that take no time and may be used by one thread alone: one per call is common."""
    row = build.resource
    is_cheap = row.cost_ms is not None and row.cost_ms < CHEAP_MS
    return is_cheap and row.kind == "connection" and row.thread_safe == "no"


def _closes_itself(project: Project, build: Build) -> bool:
    """True when a working method of the class that holds the resource closes it; whoever builds one need not."""
    via = next(
        (step.via for step in build.chain() if step.via is not None and step.via.cls is not None),
        None,
    )
    if via is None or via.cls is None:
        return False
    closing = build.resource.close_methods
    closes = {f"!.{place}.{name}" for place in via.build.fate.places for name in closing}
    classes = project.index.classes
    holders = [via.cls, *(classes[a] for a in project.resolver.ancestors(via.cls) if a in classes)]
    return any(
        call.callee in closes
        for holder in holders
        for name, method in holder.methods.items()
        if name not in _CLOSERS and name not in closing
        for call in method.fact.calls
    )


def is_in_loop(build: Build) -> bool:
    """True when a loop builds it again and again from what does not change in the loop."""
    flags = build.call.flags
    return bool(flags & LOOP) and not flags & (VARIES | SMALL_LOOP)
