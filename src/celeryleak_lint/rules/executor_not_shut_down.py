"""CLK303 executor-not-shut-down: a pool of threads or processes is built per call and left running."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.remedies.closing import closing_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.judgement import judge
from celeryleak_lint.rules.places import is_running_executor, once_per_function
from celeryleak_lint.rules.wording import shown_function, suspect


def check(project: Project) -> Iterator[Suspect]:
    """Executors and pools that stay in their function and that nothing shuts down there."""
    builds = [b for b in project.production.builds if is_running_executor(b)]
    for build, verdict in once_per_function(builds, lambda b: judge(project, b)):
        if verdict.confidence is not None:
            fact = f"{shown_function(build.function)} starts a `{build.name}` on each call and never shuts it down"
            found = suspect("CLK303", build, verdict.confidence, verdict.heat, fact)
            yield offer(found, closing_remedy(project, build))


RULE = Rule(
    "CLK303",
    "executor-not-shut-down",
    "an executor or pool is started on each call and not shut down",
    "0.1",
    check,
)
