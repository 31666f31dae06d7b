"""CLK102 factory-called-per-call: a project function that returns a fresh resource is called where nobody keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.remedies.construction import prescribe
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.judgement import judge
from celeryleak_lint.rules.places import is_plain, once_per_function, once_per_producer
from celeryleak_lint.rules.wording import others, shown_function, suspect


def check(project: Project) -> Iterator[Suspect]:
    """Calls of producers, at any depth and in any file, whose result is neither stored nor shared."""
    builds = [
        b
        for b in project.production.builds
        if b.via is not None and b.via.cls is None and is_plain(project, b)
    ]
    judged = once_per_function(builds, lambda b: judge(project, b))
    for build, verdict, more in once_per_producer(judged):
        if verdict.confidence is not None:
            fact = _fact(build) + others(more)
            yield suspect(
                "CLK102", build, verdict.confidence, verdict.heat, fact, prescribe(project, build)
            )


def _fact(build: Build) -> str:
    assert build.via is not None
    return (
        f"{shown_function(build.function)} gets a fresh `{build.name}` "
        f"from `{build.via.shown}` on each call and {'closes' if build.fate.is_closed else 'drops'} it"
    )


RULE = Rule(
    "CLK102",
    "factory-called-per-call",
    "a function that returns a fresh resource is called again and again, and nobody keeps the result",
    "0.1",
    check,
)
