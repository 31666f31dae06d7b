"""Measuring: real processes, made-up figures, and the page that was written from real ones."""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from pathlib import Path

import pytest
import scaling
import scenarios
import speed
from environments import pins_of
from measuring import Usage, exponent, in_turn, measure, median, ratio, table
from neighbours import (  # fmt: skip
    BASELINE,
    FLAKE8_ALONE,
    FLAKE8_WITH_US,
    OURS,
    REQUIREMENTS,
    TOOLS,
    command,
    runner,
)
from trees import Files, grown, sample, together, top_packages

from tests.projects import LEAKY_TASK, written


def usage(cpu: float, wall: float = 1.0, peak: float = 1e6) -> Usage:
    return Usage(cpu, wall, peak)


def test_cpu_time_of_grandchildren_counts(tmp_path: Path) -> None:
    work = "n = 0\nfor i in range(6_000_000): n += i"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    idle = measure([sys.executable, "-c", "pass"], frozenset({0}), tmp_path)
    busy = measure([sys.executable, "-c", script], frozenset({0}), tmp_path)
    assert busy.cpu_seconds > idle.cpu_seconds + 0.1
    assert busy.peak_bytes > 1_000_000


def test_the_clock_counts_what_costs_no_cpu(tmp_path: Path) -> None:
    asleep = measure([sys.executable, "-c", "import time; time.sleep(1)"], frozenset({0}), tmp_path)
    assert asleep.wall_seconds > 1 > asleep.cpu_seconds


def test_a_failed_tool_is_no_measurement(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "raise SystemExit('no such option')"]
    with pytest.raises(RuntimeError, match="exit code 1\nno such option"):
        measure(words, frozenset({0}), tmp_path)


def test_commands_run_in_turn() -> None:
    order: list[str] = []

    def run(name: str) -> Usage:
        order.append(name)
        return usage(len(order))

    taken = in_turn({"a": lambda: run("a"), "b": lambda: run("b")}, 3)
    assert order == ["a", "b"] * 3
    assert taken == {"a": (usage(1), usage(3), usage(5)), "b": (usage(2), usage(4), usage(6))}


def test_one_slow_run_moves_neither_median_nor_ratio() -> None:
    ours = (usage(2.0), usage(90.0), usage(2.2))
    theirs = (usage(1.0), usage(1.0), usage(1.0))
    assert median(ours, "cpu_seconds") == 2.2
    assert ratio(ours, theirs, "cpu_seconds") == 2.2


def test_a_ratio_compares_what_ran_at_the_same_time() -> None:
    # the machine became ten times slower, which meets both
    ours, theirs = (usage(2.0), usage(20.0)), (usage(1.0), usage(10.0))
    assert ratio(ours, theirs, "cpu_seconds") == 2.0
    with pytest.raises(ValueError, match="shorter"):
        ratio(ours, theirs[:1], "cpu_seconds")


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_is_that_of_the_curve(power: float) -> None:
    assert exponent((x, 7.0 * x**power) for x in (10, 100, 3000)) == pytest.approx(power)


def test_a_table_aligns_its_numbers() -> None:
    assert table(("a", "b"), [("x", 1)], 1) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_the_baseline_parses_a_tree_with_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "bad.py").write_text("x =\n")
    assert runner(BASELINE, tmp_path, tmp_path)().cpu_seconds > 0


def test_a_sample_holds_enough_lines_and_keeps_its_paths(tmp_path: Path) -> None:
    tree = written(tmp_path / "tree", {f"p{n}/m.py": "x = 1\n" * 10 for n in range(10)})
    part = sample(tree, 25, 1, tmp_path / "part")
    again = sample(tree, 25, 1, tmp_path / "again")
    assert part.lines == 30
    assert part.name == "sample of 3 files"
    copied = sorted(p.relative_to(tmp_path / "part") for p in part.folder.rglob("*.py"))
    assert copied == sorted(p.relative_to(tmp_path / "again") for p in again.folder.rglob("*.py"))
    assert all((tree / path).exists() for path in copied)


def test_releases_lie_beside_each_other(tmp_path: Path) -> None:
    one = written(tmp_path / "one", {"a/x.py": "x = 1\n", "a-1.dist-info/METADATA": "no code\n"})
    two = written(tmp_path / "two", {"b/y.py": "y = 1\ny = 2\n"})
    both = together([one, two], tmp_path / "both")
    assert both.lines == 3
    assert top_packages(both.folder) == ("a", "b")


def test_a_project_grows_by_copies_with_other_names(tmp_path: Path) -> None:
    text = "import shop.util\nfrom shop.util import make\nimport shopping\n# 4\n"
    tree = written(tmp_path / "tree", {"shop/a.py": text, "shop/util.py": "1\n2\n3\n4\n"})
    small = grown(tree, 3, 1, tmp_path / "small")
    large = grown(tree, 20, 1, tmp_path / "large")
    assert (small.lines, large.lines) == (4, 20)
    assert large.name == "5 files"
    assert top_packages(large.folder) == ("shop", "shop_1", "shop_2")
    assert (large.folder / "shop" / "a.py").read_text() == text
    copy = (large.folder / "shop_1" / "a.py").read_text()
    assert copy == text.replace("shop.", "shop_1.")
    with pytest.raises(FileNotFoundError, match="no Python file in"):
        grown(tmp_path / "nothing", 1, 1, tmp_path / "none")


def test_flake8_alone_knows_nothing_of_us_and_with_us_it_does(tmp_path: Path) -> None:
    for tool, lines in ((FLAKE8_ALONE, 0), (FLAKE8_WITH_US, 1)):
        folder = written(tmp_path / tool.name.replace(" ", ""), {"jobs.py": LEAKY_TASK})
        found = folder.with_suffix(".txt")
        words = [*command(tool, folder, tmp_path), "--output-file", str(found)]
        measure(words, tool.exit_codes, folder)
        text = found.read_text() if found.exists() else ""
        assert text.count("CLK101") == lines


def test_the_table_shows_ratios_on_the_same_files() -> None:
    files = Files(Path(), "everything", 2000)
    usages = {
        BASELINE.name: (usage(0.5), usage(0.5)),
        OURS.name: (usage(2.0, 4.0), usage(2.0, 4.0)),
        "ruff": (usage(1.0, 1.0, 50e6), usage(1.0, 1.0, 70e6)),
    }
    shown = speed.compared_table([speed.Compared(files, (TOOLS[0],), usages)])
    assert shown.split("\n")[2] == (
        "| ruff | B006, B019, SIM115, no cache | everything | 2,000 | 500.0 | 2.00 | 0.50 | 0.25 "
        "| 60 |"
    )


def test_tools_that_take_long_share_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = written(tmp_path / "tree", {f"m{n}.py": "x = 1\n" * 100 for n in range(200)})
    seen = []

    def compare(tools: list[speed.Tool], files: Files, *_: object) -> None:
        seen.append(([tool.name for tool in tools], files.lines))

    monkeypatch.setattr(speed, "compare", compare)
    options = Namespace(seed=1, tools_cache=tmp_path, runs=1)
    speed.comparisons(TOOLS, Files(tree, "everything", 20_000), options)
    assert seen == [
        (["ruff", "pythaw"], 20_000),
        (["flake8", "flake8-bugbear"], 20_000),
        (["pylint", "fixit"], 10_000),
    ]


def test_scenarios_change_files_and_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"m{number}.py": "x = 1\n" * number for number in range(1, 9)}
    tree = written(tmp_path / "tree", files)
    flaked = written(tmp_path / "flaked", {"jobs.py": LEAKY_TASK})
    ruff = speed.Tool(
        "ruff", "", (), (sys.executable, "-m", "ruff", "check", "--isolated", "{tree}")
    )
    monkeypatch.setattr(scenarios, "TOOLS", (ruff,))
    rows = scenarios.scenarios(tree, flaked, tmp_path, 2)
    assert [len(row.usages) == len(row.references) == 2 for row in rows] == [True] * 5
    lengths = {name: (tree / name).read_text().count("changed = True") for name in files}
    assert {name: count for name, count in lengths.items() if count} == {
        "m3.py": 4, "m5.py": 2, "m7.py": 2,
    }  # fmt: skip
    assert (tree / scenarios.CACHE).is_dir()
    assert scenarios.shown(rows).count("\n") == 6


def test_a_scenario_shows_medians_and_ratios() -> None:
    row = scenarios.Scenario(
        "again", "Ruff", (usage(3.0, 2.0, 5e6), usage(3.0, 2.0, 5e6)), (usage(1.0), usage(2.0))
    )
    assert scenarios.shown([row]).split("\n")[2] == (
        "| again | Ruff | 2.00 | 3.00 | 5 | 2.00 | 2.25 |"
    )


def test_a_series_is_measured_and_fitted(tmp_path: Path) -> None:
    tree = written(tmp_path / "tree", {"shop/jobs.py": LEAKY_TASK})
    (size,) = scaling.series(tree, [40], 1, 2)
    assert size.lines == 40
    assert [len(size.first), len(size.again)] == [2, 2]
    linear = [
        scaling.Size(n, (usage(n * 2, 1, n**0.5),), (usage(n * n),))
        for n in (10, scaling.FITTED_FROM, 10 * scaling.FITTED_FROM)
    ]
    assert scaling.exponents(linear) == pytest.approx(
        {"CPU of a first run": 1.0, "memory of a first run": 0.5, "CPU without changes": 2.0}
    )


def test_every_neighbour_is_pinned() -> None:
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    tools = (*TOOLS, scaling.PLOTTER)
    assert {name for tool in tools for name in tool.installs} == set(pins)
    assert all("==" in pin for pin in pins.values())
    assert OURS.installs == BASELINE.installs == ()


def test_the_page_is_written_by_the_template_and_the_pins_of_today() -> None:
    text = speed.PAGE.read_text(encoding="utf-8")
    for piece in re.split(r"\{\w+\}", speed.TEMPLATE):
        assert piece in text, "run python bench/speed.py --reference"
    for pin in speed.neighbour_pins():
        assert pin.replace("==", " ") in text, f"{pin} was not measured"
    assert speed.PICTURE.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--reference", "--tools", "ruff"], "`--reference` measures all tools"),
        (["--tree", ".", "--runs", "0"], "expected at least 1"),
        (["--tree", ".", "--tools", "ruf"], "unknown tools: ruf; known are ruff,"),
        (["--tree", ".", "--reference"], "not allowed with argument"),
    ],
)
def test_options_that_make_no_sense(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        speed.main(arguments)
    assert told in capsys.readouterr().err


def test_curves_are_drawn_where_there_is_matplotlib(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    import subprocess

    curves = {"lines": [1e4, 1e5], "seconds": [1, 9], "again": [1, 2], "megabytes": [40, 90]}
    target = tmp_path / "picture.png"
    subprocess.run(
        [sys.executable, str(scaling.PLOT), str(target)], input=json.dumps(curves), text=True,
        check=True,
    )  # fmt: skip
    assert target.read_bytes().startswith(b"\x89PNG")
