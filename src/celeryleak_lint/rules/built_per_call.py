"""CLK101 resource-built-per-call: a catalogued resource is built in a function and dropped."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.remedies.construction import prescribe
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.judgement import judge
from celeryleak_lint.rules.places import is_plain, once_per_function
from celeryleak_lint.rules.wording import shown_function, suspect


def check(project: Project) -> Iterator[Suspect]:
    """Constructor calls whose result nobody keeps."""
    builds = [b for b in project.production.builds if b.via is None and is_plain(project, b)]
    for build, verdict in once_per_function(builds, lambda b: judge(project, b)):
        if verdict.confidence is not None:
            yield suspect(
                "CLK101",
                build,
                verdict.confidence,
                verdict.heat,
                _fact(build),
                prescribe(project, build),
            )


def _fact(build: Build) -> str:
    return f"{shown_function(build.function)} builds a new `{build.name}` on each call"


RULE = Rule(
    "CLK101",
    "resource-built-per-call",
    "an expensive object is built in a function on each call and dropped",
    "0.1",
    check,
)
