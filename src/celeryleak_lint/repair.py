"""Fixes applied until nothing is left to fix, in memory, each round checked by a run of its own.

Knows reports and edits; how a project is analysed it is told, and it writes no file. A fix
that leaves its finding, brings a new one or breaks a file is taken back.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from celeryleak_lint.config import Config
from celeryleak_lint.fixes.apply import apply_edits, compatible
from celeryleak_lint.fixes.sheet import Refusal
from celeryleak_lint.model.edits import Applicability, Edit
from celeryleak_lint.model.findings import CONFIDENCES, Failure, Finding, Report

#: Rounds after which fixes that go on and on are stopped.
MAX_ROUNDS = 100

Analyse = Callable[[Mapping[str, bytes]], Report]
Texts = dict[str, bytes]


class Wanted(msgspec.Struct, frozen=True):
    """Which fixes may be applied: how far trusted, in which files, and for which findings.

    Without ``paths`` in all files, without ``config`` for everything that is reported.
    """

    applicabilities: frozenset[Applicability]
    paths: frozenset[str] | None = None
    config: Config | None = None

    def admits(self, finding: Finding) -> bool:
        """Whether the user wants to hear of a finding."""
        if self.config is None:
            return True
        return self.config.admits(finding.code, finding.path, finding.confidence)

    def allows(self, finding: Finding) -> bool:
        """Whether a finding is to be fixed."""
        fix = finding.fix
        if fix is None or fix.applicability not in self.applicabilities or not self.admits(finding):
            return False
        return self.paths is None or all(edit.path in self.paths for edit in fix.edits)


class Repaired(msgspec.Struct, frozen=True):
    """What came of it: the report of the fixed project, the changed files, what was fixed.

    ``texts`` has the new bytes by path. ``problems`` are failures of the fixing itself.
    """

    report: Report
    texts: Mapping[str, bytes]
    fixed: tuple[Finding, ...]
    problems: tuple[Failure, ...] = ()


@dataclass(slots=True)
class _Repair:
    """The state between rounds. ``alone`` are files that get one fix a round, to find the culprit."""

    analyse: Analyse
    read: Callable[[str], bytes]
    wanted: Wanted
    texts: Texts = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)
    alone: set[str] = field(default_factory=set)
    taken_back: dict[str, str] = field(default_factory=dict)

    def bytes_of(self, path: str) -> bytes:
        return self.texts[path] if path in self.texts else self.read(path)


def repair(analyse: Analyse, read: Callable[[str], bytes], wanted: Wanted) -> Repaired:
    """Analyse, fix, and analyse again until nothing changes.

    ``analyse`` gives the report of the project with some files replaced, fixes included;
    ``read`` gives the bytes of a file as it is.
    """
    state = _Repair(analyse, read, wanted)
    report = analyse({})
    for _ in range(MAX_ROUNDS):
        chosen = _chosen(state, report)
        if not chosen:
            return _finished(state, report)
        report = _round(state, report, chosen)
    unstable = sorted({edit.path for finding in _chosen(state, report) for edit in _edits(finding)})
    problems = tuple(
        Failure(
            path, 1, 1, f"fixes do not come to an end after {MAX_ROUNDS} rounds; please report it"
        )
        for path in unstable
    )
    return replace(_finished(state, report), problems=problems)


def _finished(state: _Repair, report: Report) -> Repaired:
    """What was taken back keeps its finding and says why."""
    findings = tuple(
        replace(finding, fix=None, no_fix=state.taken_back[finding.fingerprint])
        if finding.fingerprint in state.taken_back
        else finding
        for finding in report.findings
    )
    changed = {path: text for path, text in state.texts.items() if text != state.read(path)}
    return Repaired(replace(report, findings=findings), changed, tuple(state.fixed))


def _chosen(state: _Repair, report: Report) -> list[Finding]:
    """The findings to fix in one round: no two fixes touch, and a file under suspicion gets one."""
    able = [
        finding
        for finding in report.findings
        if finding.fingerprint not in state.taken_back and state.wanted.allows(finding)
    ]
    busy: set[str] = set()
    spread: list[Finding] = []
    for finding in able:
        paths = {edit.path for edit in _edits(finding)} & state.alone
        if not paths & busy:
            busy |= paths
            spread.append(finding)
    taken = compatible(finding.fix for finding in spread if finding.fix is not None)
    kept = list(taken)
    chosen: list[Finding] = []
    for finding in spread:
        if finding.fix in kept:
            kept.remove(finding.fix)
            chosen.append(finding)
    return chosen


def _edits(finding: Finding) -> tuple[Edit, ...]:
    return finding.fix.edits if finding.fix is not None else ()


def _round(state: _Repair, before: Report, chosen: Sequence[Finding]) -> Report:
    """Apply what was chosen and look at the result; what went wrong is undone."""
    trial, refused = _applied(state, chosen)
    if refused:
        state.taken_back.update(refused)
        return before
    after = state.analyse(trial)
    wrong = _wrong_paths(state, before, after, chosen, trial)
    if not wrong:
        state.texts = trial
        state.fixed += chosen
        return after
    if len(chosen) == 1:
        state.taken_back[chosen[0].fingerprint] = (
            "the fix was tried and taken back: the result would be reported again or does not parse"
        )
        return before
    touched = {edit.path for finding in chosen for edit in _edits(finding)}
    suspected = wrong & touched or touched
    if suspected <= state.alone:
        _blame(state, chosen, suspected)
    state.alone |= suspected
    return before


def _blame(state: _Repair, chosen: Iterable[Finding], paths: set[str]) -> None:
    for finding in chosen:
        if any(edit.path in paths for edit in _edits(finding)):
            state.taken_back[finding.fingerprint] = (
                "the fix was tried and taken back: together with others it brings a new finding"
            )


def _applied(state: _Repair, chosen: Sequence[Finding]) -> tuple[Texts, dict[str, str]]:
    """All files with the chosen edits, and the fixes that cannot be applied, with the reason."""
    trial = dict(state.texts)
    refused: dict[str, str] = {}
    for path in sorted({edit.path for finding in chosen for edit in _edits(finding)}):
        here = [finding for finding in chosen if any(e.path == path for e in _edits(finding))]
        edits = [edit for finding in here for edit in _edits(finding) if edit.path == path]
        outcome = apply_edits(state.bytes_of(path), edits)
        if isinstance(outcome, Refusal):
            refused.update((finding.fingerprint, outcome.reason) for finding in here)
        else:
            trial[path] = outcome
    return trial, refused


# -- is the result better? ------------------------------------------------------------------


def _wrong_paths(
    state: _Repair, before: Report, after: Report, chosen: Sequence[Finding], trial: Texts
) -> set[str]:
    """Files in which something is reported on changed lines that was not there before, or broken files."""
    wrong = {failure.path for failure in after.failures if failure not in before.failures}
    wrong |= {path for path in trial if _breaks(state.bytes_of(path), trial[path])}
    fixed = Counter((finding.code, finding.path) for finding in chosen)
    before, after = _as_sure(before, chosen), _as_sure(after, chosen)
    for path in trial:
        old, new = _lines(state.bytes_of(path)), _lines(trial[path])
        gone, come = set(old) - set(new), set(new) - set(old)
        allowed = _counted(before, path, old, gone) - fixed
        if _counted(after, path, new, come) - allowed:
            wrong.add(path)
    for path in {finding.path for finding in after.findings} - trial.keys():
        if _by_code(after, path) - _by_code(before, path):
            wrong.add(path)
    return wrong


def _breaks(old: bytes, new: bytes) -> bool:
    """Whether only the old text compiles: a parameter twice, or a ``__future__`` import too late, parses."""
    return old != new and _compiles(old) and not _compiles(new)


def _compiles(text: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "<text>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _as_sure(report: Report, chosen: Sequence[Finding]) -> Report:
    """The report without findings that are less sure than all that was fixed.

    A connection that is closed now is still one for each call: a weaker thing to say.
    """
    least = max(CONFIDENCES.index(finding.confidence) for finding in chosen)
    kept = (each for each in report.findings if CONFIDENCES.index(each.confidence) <= least)
    return replace(report, findings=tuple(kept))


def _lines(data: bytes) -> list[bytes]:
    return [line.strip() for line in data.splitlines()]


def _counted(
    report: Report, path: str, lines: Sequence[bytes], wanted: set[bytes]
) -> Counter[tuple[str, str]]:
    """How many findings of each code stand on lines with one of the wanted texts."""
    return Counter(
        (finding.code, finding.path)
        for finding in report.findings
        if finding.path == path
        and finding.span.line <= len(lines)
        and lines[finding.span.line - 1] in wanted
    )


def _by_code(report: Report, path: str) -> Counter[str]:
    return Counter(finding.code for finding in report.findings if finding.path == path)
