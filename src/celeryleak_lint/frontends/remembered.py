"""A report of a former run that still stands, though some files have changed since.

Only the changed files are read. Where they differ in anything that the report rests on, or
are spoken of in it, everything is analysed anew.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Finding, Report
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.system.cache import Cache, Entry, digest_of
from celeryleak_lint.system.grounds import Standing, digest_at
from celeryleak_lint.system.memory import Question

#: With more changed files than this the chance that none of them matters is small.
_MOST = 30

Read = Callable[[str], bytes]


def still_standing(read: Read, question: Question) -> Report | None:
    """The last report on a question, if nothing that has changed since can have changed it.

    ``read`` gives a file's bytes by its path.
    """
    standing, cache = question.standing(), question.memory.cache
    if standing is None or cache is None or question.digests is None:
        return None
    places = _changed(standing, question)
    if not places:
        return None
    lines = _lines_gained(standing, question.digests, cache, read, places)
    if lines is None:
        return None
    cache.save(frozenset(file.path for file in question.inquiry.scope.files))
    report = replace(standing.report, lines=standing.report.lines + lines)
    question.relearn(report, standing)
    return report


def _changed(standing: Standing, question: Question) -> list[tuple[int, SourceFile]]:
    """The changed files with their places; none when the report cannot stand."""
    files, digests = question.inquiry.scope.files, question.digests or b""
    if len(standing.digests) != len(digests):
        return []
    places = standing.changed(digests)
    if not 0 < len(places) <= _MOST or places[-1] >= len(files):
        return []  # a deploy file stands behind the others, and may change any finding
    if any(files[place].path in standing.spoken_of for place in places):
        return []
    return [(place, files[place]) for place in places]


def _lines_gained(
    standing: Standing,
    digests: bytes,
    cache: Cache,
    read: Read,
    changed: list[tuple[int, SourceFile]],
) -> int | None:
    """How many lines the project has more than before; ``None`` when the report may not stand.

    Puts the new summaries into the cache.
    """
    from celeryleak_lint.standing.ground import still_stands, unpacked_ground
    from celeryleak_lint.system.outcomes import value_of

    ground = unpacked_ground(standing.ground)
    if ground is None:
        return None
    gained, entries = 0, {}
    for place, file in changed:
        kept = cache.get(file.path, digest_of(file, digest_at(standing.digests, place)))
        entry = _entry(file, digest_of(file, digest_at(digests, place)), read)
        if kept is None or entry is None:
            return None
        before, now = value_of(kept), value_of(entry)
        if not (isinstance(before, ModuleSummary) and isinstance(now, ModuleSummary)):
            return None
        if not still_stands(ground, before, now):
            return None
        gained += now.lines - before.lines
        entries[file.path] = entry
    for path, entry in entries.items():
        cache.put(path, entry)
    return gained


def _entry(file: SourceFile, digest: bytes, read: Read) -> Entry | None:
    """The summary of a file with this digest; ``None`` for one with a comment that may excuse a finding."""
    from celeryleak_lint.suppressions import may_name_codes
    from celeryleak_lint.system.outcomes import summarise_text

    try:
        data = read(file.path)
    except OSError:
        return None
    if may_name_codes(data):
        return None
    outcome = summarise_text(file, data)
    return outcome.entry if outcome.lasting and outcome.entry.digest == digest else None


def narrowed(report: Report, scope: Scope) -> Report:
    """The part of a report about what was asked for: a finding whose place or trace is in it."""
    reported = scope.reported
    if reported is None:
        return report

    def is_asked(finding: Finding) -> bool:
        return finding.path in reported or any(step.path in reported for step in finding.trace)

    return replace(
        report,
        findings=tuple(filter(is_asked, report.findings)),
        suppressed=tuple(filter(is_asked, report.suppressed)),
    )
