"""The last line of every run, and the table of counts by code."""

from __future__ import annotations

from collections import Counter

from celeryleak_lint.model.findings import Report


def summary(report: Report, seconds: float) -> str:
    """One line with everything that was counted, never empty."""
    counts = [f"{_count(len(report.findings), 'finding')} in {_count(report.files, 'file')}"]
    if report.suppressed:
        counts.append(f"{len(report.suppressed)} suppressed")
    if report.accepted:
        counts.append(f"{len(report.accepted):,} known before")
    if report.failures:
        counts.append(_count(len(report.failures), "failure"))
    return f"{', '.join(counts)} ({_count(report.lines, 'line')}, {seconds:.2f} s)"


def statistics(report: Report) -> str:
    """How many findings each code has, the most frequent first; empty without findings."""
    counts = Counter((finding.code, finding.rule) for finding in report.findings)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "".join(f"{count:>6}  {code}  {rule}\n" for (code, rule), count in ranked)


def timings(report: Report, seconds: float) -> str:
    """Seconds of wall time by stage, and what the stages do not account for."""
    rest = max(seconds - sum(taken for _, taken in report.stages), 0.0)
    rows = (*report.stages, ("other", rest), ("total", seconds))
    return "".join(f"{taken:>9.3f} s  {stage}\n" for stage, taken in rows)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
