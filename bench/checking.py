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
    words = [*command, "check", ".", "--output-format", "json", "--no-cache", "--exit-zero"]
    words += ["--isolated"]
    words += ["--confidence", confidence] if confidence else []
    start = time.perf_counter()
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 2) or not done.stdout.strip():
        raise RuntimeError(f"{tree}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return read_report(json.loads(done.stdout), seconds)


def fix(tree: Path, *, unsafe: bool, command: tuple[str, ...] = COMMAND) -> str:
    """Let the checker edit the files of `tree`, and return what it prints about that.

    Each project's own configuration holds. Raises `RuntimeError` when it fails.
    """
    words = [*command, "check", ".", "--fix", "--no-cache", "--exit-zero"]
    words += ["--unsafe-fixes"] if unsafe else []
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{tree}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout + done.stderr


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
