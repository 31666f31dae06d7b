"""CLK207 registration-per-call: something fresh is added to a process-wide registry, and not removed."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.caching import lookup_guards
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.marks import is_occasional
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import FINALLY, CallFact
from celeryleak_lint.model.findings import Confidence, Suspect, SuspectStep
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.remedies.registration import registration_remedy
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.rebuilding import SEVERAL, runs_again
from celeryleak_lint.rules.task_declared_per_call import is_declaration
from celeryleak_lint.rules.wording import call_spot_of, shortened, shown_function

_REMOVERS = {
    "addHandler": ("removeHandler",), "addFilter": ("removeFilter",), "register": ("unregister",),
    "append": ("remove", "pop"), "insert": ("remove", "pop"), "connect": ("disconnect",),
    "listen": ("remove",), "listens_for": ("remove",), "add": ("remove",),
}  # fmt: skip
#: Which argument is what is registered, where it is not the first.
_PLACES = {"listen": 2}
_FIGURE_REMOVERS = ("close", "clf", "show")


def check(project: Project) -> Iterator[Suspect]:
    """Handlers, filters, exit hooks, paths, listeners and figures that pile up."""
    seen: set[tuple[int, str]] = set()
    for build in project.production.builds:
        if build.resource.kind != "registration" or is_declaration(build.resource):
            continue
        key = (id(build.function), build.resource.id)
        confidence = _confidence(project, build) if key not in seen else None
        if confidence is not None:
            seen.add(key)
            yield _suspect(project, build, confidence)


def _confidence(project: Project, build: Build) -> Confidence | None:
    function = build.function
    if _runs_once(project, function) or _is_scoped(function):
        return None
    if lookup_guards(function, build.call) or build.exemption is not None:
        return None
    if _is_weak(build.call) or not _is_fresh(project, build):
        return "possible" if _connects_per_instance(project, build) else None
    removal = _removal(project, build)
    if removal == "always" or _is_handed_back(build):
        return None
    heat = project.heat.heat(function)
    if heat.rank == "once":
        return None
    return _confidence_by_heat(project, build, heat, removal)


def _confidence_by_heat(project: Project, build: Build, heat: Heat, removal: str) -> Confidence:
    function = build.function
    if _writes_nothing(function, build.call):
        return "possible"
    if "pyplot" in build.name and removal:
        return "possible"  # it stays only when drawing fails
    if is_occasional(function):
        return "possible"
    if heat.is_hot and build.resource.ceiling != "possible":
        return "certain" if removal == "" else "likely"
    if function.name == "__init__" and _is_built_in_functions(project, function):
        return "likely" if build.resource.ceiling != "possible" else "possible"
    return "possible"


def _writes_nothing(function: Function, call: CallFact) -> bool:
    """``addHandler(NullHandler())``: how a library keeps quiet; there is nothing to hold."""
    return any(
        value[:1] == "#"
        and value[1:].isdigit()
        and function.fact.calls[int(value[1:])].name == "NullHandler"
        for _, value in call.args
    )


def _runs_once(project: Project, function: Function) -> bool:
    """True for module level, tests, memoized functions and start-up names."""
    if function.module.is_test or function.runs_once:
        return True
    return project.caching.memo(function) is not None or project.heat.is_once_like(function)


def _connects_per_instance(project: Project, build: Build) -> bool:
    """A weak connection leaves a finalizer behind each time, even when the receiver is known already."""
    if build.call.name != "connect" or build.function.name != "__init__":
        return False
    return project.lifetimes.lifetime_of(build.function) != "process"


def _is_handed_back(build: Build) -> bool:
    """True for a figure that is returned: who asked for it closes it, or is reported."""
    return "pyplot" in build.name and "returned" in build.fate.ends


def _is_weak(call: CallFact) -> bool:
    """Signals hold their receivers weakly unless they are told not to."""
    return call.name == "connect" and ("weak", "=False") not in call.args


def _is_built_in_functions(project: Project, function: Function) -> bool:
    """True when functions that run more than once, or several, build the class whose ``__init__`` registers."""
    owner = project.graph.owner(function)
    if owner is None or project.lifetimes.lifetime(owner) != "call":
        return False
    builders = {
        edge.function.id: edge.function
        for edge in project.production.owner_builders(owner)
        if not edge.function.module.is_test
        and edge.function.name != "__init__"
        and not _is_called_at_import(project, edge.function)
        and not (edge.site is not None and "ret" in edge.site.call.sinks)
    }
    if any(runs_again(project, function) for function in builders.values()):
        return True
    return sum(not project.heat.is_once_like(f) for f in builders.values()) >= SEVERAL


def _is_called_at_import(project: Project, function: Function) -> bool:
    """True for a function that a module calls while it is imported: what it builds is the module's."""
    return any(
        edge.function.is_module_body and not edge.function.module.is_test
        for edge in project.graph.callers(function)
    )


def _is_fresh(project: Project, build: Build) -> bool:
    """True when what is registered differs from call to call; equal objects are added once."""
    call, function = build.call, build.function
    if "pyplot" in build.name:
        return True
    if not call.args or _is_own_object(function, call):
        return False
    if call.name in ("append", "insert"):
        return True
    value = call.args[_PLACES.get(call.name, 0) % len(call.args)][1]
    if build.name.rpartition(".")[2][:1].isupper():
        if build.via is not None:
            return False  # the name of the metric is written elsewhere
        return project.keys.judge(function, value).domain not in ("constant", "type")
    if call.name in ("filterwarnings", "simplefilter"):
        return any(v[:1] != "=" and v[:1] != "@" for _, v in call.args)
    return any(_is_fresh_value(project, function, choice) for choice in values.choices(value))


def _is_own_object(function: Function, call: CallFact) -> bool:
    """True when the registry is an object of the function's own, such as ``self`` as a logger."""
    owner = call.callee.rpartition(".")[0]
    if owner == "!":
        return True
    made = function.locals.get(owner[1:], ()) if owner[:1] == "%" else ()
    return any(
        value[:1] == "#" and function.fact.calls[int(values.split(value)[0][1:])].name == "Logger"
        for value in made
    )


def _is_fresh_value(project: Project, function: Function, value: str) -> bool:
    if value.startswith("!."):
        return project.lifetimes.lifetime_of(function) != "process"
    if value[:1] == "#":
        return True
    root, segments = values.split(value)
    assigned = function.locals.get(root[1:], ()) if root[:1] == "%" else ()
    if assigned and not segments:
        return any(_is_fresh_value(project, function, v) for v in assigned)
    if assigned and len(segments) == 1:
        return any(_is_new(project, function, v) for v in assigned)
    return value[:1] == "@" and _is_nested(project, function, value)


def _is_new(project: Project, function: Function, value: str) -> bool:
    """True for the result of building a class, as against a look-up."""
    if value[:1] != "#" or not value[1:].isdigit():
        return False
    return any(
        meaning.kind == "class" for meaning in project.resolver.callees(function, int(value[1:]))
    )


def _is_nested(project: Project, function: Function, value: str) -> bool:
    """True for a closure or lambda: each call defines a new one."""
    inner = project.index.functions.get(value[1:])
    return inner is not None and inner.fact.parent == function.fact.qualname


def _is_scoped(function: Function) -> bool:
    """Inside ``warnings.catch_warnings`` filters are put back."""
    return any(
        call.name == "catch_warnings" and "with" in call.sinks for call in function.fact.calls
    )


def _removal(project: Project, build: Build) -> str:
    """``"always"`` when every path removes it or its class does, ``"sometimes"`` on some path, else empty."""
    removers = _removers(build.call, build.name)
    own = [call for call in build.function.fact.calls if call.name in removers]
    if _removes_itself(project, build.function, removers):
        return "always"
    if any(call.flags & FINALLY for call in own):
        return "always"
    if any(call.line < build.call.line for call in own):
        return "always"
    owner = project.graph.owner(build.function)
    if owner is not None:
        for method in owner.methods.values():
            if method is not build.function and any(c.name in removers for c in method.fact.calls):
                return "always"
    return "sometimes" if own else ""


def _removes_itself(project: Project, function: Function, removers: tuple[str, ...]) -> bool:
    """True when a nested function, such as the handler itself, takes the registration back."""
    return any(
        call.name in removers
        for inner in project.index.nested_in(function)
        for call in inner.fact.calls
    )


def _removers(call: CallFact, name: str) -> tuple[str, ...]:
    return (
        _FIGURE_REMOVERS if "pyplot" in name else _REMOVERS.get(call.name, ("remove", "unregister"))
    )


def _suspect(project: Project, build: Build, confidence: Confidence) -> Suspect:
    heat = project.heat.heat(build.function)
    call = build.call
    step = SuspectStep(
        build.function.module.path, call.line, call.column, f"registers with `{build.name}`"
    )
    removed = _removal(project, build) == "sometimes"
    how = "removes it on the success path only" if removed else "never removes it"
    where = "for each instance" if build.function.name == "__init__" else "on each call"
    suspect = Suspect(
        "CLK207",
        build.function.module.path,
        call_spot_of(build.function, build.site.index),
        f"{shown_function(build.function)} registers something new with `{build.name}` {where} and {how}; "
        "the registry belongs to the process and keeps each one; register once at start-up, guard it, or "
        "remove it in `finally`",
        confidence,
        build.name,
        "never-released",
        shortened((*heat.steps, step)),
    )
    return offer(suspect, registration_remedy(build))


RULE = Rule(
    "CLK207",
    "registration-per-call",
    "something fresh is added to a process-wide registry on each call, and not removed",
    "0.1",
    check,
)
