"""Measuring: real processes, made-up figures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from environments import pins_of
from speed import (  # fmt: skip
    BASELINE,
    OURS,
    REQUIREMENTS,
    TOOLS,
    Files,
    Measured,
    Usage,
    measure,
    run,
    sample,
    table,
)


def test_cpu_time_of_grandchildren_counts(tmp_path: Path) -> None:
    work = "n = 0\nfor i in range(6_000_000): n += i"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    idle = measure([sys.executable, "-c", "pass"], frozenset({0}), tmp_path)
    busy = measure([sys.executable, "-c", script], frozenset({0}), tmp_path)
    assert busy.cpu_seconds > idle.cpu_seconds + 0.1
    assert busy.peak_bytes > 1_000_000


def test_a_failed_tool_is_no_measurement(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "raise SystemExit('no such option')"]
    with pytest.raises(RuntimeError, match="exit code 1\nno such option"):
        measure(words, frozenset({0}), tmp_path)


def test_the_baseline_parses_a_tree_with_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "bad.py").write_text("x =\n")
    assert run(BASELINE, Files(tmp_path, "all", 2), tmp_path, 2).cpu_seconds > 0


def test_a_sample_holds_enough_lines_and_keeps_its_paths(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / "tree" / f"p{number}" / "m.py"
        path.parent.mkdir(parents=True)
        path.write_text("x = 1\n" * 10)
    part = sample(tmp_path / "tree", 25, 1, tmp_path / "part")
    again = sample(tmp_path / "tree", 25, 1, tmp_path / "again")
    assert part.lines == 30
    assert part.name == "sample of 3 files"
    copied = sorted(p.relative_to(tmp_path / "part") for p in part.folder.rglob("*.py"))
    assert copied == sorted(p.relative_to(tmp_path / "again") for p in again.folder.rglob("*.py"))
    assert all((tmp_path / "tree" / path).exists() for path in copied)


def test_the_table_shows_ratios_on_the_same_files() -> None:
    files = Files(Path(), "everything", 2000)
    row = Measured(TOOLS[0], files, Usage(1.0, 50_000_000), Usage(0.5, 1), Usage(2.0, 1))
    cells = table([row]).split("\n")[2]
    assert cells == "| ruff | B006, B019, SIM115 | everything | 2,000 | 500.0 | 2.0 | 0.50 | 50 |"


def test_every_neighbour_is_pinned() -> None:
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    assert {name for tool in TOOLS for name in tool.installs} == set(pins)
    assert all("==" in pin for pin in pins.values())
    assert OURS.installs == BASELINE.installs == ()
