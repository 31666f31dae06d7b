"""Measures celeryleak-lint beside its neighbours, on the same files, in one run.

    python bench/speed.py --package litellm==1.109.1
    python bench/speed.py --tree src --tools ruff,flake8 --runs 3
    python bench/speed.py --reference

The first two print a table. `--reference` takes four large releases together, adds what people
run all day and a series of sizes up to 3 million lines, and writes docs/benchmarks.md.
Seconds differ between machines; what may be compared are ratios. Tools that take long get a
sample of the files, and so do the references of their rows. measuring.py says what is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import scaling
import scenarios
from environments import pins_of
from measuring import Usage, in_turn, median, ratio, table
from neighbours import BASELINE, DEFAULT_TOOLS_CACHE, OURS, REQUIREMENTS, TOOLS, Tool, runner
from releases import DEFAULT_CACHE, line_count, pinned, python_files, unpacked
from trees import Files, sample, together

import celeryleak_lint

REFERENCE = (
    ("litellm", "1.109.1"),
    ("mlflow", "3.18.0"),
    ("langchain_community", "0.4.2"),
    ("apache-airflow-core", "3.3.2"),
)
FLAKED = REFERENCE[3]
DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURE = DOCS / "benchmarks.md", DOCS / "pictures" / "scaling.png"


@dataclass(frozen=True, slots=True)
class Compared:
    """Tools on the same files: the usages of each, run by run, ours and `ast.parse` among them."""

    files: Files
    tools: tuple[Tool, ...]
    usages: dict[str, tuple[Usage, ...]]


def compare(tools: Sequence[Tool], files: Files, cache: Path, runs: int) -> Compared:
    """Measure the two references and every tool on the same files, in turn."""
    everyone = (BASELINE, OURS, *tools)
    commands = {tool.name: runner(tool, files.folder, cache) for tool in everyone}
    return Compared(files, everyone, in_turn(commands, runs))


def comparisons(tools: Sequence[Tool], tree: Files, options: argparse.Namespace) -> list[Compared]:
    """All tools: those that see everything, and those that see a sample of the same size."""
    found = []
    for most in dict.fromkeys(tool.most for tool in tools) or (None,):
        group = [tool for tool in tools if tool.most == most]
        with tempfile.TemporaryDirectory(prefix="sample-") as folder:
            files = tree
            if most is not None and most < tree.lines:
                files = sample(tree.folder, most, options.seed, Path(folder).resolve())
            found.append(compare(group, files, options.tools_cache, options.runs))
    return found


def compared_table(groups: Iterable[Compared]) -> str:
    """The comparisons as one Markdown table."""
    head = ("tool", "runs", "on", "lines", "CPU ms per 1,000 lines", "CPU x `ast.parse`",
            "CPU x celeryleak-lint", "wall x celeryleak-lint", "peak MB")  # fmt: skip
    return table(head, (_cells(g, tool) for g in groups for tool in g.tools), numbers_from=3)


def _cells(group: Compared, tool: Tool) -> tuple[str, ...]:
    usages = group.usages[tool.name]
    ours, parsing = group.usages[OURS.name], group.usages[BASELINE.name]
    lines = max(1, group.files.lines)
    return (
        tool.name, tool.what, group.files.name, f"{group.files.lines:,}",
        f"{1e6 * median(usages, 'cpu_seconds') / lines:.1f}",
        f"{ratio(usages, parsing, 'cpu_seconds'):.2f}",
        f"{ratio(usages, ours, 'cpu_seconds'):.2f}",
        f"{ratio(usages, ours, 'wall_seconds'):.2f}",
        f"{median(usages, 'peak_bytes') / 1e6:.0f}",
    )  # fmt: skip


def reference(options: argparse.Namespace) -> str:
    """Measure everything and give the page; the picture is written beside it."""
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        top = Path(folder).resolve()
        trees = [unpacked(name, version, options.cache) for name, version in REFERENCE]
        tree = together(trees, top / "together")
        flaked = together([unpacked(*FLAKED, options.cache)], top / "flaked")
        groups = comparisons(TOOLS, tree, options)
        rows = scenarios.scenarios(tree.folder, flaked.folder, options.tools_cache, options.runs)
        shutil.rmtree(tree.folder / ".git")
        sizes = scaling.series(tree.folder, scaling.SIZES, options.seed, options.runs)
    scaling.draw(sizes, PICTURE, options.tools_cache)
    return page(groups, rows, sizes, flaked)


def page(
    groups: Sequence[Compared],
    rows: Sequence[scenarios.Scenario],
    sizes: Sequence[scaling.Size],
    flaked: Files,
) -> str:
    """The page of figures."""
    releases = ", ".join(f"{name} {version}" for name, version in REFERENCE)
    fits = "\n".join(
        f"- {name}: lines to the power of {power:.2f}"
        for name, power in scaling.exponents(sizes).items()
    )
    return TEMPLATE.format(
        releases=releases,
        lines=f"{groups[0].files.lines:,}",
        machine=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        us=celeryleak_lint.__version__,
        pins=", ".join(pin.replace("==", " ") for pin in neighbour_pins()),
        compared=compared_table(groups),
        scenarios=scenarios.shown(rows),
        flaked=f"{FLAKED[0]} {FLAKED[1]} ({flaked.lines:,} lines)",
        series=scaling.shown(sizes),
        fitted_from=f"{scaling.FITTED_FROM:,}",
        fits=fits,
    )


def neighbour_pins() -> tuple[str, ...]:
    """The releases that are measured beside ours."""
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(pins[name] for tool in TOOLS for name in tool.installs))


TEMPLATE = """\
# Benchmarks

<!-- Written by bench/speed.py; run it instead of changing this. -->

Every figure on this page was measured in one run of

```console
$ python bench/speed.py --reference
```

on {releases} together: {lines} lines.

The machine: {machine}, {python}; celeryleak-lint {us} beside {pins}.
It did other work at the same time, so seconds say little; what was compared ran in turn, and ratios are medians over the pairs of neighbouring runs.

CPU is the user and system time of a command with all its processes, start-up included; memory is that of its largest process.

## Beside other linters

{compared}

Tools that take long get random files of the same releases, and so do the references above them; on few lines the start of a tool weighs more.
celeryleak-lint and Ruff use all cores, the others one.

## What is run all day

{scenarios}

The ratios are those to the command named under *beside*, which ran in turn.
A changed file got another statement before each run.
pre-commit runs each hook alone, with the program that is installed already.
flake8 was measured on {flaked}.

## With the size of a project

Folders of the same releases in random order, as many as it takes; above their size copies of them with other package names.

{series}

![CPU seconds and memory against lines, both axes logarithmic](pictures/scaling.png)

Fitted from {fitted_from} lines on, where the start of Python no longer is most of it (1 is linear, 2 quadratic):

{fits}
"""


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = ",".join(tool.name for tool in TOOLS)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tree", type=Path, help="a folder of Python files")
    where.add_argument("--package", type=pinned, metavar="NAME==VERSION")
    where.add_argument("--reference", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--tools", help=f"separated by commas (default: {names})")
    parser.add_argument("--seed", type=int, default=1, help="of the samples")
    parser.add_argument("--runs", type=int, default=3, help="of each command; medians count")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    parser.add_argument("--tools-cache", type=Path, default=DEFAULT_TOOLS_CACHE)
    options = parser.parse_args(arguments)
    if options.reference and options.tools is not None:
        parser.error("`--reference` measures all tools, so `--tools` has no use")
    if options.runs < 1:
        parser.error(f"`--runs {options.runs}`: expected at least 1")
    unknown = set(filter(None, (options.tools or names).split(","))) - {t.name for t in TOOLS}
    if unknown:
        parser.error(f"unknown tools: {', '.join(sorted(unknown))}; known are {names}")
    options.tools = (names if options.tools is None else options.tools).split(",")
    return options


def _tree(options: argparse.Namespace) -> Files:
    folder = options.tree.resolve() if options.tree else unpacked(*options.package, options.cache)
    return Files(folder, "everything", line_count(python_files(folder)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table or write the page."""
    options = _options(arguments)
    if options.reference:
        PAGE.write_text(reference(options), encoding="utf-8")
        print(f"wrote {PAGE.name} and {PICTURE.name}", file=sys.stderr)
        return 0
    chosen = [tool for tool in TOOLS if tool.name in options.tools]
    print(compared_table(comparisons(chosen, _tree(options), options)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
