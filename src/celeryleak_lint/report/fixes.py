"""What is said about fixes beside the findings: what was fixed, what could be, and what not and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.findings import Finding, Report
from celeryleak_lint.report.escape import escaped, leading
from celeryleak_lint.report.view import View


def fixes_told(
    report: Report, view: View, applicable: frozenset[Applicability], *, would: bool
) -> str:
    """Lines for stderr: after a fix what was done and what was refused, else what could be done.

    With ``would`` fixes were shown and not applied. Empty when there is nothing to tell.
    """
    told = "would fix" if would else "fixed"
    is_over = report.fixed is not None
    lines = _afterwards(report, view, told, applicable) if is_over else _offered(report, applicable)
    return "".join(f"{line}\n" for line in lines)


def _afterwards(
    report: Report, view: View, told: str, applicable: frozenset[Applicability]
) -> Iterator[str]:
    fixed = report.fixed or ()
    if fixed:
        files = len({finding.path for finding in fixed})
        yield f"{told} {_counted(len(fixed), 'finding')} in {_counted(files, 'file')}:"
    for finding in fixed:
        assert finding.fix is not None
        yield f"  {_place(finding, view)} {finding.code} {escaped(finding.fix.title)}"
    reasons = Counter(_reason(finding, applicable) for finding in report.findings)
    if reasons:
        yield f"left {_counted(len(report.findings), 'finding')} as {_pronoun(report)}:"
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {count:>4}  {escaped(reason)}"


def _reason(finding: Finding, applicable: frozenset[Applicability]) -> str:
    if finding.fix is None:
        return finding.no_fix or "there is no fix for this rule"
    if finding.fix.applicability not in applicable:
        return "the fix is unsafe: look at it with `--unsafe-fixes --diff`, apply it with `--fix --unsafe-fixes`"
    return "the fix touches files that were not named, or another fix in the same place"


def _pronoun(report: Report) -> str:
    return "it is" if len(report.findings) == 1 else "they are"


def _offered(report: Report, applicable: frozenset[Applicability]) -> Iterator[str]:
    fixes = Counter(finding.fix.applicability for finding in report.findings if finding.fix)
    now = sum(count for kind, count in fixes.items() if kind in applicable)
    later = (
        sum(count for kind, count in fixes.items() if kind == "unsafe")
        if "unsafe" not in applicable
        else 0
    )
    option = "--fix --unsafe-fixes" if "unsafe" in applicable else "--fix"
    if now:
        yield f"[*] {_counted(now, 'finding')} fixable with `{option}`"
    if later:
        yield f"{_counted(later, 'unsafe fix')} shown with `--unsafe-fixes --diff`"


def _place(finding: Finding, view: View) -> str:
    span = finding.span
    return f"{leading(view.path(finding.path))}:{span.line}:{span.column}:"


def _counted(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('x') else 's'}"
