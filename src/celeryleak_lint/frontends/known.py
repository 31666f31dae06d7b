"""What was known before a run, from a baseline or another revision, taken out of its report."""

from __future__ import annotations

import os
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from celeryleak_lint.baseline import (
    Entry,
    compare,
    entries_of,
    parse_baseline,
    render_baseline,
    stale_finding,
    with_reasons,
)
from celeryleak_lint.config import Config
from celeryleak_lint.model.findings import Finding, Report
from celeryleak_lint.model.run_codes import BASELINE_STALE
from celeryleak_lint.model.source import Scope
from celeryleak_lint.system.output import write_whole
from celeryleak_lint.system.settings import read_toml


class Known(msgspec.Struct, frozen=True):
    """A baseline that was read: its absolute path and its entries."""

    path: str
    entries: tuple[Entry, ...]


def read_known(path: str, *, shown: str, must_exist: bool = True) -> Known | tuple[str, ...]:
    """Read the baseline at ``path``, or say all that is wrong with it; ``shown`` names it."""
    if not os.path.exists(path):
        if not must_exist:
            return Known(path, ())
        remedy = f"write it with `--write-baseline {shown}`"
        return (f"there is no baseline {shown!r}; {remedy}",)
    if not os.path.isfile(path):
        return (f"{shown}: is no regular file, so it holds no baseline",)
    document = read_toml(path)
    if isinstance(document, str):
        return (f"{shown}: {document}",)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    entries, errors = parse_baseline(document, text, file=shown)
    return errors or Known(path, entries)


def without_known(report: Report, scope: Scope, entries: Iterable[Entry]) -> Report:
    """The report without what the entries account for."""
    return _divided(report, scope, entries)[0]


def against_baseline(
    report: Report, scope: Scope, known: Known, *, config: Config, is_complete: bool
) -> Report:
    """The report without what the baseline lists, and with a finding for each stale entry.

    An entry is stale only where the run has looked: ``is_complete`` says whether everything
    could be read.
    """
    left, unmatched = _divided(report, scope, known.entries)
    path = os.path.relpath(known.path, scope.root).replace(os.sep, "/")
    if not is_complete or not config.admits(BASELINE_STALE.code, path):
        return left
    stale = [stale_finding(e, path) for e in unmatched if is_judged(e, scope, config)]
    order = sorted((*left.findings, *stale), key=lambda f: (f.path, f.span.line, f.span.column))
    return replace(left, findings=tuple(order))


def is_judged(entry: Entry, scope: Scope, config: Config) -> bool:
    """Whether a run over ``scope`` looks for what ``entry`` lists."""
    if not config.admits(entry.code, entry.path, entry.confidence):
        return False
    if scope.reported is not None:
        return entry.path in scope.reported
    is_indexed = entry.path in scope.deploy or any(f.path == entry.path for f in scope.files)
    return is_indexed or not _exists(scope.root, entry.path)


def write_known(path: str, report: Report, scope: Scope, known: Known, config: Config) -> str:
    """Write the report's findings as a baseline; gives an empty text, or why it cannot be done.

    Reasons are kept, and so are the entries of files and codes that the run did not look at.
    """
    beyond = tuple(e for e in known.entries if not is_judged(e, scope, config))
    entries = with_reasons(entries_of(report.findings), known.entries)
    return write_whole(path, render_baseline((*beyond, *entries)))


def _divided(
    report: Report, scope: Scope, entries: Iterable[Entry]
) -> tuple[Report, tuple[Entry, ...]]:
    """The report without what was known, and the entries that account for nothing in it."""
    everything = (*report.findings, *report.suppressed)
    compared = compare(everything, entries, exists=lambda path: _exists(scope.root, path))
    known = {finding.fingerprint for finding in compared.known}
    accepted = (*(report.accepted or ()), *_among(report.findings, known))
    new = tuple(f for f in report.findings if f.fingerprint not in known)
    return replace(report, findings=new, accepted=accepted), compared.unmatched


def _among(findings: Iterable[Finding], marks: set[str]) -> Iterable[Finding]:
    return (finding for finding in findings if finding.fingerprint in marks)


def _exists(root: str, path: str) -> bool:
    return os.path.exists(os.path.join(root, path))
