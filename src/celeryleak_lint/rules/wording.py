"""The words and traces that construction rules share."""

from __future__ import annotations

from celeryleak_lint.catalog.schema import Resource
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.producers import Build
from celeryleak_lint.model.findings import Confidence, Effect, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.remedies.construction import Prescribed

_MAX_STEPS = 8

_CONSEQUENCE: dict[Effect, str] = {
    "never-released": "what each one leaves behind is never released",
    "until-gc": "each one holds memory and connections until the garbage collector runs",
    "cost": "each call pays for building it again",
}


def consequence(effect: Effect) -> str:
    """What a resource costs, in the words of its effect."""
    return _CONSEQUENCE[effect]


def way_out(build: Build) -> str:
    """What to do instead: short, from the catalog's own knowledge; nothing that is done already."""
    if build.resource.loop_bound:
        return "open it once where the event loop starts (a lifespan or start-up hook) and share it"
    if build.resource.kind == "executor":
        share = "share one for the process"
        return share if build.fate.is_closed else f"{share}, or close it with `with`"
    return "build it once for the process behind a cached factory"


def shown_function(function: Function) -> str:
    """A function's name for messages."""
    name = function.spot_function
    if function.is_module_body:
        return "the module body"
    return f"`{name}`" if name else "the module body"


def others(count: int) -> str:
    """How many more callers make the same mistake, as a clause; empty for none."""
    if count == 0:
        return ""
    return f", as {count} other caller{'s do' if count > 1 else ' does'}"


def call_spot(build: Build) -> Spot:
    """The address of the call that builds."""
    return call_spot_of(build.function, build.site.index)


def call_spot_of(function: Function, index: int) -> Spot:
    """The address of one call of a function."""
    call = function.fact.calls[index]
    return Spot("call", function.spot_function, call.line, call.name, call.ordinal)


def trace_of(heat: Heat, build: Build) -> tuple[SuspectStep, ...]:
    """From the hot root to the constructor: who calls, who produces, what is built."""
    steps = list(heat.steps)
    for position, inner in enumerate(build.chain()):
        path, call = inner.function.module.path, inner.call
        if inner.via is not None:
            steps.append(SuspectStep(path, call.line, call.column, f"calls `{inner.via.shown}`"))
            steps.append(_definition(inner))
        else:
            verb = "builds" if position == 0 else "which builds"
            steps.append(SuspectStep(path, call.line, call.column, f"{verb} `{build.name}`"))
    return shortened(tuple(_without_repeats(steps)))


def _definition(build: Build) -> SuspectStep:
    assert build.via is not None
    producer = build.via
    if producer.cls is not None:
        fact = producer.cls.fact
        note = f"`{producer.shown}` keeps a fresh `{build.name}` on each instance"
        return SuspectStep(producer.cls.module.path, fact.line, 0, note)
    note = f"`{producer.shown}` returns a fresh `{build.name}`"
    return SuspectStep(producer.function.module.path, producer.function.fact.line, 0, note)


def _without_repeats(steps: list[SuspectStep]) -> list[SuspectStep]:
    kept: list[SuspectStep] = []
    for step in steps:
        if kept and (kept[-1].path, kept[-1].line) == (step.path, step.line):
            kept[-1] = SuspectStep(
                step.path, step.line, step.byte_column, f"{kept[-1].note}; {step.note}"
            )
        else:
            kept.append(step)
    return kept


def shortened(steps: tuple[SuspectStep, ...]) -> tuple[SuspectStep, ...]:
    """At most eight steps: the root and the end are kept, the middle gives way."""
    if len(steps) <= _MAX_STEPS:
        return steps
    return (steps[0], *steps[len(steps) - _MAX_STEPS + 1 :])


def no_fix_reason(resource: Resource) -> str:
    """Why no fix is offered, from what the catalog knows of the resource."""
    if resource.loop_bound:
        return "the object is bound to an event loop: a process-wide cache would outlive the loop"
    if resource.thread_safe == "no":
        return "the object is not safe to share between threads"
    if resource.fix == "wrong":
        return "a cache is the wrong remedy here" + (
            f": {resource.instead}" if resource.instead else ""
        )
    if resource.instead:
        return f"needs a decision: {resource.instead}"
    return "needs a decision about where the shared object lives"


def suspect(
    code: str, build: Build, confidence: Confidence, heat: Heat, fact: str,
    prescribed: Prescribed | None = None,
) -> Suspect:  # fmt: skip
    """A suspect at the call that builds, with trace, the shared sentence, and what would mend it."""
    resource = build.resource
    effect: Effect = "cost" if build.fate.is_closed else resource.effect
    return Suspect(
        code=code,
        path=build.function.module.path,
        spot=call_spot(build),
        message=f"{fact}; {consequence(effect)}; {way_out(build)}",
        confidence=confidence,
        resource=build.name,
        effect=effect,
        trace=trace_of(heat, build),
        no_fix=no_fix_reason(resource) if prescribed is None else prescribed.reason,
        remedies=() if prescribed is None else prescribed.remedies,
    )
