"""CLK301 handle-not-closed: a connection, file, socket or response is opened and left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.remedies.closing import closing_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.handles import Closing, open_builds, openness
from celeryleak_lint.rules.places import is_opened
from celeryleak_lint.rules.wording import call_spot, shown_function, trace_of

_HOW: Mapping[Closing, str] = {
    "never": "and never closes it",
    "not-on-return": "and returns early without closing it",
    "not-on-error": "and closes it only when nothing fails before",
}


def check(project: Project) -> Iterator[Suspect]:
    """Handles that no path closes, or only some, and that nobody else takes over."""
    for build in open_builds(project, ("handle", "connection")):
        ends = build.fate.ends
        if "unclosed-with" in ends and "closed" not in ends:
            continue  # CLK302 has the better word
        if not is_opened(build):
            continue
        found = openness(project, build)
        if found is None:
            continue
        confidence, closing = found
        if closing == "not-on-error" and build.resource.kind == "connection":
            continue  # opened and closed per call: CLK101 tells, as churn
        suspect = Suspect(
            "CLK301",
            build.function.module.path,
            call_spot(build),
            f"{shown_function(build.function)} opens {_what(build)} {_HOW[closing]}; it stays open "
            f"until the garbage collector finds it; {_way_out(build)}",
            confidence,
            build.name,
            "until-gc",
            trace_of(project.heat.heat(build.function), build),
        )
        yield offer(suspect, closing_remedy(project, build))


def _what(build: Build) -> str:
    noun = "a connection" if build.resource.kind == "connection" else "a handle"
    name = build.name.removeprefix("builtins.")
    if build.via is not None:
        return f"{noun} (`{name}`) through `{build.via.shown}`"
    return f"{noun} with `{name}`"


def _way_out(build: Build) -> str:
    if build.resource.when:
        return f"write `{build.resource.instead}`"
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
