"""Which rule a build belongs to, and one finding where several say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import CONFIDENCES
from celeryleak_lint.rules.doubts import is_in_loop
from celeryleak_lint.rules.judgement import Verdict

_ACCESSORS = frozenset({"__getattr__", "__getattribute__", "__get__", "__getitem__"})


def is_accessor(project: Project, function: Function) -> bool:
    """True for code that runs when an attribute is read: a property, ``__getattr__``, a descriptor."""
    if project.graph.owner(function) is None:
        return False
    if project.caching.memo_row(function) is not None:
        return False
    return function.name in _ACCESSORS or project.resolver.is_property(function)


def is_construction(build: Build) -> bool:
    """True for objects to be shared; registrations, open handles and executors have rules of their own."""
    if build.resource.kind in ("registration", "handle"):
        return False
    return not is_open_handle(build) and not _is_own_executor(build)


def is_open_handle(build: Build) -> bool:
    """True for what is opened for one use and left open: files, sockets, connections to databases."""
    if build.resource.kind == "handle":
        return True
    holds_instance = build.via is not None and build.via.is_owner
    return build.resource.kind == "connection" and build.fate.is_local and not holds_instance


def is_opened(build: Build) -> bool:
    """True for what the rule of open handles speaks for, on whichever path it stays open."""
    if is_open_handle(build):
        return True
    holds_instance = build.via is not None and build.via.is_owner
    return build.resource.kind == "connection" and not holds_instance


def is_running_executor(build: Build) -> bool:
    """True for an executor or pool that its function leaves running; a server it is given to ends it."""
    return _is_own_executor(build) and not build.fate.part_of


def _is_own_executor(build: Build) -> bool:
    return build.resource.kind == "executor" and build.via is None and build.fate.is_local


def is_plain(project: Project, build: Build) -> bool:
    """True when neither the loop rule nor the access rule has the better word for a build."""
    if not is_construction(build):
        return False
    if is_in_loop(build) and build.fate.is_local:
        return False
    return not is_accessor(project, build.function)


def once_per_function(
    builds: Iterable[Build], judge: Callable[[Build], Verdict]
) -> Iterator[tuple[Build, Verdict]]:
    """Judged builds, one for each function and library: the surest, then the first in the text."""
    best: dict[tuple[int, str], tuple[Build, Verdict]] = {}
    for build in builds:
        verdict = judge(build)
        if verdict.confidence is None:
            continue
        key = (id(build.function), build.resource.distribution)
        known = best.get(key)
        if known is None or _rank(build, verdict) < _rank(*known):
            best[key] = (build, verdict)
    yield from best.values()


def once_per_producer(
    judged: Iterable[tuple[Build, Verdict]],
) -> Iterator[tuple[Build, Verdict, int]]:
    """Judged calls of producers, one for each constructor call, and how many more callers there are.

    One factory that twenty views call is one mistake with one remedy: the surest call with
    the longest witness speaks for all.
    """
    groups: dict[tuple[int, int], list[tuple[Build, Verdict]]] = {}
    for build, verdict in judged:
        made = build.chain()[-1].site
        groups.setdefault((id(made.function), made.index), []).append((build, verdict))
    for group in groups.values():
        build, verdict = min(group, key=lambda pair: _witness(*pair))
        yield build, verdict, len(group) - 1


def _witness(build: Build, verdict: Verdict) -> tuple[int, bool, int, int, str, int]:
    assert verdict.confidence is not None
    return (
        CONFIDENCES.index(verdict.confidence),
        build.fate.is_closed,
        len(build.chain()),
        -len(verdict.heat.steps),
        build.function.module.path,
        build.call.line,
    )


def _rank(build: Build, verdict: Verdict) -> tuple[int, int]:
    assert verdict.confidence is not None
    return CONFIDENCES.index(verdict.confidence), build.call.line
