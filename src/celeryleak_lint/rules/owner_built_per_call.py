"""CLK105 owner-built-per-call: a class whose ``__init__`` builds a resource is itself built per call."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.remedies.construction import prescribe
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.judgement import capped, judge, weigh
from celeryleak_lint.rules.occasions import is_never_opened
from celeryleak_lint.rules.places import is_plain, once_per_function, once_per_producer
from celeryleak_lint.rules.wording import others, shown_function, suspect


def check(project: Project) -> Iterator[Suspect]:
    """Constructions of owners, at any depth, whose instance nobody keeps."""
    builds = [
        b
        for b in project.production.builds
        if b.via is not None and b.via.cls is not None and is_plain(project, b)
    ]
    judged = once_per_function(builds, lambda b: judge(project, b))
    for build, verdict, more in once_per_producer(judged):
        if verdict.confidence is not None:
            fact = _fact(build) + others(more)
            yield suspect(
                "CLK105", build, verdict.confidence, verdict.heat, fact, prescribe(project, build)
            )
    yield from _unseen(project)


def _unseen(project: Project) -> Iterator[Suspect]:
    """Owners that nothing in the project builds: how often their users do is not known."""
    for owner in project.production.owners.values():
        assert owner.cls is not None
        if owner.function.module.is_test or project.heat.is_once_like(owner.function):
            continue
        if is_never_opened(project, owner.build):
            continue
        edges = project.production.owner_builders(owner.cls)
        if any(not edge.function.module.is_test for edge in edges):
            continue
        entry = project.heat.instance_entry(owner.cls)
        if entry is not None and entry.instance == "per-process":
            continue
        build = owner.build
        fact = f"each `{owner.cls.name}` builds a `{build.name}` of its own"
        confidence = _by_framework(project, build)
        yield suspect(
            "CLK105",
            build,
            confidence,
            project.heat.heat(build.function),
            fact,
            prescribe(project, build),
        )


def _by_framework(project: Project, build: Build) -> Confidence:
    """A framework that makes an instance for each request says how often; nothing else does."""
    heat = project.heat.heat(build.function)
    if not heat.is_hot:
        return "possible"
    return capped(weigh(project, build, heat)[0], build)


def _fact(build: Build) -> str:
    assert build.via is not None
    return (
        f"{shown_function(build.function)} builds a new `{build.via.shown}` on each call, "
        f"and its `__init__` builds a `{build.name}`"
    )


RULE = Rule(
    "CLK105",
    "owner-built-per-call",
    "a class that builds a resource in its constructor is itself built on each call",
    "0.1",
    check,
)
