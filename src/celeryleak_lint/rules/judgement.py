"""How sure a per-call construction is: the one table that all construction rules share.

An object's lifetime is set against its builder's frequency. The reasons are kept, so that
``why`` can show them and a page can name them.
"""

from __future__ import annotations

from dataclasses import dataclass

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.caching import answers_once
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.marks import short_name
from celeryleak_lint.link.options import needs_of
from celeryleak_lint.link.origins import Origin
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import EXCEPT, LOOP, ON_DISK, SMALL_LOOP, VARIES, WHILE_LOOP
from celeryleak_lint.model.findings import CONFIDENCES, Confidence
from celeryleak_lint.rules.occasions import (
    fetches_for_key,
    is_fallback,
    is_tailored,
    is_trained,
    is_unlikely_override,
    says_daily_work,
)
from celeryleak_lint.rules.rebuilding import PLAIN_BASES

#: Milliseconds below which building again is no cost worth a finding of its own.
_CHEAP_MS = 0.1

_INITIALISERS = frozenset({"__init__", "__new__", "__post_init__"})

UNKNOWN_FREQUENCY = "how often it runs is not known"

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """A confidence, or none with the reason for silence; ``heat`` carries the trace."""

    confidence: Confidence | None
    reason: str
    heat: Heat


def judge(project: Project, build: Build) -> Verdict:
    """How surely ``build`` makes a new object per call that nobody keeps."""
    function = build.function
    silent = silence(project, build)
    if silent:
        return Verdict(None, silent, Heat("unknown"))
    heat = project.heat.heat(function, needs_of(build.call))
    if heat.rank == "once" and project.heat.mark(function) is not None:
        return Verdict(None, f"runs once: {heat.stopped}", heat)
    if "returned" in build.fate.ends or "yielded" in build.fate.ends:
        return _handed_to_framework(project, build, heat)
    confidence, reason = weigh(project, build, heat)
    return Verdict(capped(confidence, build), reason, heat)


def silence(project: Project, build: Build) -> str:
    """Why nothing is said about a build at all; empty when there may be something to say."""
    function, ends = build.function, build.fate.ends
    if function.module.is_test:
        return "test code"
    if build.lazily:
        return "built only while it is missing, and kept"
    if answers_once(function, build.call):
        return "built only while an answer is missing, and the answer is kept"
    if build.fate.is_kept and not _is_kept_by_rerun_script(project, build):
        return f"kept: {', '.join(sorted(set(build.fate.places))) or build.fate.describe()}"
    if "self" in ends:
        return "kept on the instance"
    if project.caching.keeps_for_process(function):
        return "built inside a memoized function"
    if any(_speaks_for(project, build, part) for part in build.fate.part_of):
        return "part of another resource built here"
    return ""


def _is_kept_by_rerun_script(project: Project, build: Build) -> bool:
    """True for a global of a file that a framework runs again and again: each run has its own."""
    if not build.function.is_module_body or not build.fate.ends <= {"global", "local"}:
        return False
    return project.heat.heat(build.function).is_hot


def _speaks_for(project: Project, build: Build, part: int) -> bool:
    """True when the call that got the object builds a resource that is reported as surely."""
    whole = project.production.build_at(build.function, part)
    if whole is None:
        return False
    return CONFIDENCES.index(whole.resource.ceiling) <= CONFIDENCES.index(build.resource.ceiling)


def _handed_to_framework(project: Project, build: Build, heat: Heat) -> Verdict:
    """A producer that a framework itself calls per request hands out a fresh one each time."""
    own = project.heat.mark(build.function)
    handed = heat.is_hot and heat.entry is not None and heat.entry.kind == "call-argument"
    if "closed" in build.fate.ends or "with" in build.fate.ends:
        return Verdict("possible" if handed else None, "closed after use", heat)
    if handed and own is None and _is_handed_itself(build.function, heat):
        doubt = _doubt(project, build, heat, _origin(project, build))
        if doubt:
            return Verdict("possible", doubt, heat)
        return Verdict(
            capped("likely", build), "returned to the framework that asks per call", heat
        )
    return Verdict(None, "returned: its callers are examined", heat)


def _is_handed_itself(function: Function, heat: Heat) -> bool:
    """True when the function is what the framework is given, and not only called by that."""
    return heat.steps[-1].note.startswith(f"`{short_name(function)}` is passed to ")


def weigh(project: Project, build: Build, heat: Heat) -> tuple[Confidence, str]:
    """How surely a build that nobody keeps is one too many, and why."""
    origin = _origin(project, build)
    doubt = _doubt(project, build, heat, origin)
    if doubt:
        return "possible", doubt
    if heat.is_hot:
        return _hot(project, build, heat, origin)
    if build.resource.kind == "other" and build.resource.fix == "wrong":
        return "possible", "sets up something global: usually start-up code"
    if project.processes.are_short:
        return "possible", "nothing shows that processes of this project outlive a job or a command"
    if build.via is not None:
        return _through_producer(project, build, heat)
    return _direct(project, build, heat, origin)


def _doubt(project: Project, build: Build, heat: Heat, origin: Origin) -> str:
    """Why a build is only possible, however often it runs; empty when nothing speaks against it."""
    function, ends = build.function, build.fate.ends
    is_short = heat.rank == "per-run" or project.heat.process(function) is not None
    turns = is_in_loop(build) and bool(build.call.flags & WHILE_LOOP)
    is_tool = not heat.is_hot and project.heat.serves_commands(function)
    is_executor = build.resource.kind == "executor" and build.via is not None
    doubts = (
        (build.fate.is_closed, "closed after use: churn, not a leak"),
        (ON_DISK in build.call.guards, "runs only while a file is missing"),
        (
            _is_fetched_on_failure(build),
            "fetched when it was not found: once, and then it is there",
        ),
        (_is_handed_in(build), "built only when what the caller hands in has none"),
        (fetches_for_key(build), "its answer is kept under a key"),
        (_is_bound_to_thread(build), "cheap, and bound to the thread that opened it"),
        (is_fallback(build), "built only when the one that is kept is not there"),
        (is_trained(build), "it is trained, and so not the same again"),
        (is_tailored(build), "set up with a function of this very call"),
        (_is_meant(build), "a comment says that it is meant to be a fresh one"),
        ("captured" in ends, "captured by a nested function"),
        (is_short, "the process ends with the job"),
        (not turns and project.heat.is_once_like(function), "a start-up or maintenance name"),
        (
            not turns and heat.is_rare,
            "a start-up or maintenance name, or a view with kept answers, leads here",
        ),
        (is_tool, "a command or script: its process ends with it"),
        (not turns and heat.rank == "once", heat.stopped or "only called at start-up"),
        (
            heat.is_hot and is_unlikely_override(project, function, is_sure=heat.is_sure),
            "only an overridden method leads here, and no name speaks of daily work",
        ),
        (
            _closes_itself(project, build),
            "its holder closes it when its work is done: churn, not a leak",
        ),
        (origin.credential, "depends on credentials of the caller"),
        (origin.temporary, "its credentials are fetched for each call"),
        (is_executor, "an idle executor ends with the object that holds it"),
    )
    return next((reason for holds, reason in doubts if holds), "")


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


def _direct(project: Project, build: Build, heat: Heat, origin: Origin) -> tuple[Confidence, str]:
    """A constructor call in code of unknown frequency: what it depends on and costs decides."""
    if origin.params:
        return "possible", "depends on the caller"
    if _builds_instances(project, build.function):
        return "possible", "built once for each instance"
    return _by_name(project, build, heat, "nothing it depends on changes between calls")


def _hot(project: Project, build: Build, heat: Heat, origin: Origin) -> tuple[Confidence, str]:
    certain: Confidence = "certain" if heat.is_sure else "likely"
    if build.via is not None:
        if _is_cheap(build):
            return "possible", "cheap to build, and reached through other code"
        return certain, "runs again and again"
    if origin.is_fixed:
        return certain, "runs again and again"
    if all(_is_configuration(project, name) for name in origin.params):
        return "likely", "runs again and again with configuration of the caller"
    return "possible", "depends on the caller"


def _is_configuration(project: Project, name: str) -> bool:
    """True for a parameter that takes few values: configuration bounds it."""
    return project.catalog.configuration_key(name) is not None


def _is_cheap(build: Build) -> bool:
    """True when building costs next to nothing and holds nothing: what is lost is reuse alone."""
    cost = build.resource.cost_ms
    return build.resource.effect == "cost" and cost is not None and cost < _CHEAP_MS


def _is_bound_to_thread(build: Build) -> bool:
    """True for connections that take no time and may be used by one thread alone: one per call is common."""
    row = build.resource
    is_cheap = row.cost_ms is not None and row.cost_ms < _CHEAP_MS
    return is_cheap and row.kind == "connection" and row.thread_safe == "no"


def _through_producer(project: Project, build: Build, heat: Heat) -> tuple[Confidence, str]:
    assert build.via is not None
    if _is_cheap(build):
        return "possible", "cheap to build, and reached through other code"
    if _builds_instances(project, build.function):
        return "possible", "built once for each instance"
    for other in project.production.builds:
        if other.via is build.via and (
            other.fate.is_kept or other.fate.ends & {"self", "closed", "with"}
        ):
            if not other.function.is_module_body and not other.function.module.is_test:
                return "possible", "other callers keep or close what they get"
    return _by_name(project, build, heat, "every caller drops what it gets")


def _by_name(project: Project, build: Build, heat: Heat, reason: str) -> tuple[Confidence, str]:
    """No entry point leads here: a loop or the names around it must say that it is daily work."""
    if build.resource.kind == "model" and split_words(build.function.name)[:1] == ("load",):
        return "possible", "it is there to load the model: who calls it decides"
    if _is_unused(project, build.function):
        return "possible", "nobody calls it"
    in_loop = heat.rank == "loop" and build.via is None
    if in_loop or is_in_loop(build):
        return "likely", f"{reason}, in a loop"
    if build.function.name == "__call__" and build.resource.kind == "other":
        return "possible", UNKNOWN_FREQUENCY
    if not says_daily_work(project, build):
        return "possible", UNKNOWN_FREQUENCY
    if build.resource.effect == "cost" and not _is_repeated_method(project, build.function):
        return "possible", "costs time only, and how often it runs is not known"
    return "likely", reason


def _is_unused(project: Project, function: Function) -> bool:
    """True for a private function that nobody calls or hands on, and no base class of a framework may call."""
    if function.name[:1] != "_" or function.name[:2] == "__" or function.fact.decorators:
        return False
    owner = project.graph.owner(function)
    ancestors = project.resolver.ancestors(owner) if owner is not None else ()
    if any(a not in project.index.classes and not a.startswith(PLAIN_BASES) for a in ancestors):
        return False
    return not project.graph.callers(function) and not project.graph.handed(function)


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


def _builds_instances(project: Project, function: Function) -> bool:
    """True for a constructor, and for what only constructors of its class call."""
    return function.name in _INITIALISERS or project.production.is_only_from_init(function)


def reads_of(project: Project, function: Function) -> int:
    """How many places outside tests and start-up code read a property."""
    return sum(
        1
        for edge in project.graph.callers(function)
        if not edge.function.module.is_test and project.heat.heat(edge.function).rank != "once"
    )


def is_in_loop(build: Build) -> bool:
    """True when a loop builds it again and again from what does not change in the loop."""
    flags = build.call.flags
    return bool(flags & LOOP) and not flags & (VARIES | SMALL_LOOP)


def _is_repeated_method(project: Project, function: Function) -> bool:
    owner = project.graph.owner(function)
    return owner is not None and function.name not in _INITIALISERS


def _origin(project: Project, build: Build) -> Origin:
    origin = project.origins.of_call(build.function, build.site.index)
    chain = [(step.function, step.site.index) for step in build.chain()]
    origin.credential |= project.origins.serves_caller(chain)
    origin.temporary |= project.origins.expects_credentials(chain) or any(
        project.origins.of_call(*step).temporary for step in chain[1:]
    )
    return origin


def capped(confidence: Confidence, build: Build) -> Confidence:
    """No surer than the resource and its arguments allow."""
    limits = [confidence, build.resource.ceiling]
    if build.exemption is not None:
        limits.append("possible")
    return max(limits, key=CONFIDENCES.index)
