"""What people run all day: a first run, one without changes, one with a changed file, the hooks.

Each scenario prepares what it needs on a tree of its own, and is measured beside its reference.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measuring import ANY_FINDINGS, Usage, in_turn, measure, median, ratio, table
from neighbours import (
    CHECK,
    CHECKED,
    FLAKE8_ALONE,
    FLAKE8_WITH_US,
    TOOLS,
    command,
    runner,
)  # fmt: skip
from releases import python_files

CACHE = ".celeryleak_cache"
HOOKS = """\
repos:
  - repo: local
    hooks:
      - {id: us, name: us, language: system, types: [python], require_serial: true, entry: %s}
      - {id: ruff, name: ruff, language: system, types: [python], require_serial: true, entry: %s}
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row: what was run beside what, and the usages of both, run by run."""

    name: str
    reference: str
    usages: tuple[Usage, ...]
    references: tuple[Usage, ...]


def scenarios(tree: Path, flaked: Path, cache: Path, runs: int) -> list[Scenario]:
    """Measure all scenarios on `tree`, those of flake8 on `flaked`; both get our cache in them."""
    ruff = runner(TOOLS[0], tree, cache)
    check = partial(measure, _words(tree), CHECKED, tree)
    everything = "Ruff, everything, no cache"
    files = changed_files(tree)
    hooks = _hooks(tree, files, cache)
    rows = [
        _beside("first run, writes its cache", partial(_first, tree), everything, ruff, runs),
        _beside("nothing has changed", check, everything, ruff, runs),
        _beside("one file has changed", partial(_changed, files[:1], check), everything, ruff, runs),
        _beside(
            "pre-commit, 3 changed files", partial(_changed, files, hooks["us"]),
            "pre-commit with Ruff, the same files", hooks["ruff"], runs,
        ),
    ]  # fmt: skip
    shutil.rmtree(flaked / CACHE, ignore_errors=True)
    measure(_words(flaked), CHECKED, flaked)
    flake8 = {tool.name: runner(tool, flaked, cache) for tool in (FLAKE8_WITH_US, FLAKE8_ALONE)}
    ours, alone = flake8.values()
    rows.append(_beside("flake8 with us, index warm", ours, "flake8 alone", alone, runs))
    return rows


def shown(rows: Sequence[Scenario]) -> str:
    """The scenarios as a Markdown table."""
    head = ("scenario", "beside", "wall s", "CPU s", "peak MB", "wall ratio", "CPU ratio")
    return table(head, map(_cells, rows), numbers_from=2)


def _cells(row: Scenario) -> tuple[str, ...]:
    return (
        row.name, row.reference,
        f"{median(row.usages, 'wall_seconds'):.2f}",
        f"{median(row.usages, 'cpu_seconds'):.2f}",
        f"{median(row.usages, 'peak_bytes') / 1e6:.0f}",
        f"{ratio(row.usages, row.references, 'wall_seconds'):.2f}",
        f"{ratio(row.usages, row.references, 'cpu_seconds'):.2f}",
    )  # fmt: skip


def _beside(
    name: str, ours: Callable[[], Usage], reference: str, theirs: Callable[[], Usage], runs: int
) -> Scenario:
    taken = in_turn({name: ours, reference: theirs}, runs)
    return Scenario(name, reference, taken[name], taken[reference])


def _words(tree: Path) -> list[str]:
    return [word.replace("{tree}", str(tree)) for word in CHECK]


def _first(tree: Path) -> Usage:
    shutil.rmtree(tree / CACHE, ignore_errors=True)
    return measure(_words(tree), CHECKED, tree)


def _changed(files: Sequence[Path], run: Callable[[], Usage]) -> Usage:
    """Run after each of the files got another statement."""
    for file in files:
        with file.open("ab") as text:
            text.write(b"\nchanged = True\n")
    return run()


def changed_files(tree: Path) -> tuple[Path, ...]:
    """Three files: those in the middle of the quarters of all files, sorted by size."""
    files = sorted(python_files(tree), key=lambda file: (file.stat().st_size, file))
    return tuple(files[len(files) * quarter // 4] for quarter in (1, 2, 3))


def _hooks(tree: Path, files: Sequence[Path], cache: Path) -> dict[str, Callable[[], Usage]]:
    """A function for each hook that has pre-commit run it on the files."""
    ruff = command(TOOLS[0], tree, cache)[:-1]
    ours = [sys.executable, "-m", "celeryleak_lint", "check", "--isolated"]
    config = tree / ".pre-commit-config.yaml"
    config.write_text(HOOKS % tuple(json.dumps(shlex.join(words)) for words in (ours, ruff)))
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    names = [file.relative_to(tree).as_posix() for file in files]
    program = [sys.executable, "-m", "pre_commit", "run"]
    return {
        hook: partial(measure, [*program, hook, "--files", *names], ANY_FINDINGS, tree)
        for hook in ("us", "ruff")
    }
