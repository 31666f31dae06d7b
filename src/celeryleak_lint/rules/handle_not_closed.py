"""CLK301 handle-not-closed: a connection, file, socket or response is opened and left open."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.handles import open_builds, openness
from celeryleak_lint.rules.places import is_open_handle
from celeryleak_lint.rules.wording import call_spot, no_fix_reason, shown_function, trace_of


def check(project: Project) -> Iterator[Suspect]:
    """Handles that no path closes, or only some, and that nobody else takes over."""
    for build in open_builds(project, ("handle", "connection")):
        if "unclosed-with" in build.fate.ends or not is_open_handle(build):
            continue
        found = openness(project, build)
        if found is None:
            continue
        confidence, closed_somewhere = found
        yield Suspect(
            "CLK301",
            build.function.module.path,
            call_spot(build),
            f"{shown_function(build.function)} opens {_what(build)} {_how(closed_somewhere)}; it stays open "
            f"until the garbage collector finds it; {_way_out(build)}",
            confidence,
            build.name,
            "until-gc",
            trace_of(project.heat.heat(build.function), build),
            no_fix_reason(build.resource),
        )


def _what(build: Build) -> str:
    if build.via is not None:
        return f"a `{build.name}` through `{build.via.shown}`"
    return f"a `{build.name}`"


def _how(closed_somewhere: bool) -> str:
    return "and closes it on some paths only" if closed_somewhere else "and never closes it"


def _way_out(build: Build) -> str:
    if build.resource.with_closes is False:
        return "wrap it in `with contextlib.closing(...)`"
    return "open it in a `with` statement"


RULE = Rule(
    "CLK301",
    "handle-not-closed",
    "a connection, file, socket or response is opened and not closed on every path",
    "0.1",
    check,
)
