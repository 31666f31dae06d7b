"""CLK302 with-does-not-close: ``with`` on a connection that only ends the transaction."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.remedies.closing import transaction_remedy
from celeryleak_lint.remedies.offering import offer
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.handles import open_builds, openness
from celeryleak_lint.rules.wording import call_spot, shown_function, trace_of


def check(project: Project) -> Iterator[Suspect]:
    """``with sqlite3.connect(...)``, psycopg2 and pyodbc, directly or through a helper."""
    for build in open_builds(project, ("connection", "handle")):
        found = openness(project, build)
        if found is None or found[1] != "never" or "unclosed-with" not in build.fate.ends:
            continue
        suspect = Suspect(
            "CLK302",
            build.function.module.path,
            call_spot(build),
            f"`with` on {_what(build)} in {shown_function(build.function)} ends the transaction and leaves the "
            "connection open; it stays open until the garbage collector finds it; write "
            "`with contextlib.closing(...) as conn, conn:` to keep the commit and close",
            found[0],
            build.name,
            "until-gc",
            trace_of(project.heat.heat(build.function), build),
        )
        yield offer(suspect, transaction_remedy(project, build))


def _what(build: Build) -> str:
    if build.via is not None:
        return f"the `{build.name}` from `{build.via.shown}`"
    return f"`{build.name}`"


RULE = Rule(
    "CLK302",
    "with-does-not-close",
    "a `with` statement on a connection ends its transaction and leaves it open",
    "0.1",
    check,
)
