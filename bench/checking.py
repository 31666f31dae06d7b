"""Runs the checker as its users do and reads its JSON report."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "celeryleak_lint")


@dataclass(frozen=True, slots=True)
class Place:
    """Lines `first` to `last` of a file, relative to the checked folder."""

    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Reported:
    """One finding of the report: its place, and the place of each step of its trace."""

    code: str
    confidence: str
    function: str
    message: str
    place: Place
    trace: tuple[tuple[Place, str], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A finished run: findings, one line for each failure, and seconds of wall time."""

    findings: tuple[Reported, ...]
    failures: tuple[str, ...]
    seconds: float


def check(tree: Path, *, command: tuple[str, ...] = COMMAND, confidence: str = "") -> Checked:
    """Check the whole folder `tree`; raises `RuntimeError` when the checker does not report."""
    start = time.perf_counter()
    report = document(tree, "--no-cache", command=command, confidence=confidence)
    return read_report(report, time.perf_counter() - start)


def document(
    tree: Path, *options: str, command: tuple[str, ...] = COMMAND, confidence: str = ""
) -> dict[str, Any]:
    """The JSON report of a run with more options on `tree`, as it is.

    With `--fix` among the options it holds a list of what was `fixed`, too. Raises
    `RuntimeError` when the checker does not report.
    """
    words = [*command, "check", ".", "--isolated", "--exit-zero", "--output-format", "json"]
    words += ["--confidence", confidence] if confidence else []
    done = subprocess.run([*words, *options], cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2) or not done.stdout.strip():
        raise RuntimeError(f"{tree}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def fix(tree: Path) -> dict[str, Any]:
    """Let the checker edit the files of `tree` with all its fixes; returns its report."""
    return document(tree, "--fix", "--unsafe-fixes", "--no-cache")


def read_report(report: dict[str, Any], seconds: float = 0.0) -> Checked:
    """The parts of a JSON report that the benches use."""
    failures = tuple(f"{f['path']}:{f['line']}: {f['message']}" for f in report["failures"])
    return Checked(tuple(map(_reported, report["findings"])), failures, seconds)


def _reported(finding: dict[str, Any]) -> Reported:
    line = finding["line"]
    place = Place(finding["path"].removeprefix("./"), line, finding["end_line"] or line)
    trace = tuple(
        (Place(step["path"].removeprefix("./"), step["line"], step["line"]), step["note"])
        for step in finding["trace"]
    )
    return Reported(
        finding["code"], finding["confidence"], finding["function"] or "",
        finding["message"], place, trace,
    )  # fmt: skip
