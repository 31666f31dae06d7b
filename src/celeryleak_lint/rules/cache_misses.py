"""CLK107 cache-misses-every-call: a cache that cannot hit builds every time, and may keep every result."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.elements import Class, Function, Site
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import ASYNC, GENERATOR
from celeryleak_lint.model.findings import Confidence, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.occasions import is_of_a_record
from celeryleak_lint.rules.places import is_construction
from celeryleak_lint.rules.wording import call_spot_of, shown_function, suspect

_VALUE_DECORATORS = frozenset({"dataclass", "define", "frozen", "attrs", "total_ordering"})
_VALUE_BASES = ("enum.", "typing.NamedTuple", "pydantic.", "builtins.str", "builtins.int", "builtins.tuple", "builtins.frozenset", "msgspec.")  # fmt: skip


def check(project: Project) -> Iterator[Suspect]:
    """Memos on coroutines, memos keyed by fresh objects, eager ``setdefault``, per-request cached properties."""
    yield from _memos(project)
    yield from _eager_defaults(project)
    yield from _request_properties(project)


# -- memos ---------------------------------------------------------------------------------


def _memos(project: Project) -> Iterator[Suspect]:
    for function in project.index.everything:
        if not function.fact.decorators or function.module.is_test:
            continue
        found = project.caching.memo_row(function)
        if found is None or found[0].scope != "process" or found[0].async_ok:
            continue
        decorator = found[1]
        if function.fact.flags & ASYNC:
            spot = Spot("decorator", function.spot_function, decorator.line, decorator.name)
            yield Suspect(
                "CLK107",
                function.module.path,
                spot,
                f"`{decorator.name}` on the coroutine function `{function.spot_function}` keeps the "
                "coroutine, not its result, and a coroutine can be awaited only once; "
                "use an async-aware cache or cache the awaited value",
                "likely",
                "",
                None,
                no_fix="an async-aware cache has to be chosen",
            )
        elif found[0].pins_instance:
            yield from _fresh_keys(project, function)


def _fresh_keys(project: Project, function: Function) -> Iterator[Suspect]:
    """Calls of a memoized function with an object as key that the same call has just built."""
    for edge in project.graph.callers(function):
        site = edge.site
        if site is None or site.function.module.is_test or site.function.is_module_body:
            continue
        shown = _fresh_argument(project, site)
        if shown is None or _runs_once(project, site.function):
            continue
        call = site.call
        trace = (
            *project.heat.heat(site.function).steps,
            SuspectStep(site.function.module.path, call.line, call.column, f"calls `{function.name}` with a fresh `{shown}`"),
            SuspectStep(function.module.path, function.fact.line, 0, f"`{function.name}` is memoized by its arguments"),
        )  # fmt: skip
        yield Suspect(
            "CLK107",
            site.function.module.path,
            call_spot_of(site.function, site.index),
            f"{shown_function(site.function)} calls the memoized `{function.name}` with a `{shown}` built "
            "in the same call: the cache never hits, and it keeps every one; key the cache by plain values",
            _certainty(project, site.function),
            shown,
            "never-released",
            trace[-8:],
            "the key has to be chosen",
        )


def _runs_once(project: Project, function: Function) -> bool:
    heat = project.heat.heat(function)
    return heat.rank == "once" or (not heat.is_hot and project.heat.is_once_like(function))


def _certainty(project: Project, function: Function) -> Confidence:
    return "certain" if project.heat.heat(function).is_hot else "likely"


def _fresh_argument(project: Project, site: Site) -> str | None:
    """An argument that is an object built in this function, compared by identity."""
    for _, value in site.call.args:
        for root in _assigned(site.function, value):
            if root[:1] != "#" or root != values.split(root)[0]:
                continue
            shown = _identity_object(project, site.function, int(root[1:]))
            if shown is not None:
                return shown
    return None


def _assigned(function: Function, value: str) -> tuple[str, ...]:
    if value[:1] == "%" and value == values.split(value)[0]:
        known = function.locals.get(value[1:], ())
        return known if len(known) == 1 else ()
    return (value,)


def _identity_object(project: Project, function: Function, index: int) -> str | None:
    build = project.production.build_at(function, index)
    if build is not None:
        return build.name
    for meaning in project.resolver.callees(function, index):
        if meaning.kind == "class" and meaning.cls is not None:
            if not _compares_by_value(project, meaning.cls):
                return meaning.cls.name
    return None


def _compares_by_value(project: Project, cls: Class) -> bool:
    if project.resolver.method(cls, "__eq__") or project.resolver.method(cls, "__hash__"):
        return True
    if project.caching.is_singleton(cls):
        return True
    decorators = (project.resolver.canonical(d.value[1:]) for d in cls.fact.decorators)
    if any(name.rpartition(".")[2] in _VALUE_DECORATORS for name in decorators):
        return True
    outside = [a for a in project.resolver.ancestors(cls) if a not in project.index.classes]
    return any(name.startswith(_VALUE_BASES) for name in outside) or bool(outside)


# -- eager defaults ------------------------------------------------------------------------


def _eager_defaults(project: Project) -> Iterator[Suspect]:
    for build in project.production.builds:
        if build.function.module.is_test or not is_construction(build):
            continue
        if not any(_is_eager_default(build.function, sink) for sink in build.call.sinks):
            continue
        if _runs_once(project, build.function) or build.call.guards:
            continue
        heat = project.heat.heat(build.function)
        fact = (
            f"`setdefault` in {shown_function(build.function)} builds its default "
            f"`{build.name}` on each call, also when the key is there"
        )
        yield suspect("CLK107", build, "certain" if heat.is_hot else "likely", heat, fact)


def _is_eager_default(function: Function, sink: str) -> bool:
    parts = sink.split(" ")
    if parts[0] != "arg" or parts[2] != "1":
        return False
    call = function.fact.calls[int(parts[1])]
    return call.name == "setdefault" and not _is_of_call(function, call.callee)


def _is_of_call(function: Function, callee: str) -> bool:
    """True for a method of the call's own ``**kwargs`` or of a dict made in the call: no cache at all."""
    holder = callee.rpartition(".")[0]
    if any(param.kind == "**" and holder == f"${param.name}" for param in function.fact.params):
        return True
    held = _assigned(function, holder)
    return bool(held) and all(value.startswith("{") for value in held)


# -- cached properties of short-lived objects ----------------------------------------------


def _request_properties(project: Project) -> Iterator[Suspect]:
    for build in project.production.builds:
        function = build.function
        if (
            function.module.is_test
            or not is_construction(build)
            or "returned" not in build.fate.ends
        ):
            continue
        kept = project.caching.memo(function)
        owner = project.graph.owner(function)
        if kept is None or kept.scope not in ("instance", "request") or owner is None:
            continue
        entry = project.heat.instance_entry(owner)
        if entry is None or entry.instance != "per-call" or _streams(project, owner):
            continue
        fact = (
            f"`{kept.decorator.name}` on {shown_function(function)} lives as long as one {entry.framework} "
            f"request object, so each request builds a new `{build.name}`"
        )
        confidence: Confidence = "possible" if is_of_a_record(project, build) else "likely"
        yield suspect("CLK107", build, confidence, project.heat.heat(function), fact)


def _streams(project: Project, owner: Class) -> bool:
    """True when the framework runs an asynchronous generator of the class: the object lives as long as that."""
    return any(
        method.fact.flags & ASYNC and method.fact.flags & GENERATOR and mark.rank == "hot"
        for method in owner.methods.values()
        if (mark := project.heat.mark(method)) is not None
    )


RULE = Rule(
    "CLK107",
    "cache-misses-every-call",
    "a cache that cannot hit: keyed by a fresh object, on a coroutine, or filled eagerly",
    "0.1",
    check,
)
