"""CLK506: a pinned or locked release is known to leak."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.leaks import KnownLeak, leaks_of
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.deploy import LockedRelease
from celeryleak_lint.model.findings import CONFIDENCES, Suspect, SuspectStep
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule

_MOST_PLACES = 8


def check(project: Project) -> Iterator[Suspect]:
    """One suspect for each release, where people edit it; the other places are its trace."""
    places: dict[tuple[str, str], list[LockedRelease]] = {}
    for release in project.deploy.releases:
        places.setdefault((release.name, release.version), []).append(release)
    for (name, version), found in places.items():
        leaks = leaks_of(name, version)
        if leaks:
            first, *others = sorted(found, key=_rank)
            yield _suspect(first, others, leaks)


def _rank(release: LockedRelease) -> tuple[bool, bool, str, int]:
    """What people write comes before what tools write after it."""
    name = release.path.rpartition("/")[2]
    return name != "pyproject.toml", name.endswith(".lock"), release.path, release.span.line


def _suspect(
    release: LockedRelease, others: list[LockedRelease], leaks: tuple[KnownLeak, ...]
) -> Suspect:
    ranked = sorted(leaks, key=lambda leak: CONFIDENCES.index(leak.confidence))
    what = "; ".join(leak.what for leak in ranked)
    return Suspect(
        code="CLK506",
        path=release.path,
        spot=Spot("text", "", release.span.line, release.name),
        message=(
            f"`{release.name}` {release.version} is known to leak: {what}; {_way_out(ranked)} "
            f"({', '.join(leak.evidence for leak in ranked)})"
        ),
        confidence=ranked[0].confidence,
        resource=release.name,
        effect=None,
        trace=tuple(
            SuspectStep(other.path, other.span.line, 0, "pinned here too")
            for other in others[:_MOST_PLACES]
        ),
        no_fix="the new release has to be tried with the application",
        span=release.span,
    )


def _way_out(leaks: list[KnownLeak]) -> str:
    from packaging.version import Version  # imported late: only a finding needs it

    fixed = [leak.fixed_in for leak in leaks if leak.fixed_in]
    if not fixed:
        return "no release is known to be free of it: read the thread before you choose another"
    return f"{max(fixed, key=Version)} is the first release without it"


RULE = Rule(
    code="CLK506",
    slug="known-leaky-release",
    summary="a pinned or locked release is known to leak",
    since="0.1",
    check=check,
)
