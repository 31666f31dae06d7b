"""How sure a per-call construction is: the one table that all construction rules share.

An object's lifetime is set against its builder's frequency. The reasons are kept, so that
``why`` can show them and a page can name them.
"""

from __future__ import annotations

import msgspec

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
from celeryleak_lint.model.findings import CONFIDENCES, Confidence
from celeryleak_lint.rules.doubts import CHEAP_MS, doubt_of, is_in_loop, lasting_doubt
from celeryleak_lint.rules.occasions import consumes, is_never_opened, says_daily_work
from celeryleak_lint.rules.rebuilding import PLAIN_BASES, SEVERAL

_INITIALISERS = frozenset({"__init__", "__new__", "__post_init__"})

_EXAMINED = "returned: its callers are examined"

UNKNOWN_FREQUENCY = "how often it runs is not known"

#: Milliseconds from which on building is felt in each call.
_HEAVY_MS = 10


class Verdict(msgspec.Struct, frozen=True):
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
    early = _without_heat(project, build) if project.heat.mark(function) is None else None
    if early is not None:
        return early
    heat = project.heat.heat(function, needs_of(build.call))
    if heat.rank == "once" and project.heat.mark(function) is not None:
        return Verdict(None, f"runs once: {heat.stopped}", heat)
    if _is_handed_out(build):
        return _handed_to_framework(project, build, heat)
    confidence, reason = weigh(project, build, heat)
    return Verdict(capped(confidence, build), reason, heat)


def _without_heat(project: Project, build: Build) -> Verdict | None:
    """The verdict that no heat can change: to search for heat costs most of all that rules do."""
    if _is_handed_out(build):
        if build.fate.ends & {"closed", "with"} or project.graph.handed(build.function):
            return None
        return Verdict(None, _EXAMINED, Heat("unknown"))
    if project.hears_doubts:
        return None
    reason = lasting_doubt(project, build)
    if not reason and capped("certain", build) == "possible":
        reason = "what the catalog says of it allows no more"
    return Verdict("possible", reason, Heat("unknown")) if reason else None


def _is_handed_out(build: Build) -> bool:
    return not build.fate.ends.isdisjoint({"returned", "yielded"})


def silence(project: Project, build: Build) -> str:
    """Why nothing is said about a build at all; empty when there may be something to say."""
    function = build.function
    if function.module.is_test:
        return "test code"
    if is_never_opened(project, build):
        return "holds nothing before it is opened, which nobody does"
    if build.lazily:
        return "built only while it is missing, and kept"
    if answers_once(function, build.call):
        return "built only while an answer is missing, and the answer is kept"
    kept = _where_kept(project, build)
    if kept:
        return kept
    if project.caching.keeps_for_process(function):
        return "built inside a memoized function"
    if any(_speaks_for(project, build, part) for part in build.fate.part_of):
        return "part of another resource built here"
    return ""


def _where_kept(project: Project, build: Build) -> str:
    """What keeps it, in words; empty when nothing does that outlives the call."""
    if build.fate.is_kept and not _is_kept_by_rerun_script(project, build):
        return f"kept: {', '.join(sorted(set(build.fate.places))) or build.fate.describe()}"
    return "kept on the instance" if "self" in build.fate.ends else ""


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
        doubt = doubt_of(project, build, heat, _origin(project, build))
        if doubt:
            return Verdict("possible", doubt, heat)
        return Verdict(
            capped("likely", build), "returned to the framework that asks per call", heat
        )
    return Verdict(None, _EXAMINED, heat)


def _is_handed_itself(function: Function, heat: Heat) -> bool:
    """True when the function is what the framework is given, and not only called by that."""
    return heat.steps[-1].note.startswith(f"`{short_name(function)}` is passed to ")


def weigh(project: Project, build: Build, heat: Heat) -> tuple[Confidence, str]:
    """How surely a build that nobody keeps is one too many, and why."""
    origin = _origin(project, build)
    doubt = doubt_of(project, build, heat, origin)
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


def _direct(project: Project, build: Build, heat: Heat, origin: Origin) -> tuple[Confidence, str]:
    """A constructor call in code of unknown frequency: what it depends on and costs decides."""
    if not all(_has_usual_value(project, build.function, name) for name in origin.params):
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


def _has_usual_value(project: Project, function: Function, name: str) -> bool:
    """True for ``model="small"``: configuration that callers leave as it is, as a rule."""
    default = next((p.default for p in function.fact.params if p.name == name), "")
    return values.literal_text(default) not in (None, "", "None") and _is_configuration(
        project, name
    )


def _is_cheap(build: Build) -> bool:
    """True when building costs next to nothing and holds nothing: what is lost is reuse alone."""
    cost = build.resource.cost_ms
    return build.resource.effect == "cost" and cost is not None and cost < CHEAP_MS


def _through_producer(project: Project, build: Build, heat: Heat) -> tuple[Confidence, str]:
    assert build.via is not None
    if _is_cheap(build):
        return "possible", "cheap to build, and reached through other code"
    if _builds_instances(project, build.function):
        return "possible", "built once for each instance"
    for other in project.production.through(build.via):
        if other.fate.is_kept or other.fate.ends & {"self", "closed", "with"}:
            if not other.function.is_module_body and not other.function.module.is_test:
                return "possible", "other callers keep or close what they get"
    return _by_name(project, build, heat, "every caller drops what it gets")


def _by_name(project: Project, build: Build, heat: Heat, reason: str) -> tuple[Confidence, str]:
    """No entry point leads here: a loop or the names around it must say that it is daily work."""
    if build.resource.kind == "model" and split_words(build.function.name)[:1] == ("load",):
        return "possible", "it is there to load the model: who calls it decides"
    if _is_unused(project, build.function):
        return "possible", "nobody calls it"
    if consumes(build):
        return "possible", "a consumer lives for as long as it consumes"
    in_loop = heat.rank == "loop" and build.via is None
    if in_loop or is_in_loop(build):
        return "likely", f"{reason}, in a loop"
    if build.function.name == "__call__" and build.resource.kind == "other":
        return "possible", UNKNOWN_FREQUENCY
    if not says_daily_work(project, build) and not _is_used_widely(project, build):
        return "possible", UNKNOWN_FREQUENCY
    is_light = build.resource.effect == "cost" and not _is_heavy(build)
    if is_light and not _is_repeated_method(project, build.function):
        return "possible", "costs time only, and how often it runs is not known"
    return "likely", reason


def _is_heavy(build: Build) -> bool:
    """True for models, and for what takes so long to build that any call of daily work should not."""
    return build.resource.kind == "model" or (build.resource.cost_ms or 0) >= _HEAVY_MS


def _is_used_widely(project: Project, build: Build) -> bool:
    """True when several functions get a fresh one that holds memory or connections: they are no start-up code."""
    if build.via is None or build.resource.effect == "cost" or not _is_always_fresh(build):
        return False
    users = {
        other.function.id
        for other in project.production.through(build.via)
        if not _is_handed_out(other) and _may_be_daily(project, other.function)
    }
    return len(users) >= SEVERAL


def _is_always_fresh(build: Build) -> bool:
    """False for ``get_or_create()``: what is handed in or kept is returned as well, and then nothing is built."""
    return all(
        choice[:1] in ("#", "=") or (choice[:1] == "%" and "." not in choice)
        for step in build.chain()[1:]
        if not step.fate.ends.isdisjoint({"returned", "yielded"})
        for value in step.function.fact.returns
        for choice in values.roots(value)
    )


def _may_be_daily(project: Project, function: Function) -> bool:
    """True outside of tests, commands and functions that are named after what is done seldom."""
    if function.module.is_test or project.heat.is_once_like(function):
        return False
    if project.heat.is_seldom(function):
        return False
    return project.heat.tool(function) is None and not project.heat.serves_commands(function)


def _is_unused(project: Project, function: Function) -> bool:
    """True for a private function that nobody calls or hands on, and no base class of a framework may call."""
    if function.name[:1] != "_" or function.name[:2] == "__" or function.fact.decorators:
        return False
    owner = project.graph.owner(function)
    ancestors = project.resolver.ancestors(owner) if owner is not None else ()
    if any(a not in project.index.classes and not a.startswith(PLAIN_BASES) for a in ancestors):
        return False
    return not project.graph.callers(function) and not project.graph.handed(function)


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


def _is_repeated_method(project: Project, function: Function) -> bool:
    owner = project.graph.owner(function)
    return owner is not None and function.name not in _INITIALISERS


def _origin(project: Project, build: Build) -> Origin:
    origin = project.origins.of_call(build.function, build.site.index)
    chain = [(step.function, step.site.index) for step in build.chain()]
    origins = project.origins
    origin.credential |= origins.serves_caller(chain) or origins.is_for_tenant(chain)
    origin.temporary |= origins.expects_credentials(chain) or any(
        origins.of_call(*step).temporary for step in chain[1:]
    )
    return origin


def capped(confidence: Confidence, build: Build) -> Confidence:
    """No surer than the resource and its arguments allow."""
    limits = [confidence, build.resource.ceiling]
    if build.exemption is not None:
        limits.append("possible")
    return max(limits, key=CONFIDENCES.index)
