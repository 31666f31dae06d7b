"""One run over facts: summaries are linked, rules query them, the finder confirms, the report is filtered.

Gets readers and summaries as arguments: it opens no file and starts no process.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.config import Config
from celeryleak_lint.excuses import unused_suppressions
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.deploy import DeployFacts, joined
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure, Finding, Report, Step, Suspect, SuspectStep
from celeryleak_lint.model.fingerprint import fingerprint, normalised
from celeryleak_lint.model.source import Scope, Span, Spot
from celeryleak_lint.rules import RULES, Rule
from celeryleak_lint.standing.ground import packed_ground
from celeryleak_lint.suppressions import (
    Suppressions,
    physical_lines,
    read_line_suppressions,
    read_suppressions,
)

if TYPE_CHECKING:
    from celeryleak_lint.fixes.offers import Offers

Read = Callable[[str], bytes]
Summaries = Iterable[ModuleSummary | Failure]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


@dataclass(slots=True)
class _Run:
    """What is collected while one run proceeds."""

    scope: Scope
    config: Config
    read: Read
    failures: list[Failure] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)
    data: dict[str, bytes] = field(default_factory=dict)
    raised: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    unexcused: set[str] = field(default_factory=set)
    offers: Offers | None = None

    def bytes_of(self, path: str) -> bytes:
        """A file's bytes, read once; empty when it can no longer be read."""
        if path not in self.data:
            try:
                self.data[path] = self.read(path)
            except OSError as error:
                self.data[path] = b""
                message = f"cannot be read: {error.strerror or type(error).__name__}"
                self.failures.append(Failure(path, 1, 1, message))
        return self.data[path]


def analyse(
    scope: Scope, *, config: Config, catalog: Catalog, read: Read, summaries: Summaries,
    unlisted: Sequence[Failure] = (), with_fixes: bool = False,
    learn: Callable[[bytes | None, frozenset[str]], None] | None = None,
) -> Report:  # fmt: skip
    """Check a project. ``read`` gives a file's bytes by its path relative to the root.

    ``unlisted`` is what is missing in the scope; it is not repeated in the report. With
    ``with_fixes`` each finding carries its fix, or the reason why there is none. ``learn`` is
    told what the report rests on, encoded for ``still_stands``, and the paths of the files
    that it may speak of. Raises nothing of its own: whatever one file or one rule does wrong
    becomes a failure.
    """
    run = _Run(scope, config, read)
    started = time.perf_counter()
    readable = _collect(run, summaries)
    files, lines = len(readable), sum(summary.lines for summary in readable)
    extracted = time.perf_counter()
    hears_doubts = config.confidence == "possible"
    project = Project(readable, catalog, _deployment(run), hears_doubts=hears_doubts)
    linked = time.perf_counter()
    suspects = _suspects(run, project)
    if with_fixes and suspects:
        run.offers = _offers(run, catalog)
    told = _spoken_of(suspects) | project.renamed
    ground = packed_ground(project) if learn is not None else None
    # nobody asks the project again, and libcst needs memory, too
    del project, readable
    judged = time.perf_counter()
    findings, suppressed = _confirmed(run, suspects)
    located = time.perf_counter()
    if not any(config.admits(failure.code, failure.path) for failure in (*unlisted, *run.failures)):
        _judge_comments(run, findings, suppressed)
    if learn is not None:
        failed = {failure.path for failure in run.failures}
        learn(None if "" in failed else ground, told | failed)
    run.stages += [
        ("extract", extracted - started),
        ("link", linked - extracted),
        ("rules", judged - linked),
        ("find", located - judged),
        ("comments", time.perf_counter() - located),
    ]
    return Report(
        findings=tuple(findings),
        failures=tuple(dict.fromkeys(run.failures)),
        suppressed=tuple(suppressed),
        files=files,
        lines=lines,
        stages=tuple(run.stages),
    )


def _offers(run: _Run, catalog: Catalog) -> Offers:
    from celeryleak_lint.fixes.offers import Offers
    from celeryleak_lint.fixes.place import Style

    style = Style(run.config.memoizer, catalog.tables.vocabulary)
    return Offers(style, run.bytes_of, run.failures)


def _collect(run: _Run, summaries: Summaries) -> list[ModuleSummary]:
    readable: list[ModuleSummary] = []
    for summary in summaries:
        if isinstance(summary, Failure):
            run.failures.append(summary)
        else:
            readable.append(summary)
            if not summary.is_excused:
                run.unexcused.add(summary.path)
    return readable


def _deployment(run: _Run) -> DeployFacts:
    """What the deploy and lock files say; those under test folders deploy nothing."""
    if not run.scope.deploy:
        return DeployFacts()
    from celeryleak_lint.catalog.leaks import distributions
    from celeryleak_lint.deploy.reading import read

    wanted = distributions()
    parts: list[DeployFacts] = []
    for path in run.scope.deploy:
        try:
            part = read(path, run.read(path), wanted=wanted)
        except OSError:
            continue  # a link without a target, a file too large: nobody asked to deploy it
        parts.append(part)
        run.failures += part.failures
    return joined(parts)


def _spoken_of(suspects: Sequence[Suspect]) -> frozenset[str]:
    """The files in which something is suspected, or that a trace leads through."""
    steps = {step.path for suspect in suspects for step in suspect.trace}
    return frozenset({suspect.path for suspect in suspects} | steps)


# -- rules ---------------------------------------------------------------------------------


def _suspects(run: _Run, project: Project) -> list[Suspect]:
    """What the selected rules suspect and the user wants to hear about."""
    found: dict[tuple[str, str, object], Suspect] = {}
    for rule in RULES:
        if not run.config.selects(rule.code):
            continue
        for suspect in _checked(run, rule, project):
            line = suspect.span.line if suspect.span else suspect.spot.line
            run.raised[suspect.path, line].add(suspect.code)
            if run.config.admits(suspect.code, suspect.path, suspect.confidence):
                if _is_reported(run.scope, suspect):
                    found.setdefault((suspect.code, suspect.path, suspect.spot), suspect)
    return sorted(found.values(), key=lambda s: (s.path, s.spot.line, s.spot.ordinal, s.code))


def _checked(run: _Run, rule: Rule, project: Project) -> Sequence[Suspect]:
    """A rule that breaks is one failure; the other rules go on."""
    try:
        return tuple(rule.check(project))
    except Exception as error:  # noqa: BLE001  the one broad handler: a bug must not hide the rest
        message = f"internal error in {rule.code}: {type(error).__name__}: {_first_line(error)}"
        run.failures.append(Failure("", 1, 1, f"{message}; please report it"))
        return ()


def _is_reported(scope: Scope, suspect: Suspect) -> bool:
    """A finding is in when its place or any step of its trace is."""
    if scope.reported is None or suspect.path in scope.reported:
        return True
    return any(step.path in scope.reported for step in suspect.trace)


# -- finder --------------------------------------------------------------------------------


def _confirmed(run: _Run, suspects: Sequence[Suspect]) -> tuple[list[Finding], list[Finding]]:
    """Locate suspects in the lossless tree; split what comments switch off."""
    if not suspects:
        return [], []
    by_path: dict[str, list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        by_path[suspect.path].append(suspect)
    findings: list[Finding] = []
    suppressed: list[Finding] = []
    ordinals: Counter[tuple[str, ...]] = Counter()
    for path, group in by_path.items():
        data = run.bytes_of(path)
        if not data:
            continue
        spans = _located(run, path, data, [s for s in group if s.span is None])
        switched_off = _suppressions(run, path, data)
        for suspect in group:
            span = suspect.span or spans.get(suspect.spot)
            if span is None or any(switched_off.names(*excuse) for excuse in suspect.excuses):
                continue
            finding = _finding(run, suspect, span, ordinals)
            if _is_off(switched_off, finding):
                suppressed.append(finding)
            else:
                findings.append(run.offers.on(finding, suspect) if run.offers else finding)
    findings.sort(key=_place)
    return findings, suppressed


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.span.line, finding.span.column, finding.code


def _judge_comments(run: _Run, findings: list[Finding], suppressed: list[Finding]) -> None:
    """Add comments that excuse nothing; while anything went unread, nobody could know that."""
    unused = unused_suppressions(
        run.scope, config=run.config, read=run.read, raised=run.raised, unexcused=run.unexcused
    )
    for finding in unused:
        switched_off = _suppressions(run, finding.path, run.bytes_of(finding.path))
        (suppressed if _is_off(switched_off, finding) else findings).append(finding)
    findings.sort(key=_place)


def _located(run: _Run, path: str, data: bytes, group: Sequence[Suspect]) -> dict[Spot, Span]:
    """The ranges of the spots the visitor has found; each it has not is a failure, never silence."""
    if not group:
        return {}
    from celeryleak_lint.cst.locate import locate

    located = locate(data, list(dict.fromkeys(suspect.spot for suspect in group)))
    for missing in located.unplaced:
        codes = sorted({suspect.code for suspect in group if suspect.spot in missing.spots})
        message = f"{', '.join(codes)} suspected but could not be placed: {missing.reason}"
        run.failures.append(Failure(path, missing.line, 1, message))
    return {found.spot: found.span for found in located.placed}


def _suppressions(run: _Run, path: str, data: bytes) -> Suppressions:
    return read_line_suppressions(data) if path in run.scope.deploy else read_suppressions(data)


def _is_off(suppressions: Suppressions, finding: Finding) -> bool:
    return suppressions.covers(finding.span.line, finding.code)


def _finding(
    run: _Run, suspect: Suspect, span: Span, ordinals: Counter[tuple[str, ...]]
) -> Finding:
    function = suspect.spot.function
    construct = _construct(run, suspect, span)
    equal = (suspect.code, suspect.path, function, construct)
    ordinals[equal] += 1
    mark = fingerprint(
        code=suspect.code, path=suspect.path, function=function,
        construct=construct, ordinal=ordinals[equal],
    )  # fmt: skip
    return Finding(
        code=suspect.code,
        rule=_SLUGS[suspect.code],
        message=suspect.message,
        path=suspect.path,
        span=span,
        function=function,
        resource=suspect.resource.rpartition("/")[
            2
        ],  # a root in front only tells equal names apart
        effect=suspect.effect,
        confidence=suspect.confidence,
        trace=tuple(_step(run, step) for step in suspect.trace),
        fix=None,
        no_fix=suspect.no_fix,
        fingerprint=mark,
        construct=construct,
    )


def _construct(run: _Run, suspect: Suspect, span: Span) -> str:
    """What is reported, as text that survives formatting; a definition goes by its name."""
    kind, name = suspect.spot.kind, suspect.spot.name
    if kind in ("def", "class", "text"):
        return f"{kind} {name}"
    lines = physical_lines(run.bytes_of(suspect.path))[span.line - 1 : span.end_line]
    if not lines:
        return f"{kind} {name}"
    # from the end first: on a single line both columns count in the same text
    text = "".join((*lines[:-1], lines[-1][: span.end_column - 1]))
    return normalised(text[span.column - 1 :])


_SLUGS = {rule.code: rule.slug for rule in RULES}


def _step(run: _Run, step: SuspectStep) -> Step:
    return Step(step.path, step.line, 1 + _code_points(run, step), step.note)


def _code_points(run: _Run, step: SuspectStep) -> int:
    """A byte column as code points; only lines that are not plain ASCII make a difference."""
    data = run.bytes_of(step.path)
    if step.byte_column == 0 or data.isascii():
        return step.byte_column
    # ast counts the bytes of UTF-8 whatever the encoding of the file is
    line = physical_lines(data)[step.line - 1 : step.line]
    return len("".join(line).encode()[: step.byte_column].decode("utf-8", "replace"))


# -- why -----------------------------------------------------------------------------------


def explain(
    scope: Scope, *, config: Config, catalog: Catalog, read: Read, summaries: Summaries,
    path: str, line: int, shown: Callable[[str], str],
) -> tuple[str, ...] | Failure:  # fmt: skip
    """What is known about a line: its function's heat and the builds on it, as lines of text.

    ``shown`` makes of a path in the project what the user is to see.
    The failure when the file at ``path``, which is in the scope, could not be read.
    """
    from celeryleak_lint.explanation import explanation

    run = _Run(scope, config, read)
    readable = _collect(run, summaries)
    for failure in run.failures:
        if failure.path == path:
            return failure
    return explanation(Project(readable, catalog), path, line, shown)
