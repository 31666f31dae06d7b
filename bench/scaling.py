"""How time and memory grow with the size of a project, and the picture of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import Figure, Usage, exponent, measure, median, table
from neighbours import CHECK, CHECKED, Tool, binaries_of
from trees import Files, grown

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)
#: Below this the start of Python is most of the time, and says nothing about growth.
FITTED_FROM = 100_000
#: Above this one run has to do.
ONCE_FROM = 1_000_000
PLOT = Path(__file__).with_name("scaling_plot.py")
PLOTTER = Tool("plot", "draws", ("matplotlib",), ("{bin}/python", str(PLOT)))


@dataclass(frozen=True, slots=True)
class Size:
    """One project of the series: its lines, and the usages of first runs and of those after them."""

    lines: int
    first: tuple[Usage, ...]
    again: tuple[Usage, ...]


def series(tree: Path, sizes: Sequence[int], seed: int, runs: int) -> list[Size]:
    """Measure a first run and one without changes on projects of these sizes, made of `tree`."""
    return [_measured(tree, lines, seed, runs) for lines in sizes]


def _measured(tree: Path, lines: int, seed: int, runs: int) -> Size:
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        project = grown(tree, lines, seed, Path(folder).resolve() / "project")
        count = 1 if lines >= ONCE_FROM else runs
        print(f"series: {project.lines:,} lines", file=sys.stderr, flush=True)
        pairs = [_first_and_again(project, Path(folder) / "cache") for _ in range(count)]
    return Size(project.lines, tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def _first_and_again(project: Files, cache: Path) -> tuple[Usage, Usage]:
    shutil.rmtree(cache, ignore_errors=True)
    words = [word.replace("{tree}", str(project.folder)) for word in CHECK]
    words += ["--cache-dir", str(cache)]
    first = measure(words, CHECKED, project.folder)
    return first, measure(words, CHECKED, project.folder)


def exponents(sizes: Iterable[Size]) -> dict[str, float]:
    """How each figure grows with the lines, fitted from `FITTED_FROM` lines on: 1 is linear."""
    fitted = [size for size in sizes if size.lines >= FITTED_FROM]
    wanted: tuple[tuple[str, str, Figure], ...] = (
        ("CPU of a first run", "first", "cpu_seconds"),
        ("memory of a first run", "first", "peak_bytes"),
        ("CPU without changes", "again", "cpu_seconds"),
    )
    return {
        name: exponent((size.lines, median(getattr(size, which), figure)) for size in fitted)
        for name, which, figure in wanted
    }


def shown(sizes: Iterable[Size]) -> str:
    """The series as a Markdown table."""
    head = ("lines", "CPU s", "CPU ms per 1,000 lines", "wall s", "peak MB", "wall s, no changes",
            "peak MB, no changes")  # fmt: skip
    return table(head, map(_cells, sizes), numbers_from=0)


def _cells(size: Size) -> tuple[str, ...]:
    cpu = median(size.first, "cpu_seconds")
    return (
        f"{size.lines:,}", f"{cpu:.1f}", f"{1e6 * cpu / size.lines:.1f}",
        f"{median(size.first, 'wall_seconds'):.1f}", f"{median(size.first, 'peak_bytes') / 1e6:.0f}",
        f"{median(size.again, 'wall_seconds'):.2f}", f"{median(size.again, 'peak_bytes') / 1e6:.0f}",
    )  # fmt: skip


def draw(sizes: Sequence[Size], target: Path, tools_cache: Path) -> None:
    """Write the picture of the series; matplotlib runs in an environment of its own."""
    curves = {
        "lines": [size.lines for size in sizes],
        "seconds": [median(size.first, "cpu_seconds") for size in sizes],
        "again": [median(size.again, "cpu_seconds") for size in sizes],
        "megabytes": [median(size.first, "peak_bytes") / 1e6 for size in sizes],
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    python = binaries_of(PLOTTER, tools_cache) / "python"
    subprocess.run(
        [str(python), str(PLOT), str(target)], input=json.dumps(curves), text=True, check=True
    )
