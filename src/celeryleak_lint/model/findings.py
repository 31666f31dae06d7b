"""What rules suspect, what the finder confirms, and what a run reports."""

from __future__ import annotations

from typing import Literal

import msgspec

from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.remedies import Remedy
from celeryleak_lint.model.source import Span, Spot

Confidence = Literal["certain", "likely", "possible"]
Effect = Literal["never-released", "until-gc", "cost"]

#: From surest to least sure; a threshold admits itself and everything before it.
CONFIDENCES: tuple[Confidence, ...] = ("certain", "likely", "possible")


class SuspectStep(msgspec.Struct, frozen=True):
    """One step of a trace before its column is known in code points.

    ``byte_column`` counts UTF-8 bytes from 0, as ``ast`` does.
    """

    path: str
    line: int
    byte_column: int
    note: str


class Suspect(msgspec.Struct, frozen=True):
    """What a rule believes, before the finder has located it in the lossless tree.

    ``path`` is relative to the project root. ``trace`` runs from the hot root to the
    constructor. ``remedies`` are tried in their order, and ``no_fix`` says why none is
    offered when there are none. With a ``span`` the
    place is known already (deploy files, items of settings) and the finder is not asked.
    ``excuses`` pairs lines of ``path`` with codes of other linters: where a comment names
    one of them, its author has judged the same thing already, and nothing is reported.
    """

    code: str
    path: str
    spot: Spot
    message: str
    confidence: Confidence
    resource: str
    effect: Effect | None
    trace: tuple[SuspectStep, ...] = ()
    no_fix: str | None = None
    span: Span | None = None
    excuses: tuple[tuple[int, str], ...] = ()
    remedies: tuple[Remedy, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """One step of a finding's trace; line and column count from 1, columns in code points."""

    path: str
    line: int
    column: int
    note: str


class Finding(msgspec.Struct, frozen=True):
    """One confirmed finding; ``rule`` is the slug of its code, ``path`` is relative to the project root.

    ``function`` is the qualified name inside the module, empty at module level.
    ``fingerprint`` is stable when lines move: see ``model.fingerprint``. ``construct`` is
    the normalised text of what is reported.
    """

    code: str
    rule: str
    message: str
    path: str
    span: Span
    function: str
    resource: str
    effect: Effect | None
    confidence: Confidence
    trace: tuple[Step, ...]
    fix: Fix | None
    no_fix: str | None
    fingerprint: str
    construct: str = ""


class Failure(msgspec.Struct, frozen=True):
    """Something the run could not do, as one line; ``path`` is empty when no file is to blame."""

    path: str
    line: int
    column: int
    message: str
    code: str = "CLK901"


class Report(msgspec.Struct, frozen=True):
    """All a run has to say. ``suppressed`` findings are counted, never lost.

    ``files`` and ``lines`` count what was read; ``stages`` gives seconds of wall time by
    stage name, in order. ``accepted`` are findings that a baseline or a base revision knows;
    it is ``None`` when the run was compared with neither. ``fixed`` are findings that were
    fixed before this report was made, as they were then; ``None`` when nothing was to be fixed.
    """

    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    suppressed: tuple[Finding, ...]
    files: int
    lines: int
    stages: tuple[tuple[str, float], ...] = ()
    accepted: tuple[Finding, ...] | None = None
    fixed: tuple[Finding, ...] | None = None
