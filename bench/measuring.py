"""Measures whole processes and compares them; knows nothing about linters.

CPU time is user plus system time of a process with all its children, start-up included. Peak
memory is the resident size of its largest single process. What is compared runs in turn, A B A B,
so that other work on the machine meets all of them; medians count, and ratios are medians of
the ratios of neighbouring runs.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Figure = Literal["cpu_seconds", "wall_seconds", "peak_bytes"]
ANY_FINDINGS = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run cost: seconds of CPU and of the clock, and bytes of memory."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: float


def measure(words: Sequence[str], exit_codes: frozenset[int], cwd: Path) -> Usage:
    """Run a command to its end; raises `RuntimeError` for an exit code that is not fine."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=cwd, env=_environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in exit_codes:
            errors.seek(0)
            tail = errors.read().decode("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{words[0]}: exit code {process.returncode}\n{tail}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit)


def _environment() -> dict[str, str]:
    """Ours, in which Python may keep what it has compiled: programs are compiled once."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def in_turn(commands: Mapping[str, Callable[[], Usage]], runs: int) -> dict[str, tuple[Usage, ...]]:
    """Run all commands one after the other, `runs` times; the usages of each in that order."""
    taken: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(runs):
        for name, command in commands.items():
            print(f"run {number + 1} of {runs}: {name}", file=sys.stderr, flush=True)
            taken[name].append(command())
    return {name: tuple(usages) for name, usages in taken.items()}


def median(usages: Iterable[Usage], figure: Figure) -> float:
    """The median of one figure."""
    return statistics.median(getattr(usage, figure) for usage in usages)


def ratio(ours: Sequence[Usage], theirs: Sequence[Usage], figure: Figure) -> float:
    """How many times more the first needs than the second, run by run, and the median of that.

    Raises `ValueError` when they did not run equally often.
    """
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(getattr(a, figure) / getattr(b, figure) for a, b in pairs)


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """The `b` of `y = a * x**b` that fits best: 1 is linear, 2 quadratic.

    Least squares on logarithms; raises `statistics.StatisticsError` for fewer than two sizes.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points]
    slope = statistics.linear_regression([x for x, _ in logs], [y for _, y in logs]).slope
    return float(slope)


def row(cells: Iterable[object]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers_from: int) -> str:
    """A Markdown table; columns from `numbers_from` on are aligned as numbers."""
    rule = ["---" if place < numbers_from else "---:" for place in range(len(head))]
    return "\n".join([row(head), row(rule), *map(row, rows)])
