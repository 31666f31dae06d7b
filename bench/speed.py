"""Measures CPU time and memory of celeryleak-lint beside its neighbours, on the same files.

    python bench/speed.py --package litellm==1.109.1
    python bench/speed.py --tree src --tools ruff,flake8 --runs 3
    python bench/speed.py --package feast==0.67.0 --slow-sample 3000

CPU time is user plus system time of the whole process with all its children, start-up
included, and nothing is cached. Absolute figures differ between machines; the ratios to a
bare `ast.parse` of the same files are what may be compared. pylint and Fixit are so slow
that they get a sample of the files, and so do the references of their rows. Each neighbour
is installed, as pinned in speed-requirements.txt, in an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from environments import installed, pins_of
from releases import DEFAULT_CACHE, line_count, pinned, python_files, unpacked

REQUIREMENTS = Path(__file__).with_name("speed-requirements.txt")
DEFAULT_TOOLS_CACHE = Path.home() / ".cache" / "celeryleak-speed"
PARSE = """\
import ast, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        pass
"""
ANY_FINDINGS = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Tool:
    """A neighbour: distributions to install, the words to run, and the exit codes that are fine.

    In `words`, `{bin}` is the folder of the tool's environment and `{tree}` the folder to
    check. `slow` tools see a sample only.
    """

    name: str
    what: str
    installs: tuple[str, ...]
    words: tuple[str, ...]
    exit_codes: frozenset[int] = ANY_FINDINGS
    slow: bool = False


TOOLS = (
    Tool(
        "ruff", "B006, B019, SIM115", ("ruff",),
        ("{bin}/ruff", "check", "--no-cache", "--isolated", "--quiet", "--exclude", "",
         "--select", "B006,B019,SIM115", "{tree}"),
    ),
    Tool(
        "flake8", "its default checks", ("flake8",),
        ("{bin}/flake8", "--isolated", "--jobs", "1", "--exclude", "", "{tree}"),
    ),
    Tool(
        "flake8-bugbear", "flake8 with B checks", ("flake8", "flake8-bugbear"),
        ("{bin}/flake8", "--isolated", "--jobs", "1", "--exclude", "", "{tree}"),
    ),
    Tool(
        "pythaw", "all its rules", ("pythaw",),
        ("{bin}/pythaw", "check", "{tree}"),
    ),
    Tool(
        "pylint", "its default checks", ("pylint",),
        ("{bin}/pylint", "--rcfile", os.devnull, "--jobs", "1", "--recursive", "y",
         "--persistent", "n", "{tree}"),
        frozenset(range(32)), slow=True,
    ),
    Tool(
        "fixit", "its default rules", ("fixit",),
        ("{bin}/fixit", "--quiet", "lint", "{tree}"), frozenset(range(4)), slow=True,
    ),
)  # fmt: skip
OURS = Tool(
    "celeryleak-lint", "its default rules, cold", (),
    (sys.executable, "-m", "celeryleak_lint", "check", "{tree}", "--no-cache", "--isolated",
     "--exit-zero", "--output-format", "json"), frozenset({0, 2}),
)  # fmt: skip
BASELINE = Tool("ast.parse", "parsing alone", (), (sys.executable, "-c", PARSE, "{tree}"))


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run cost: CPU seconds and the largest resident size of any process in it."""

    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Files:
    """A folder to measure on, how it is called in the table, and its lines."""

    folder: Path
    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One row: a tool on some files, with `ast.parse` and our command on the same files."""

    tool: Tool
    files: Files
    usage: Usage
    baseline: Usage
    ours: Usage


def measure(words: Sequence[str], exit_codes: frozenset[int], cwd: Path) -> Usage:
    """Run a command to its end; raises `RuntimeError` for an exit code that is not fine."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(words, cwd=cwd, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in exit_codes:
            errors.seek(0)
            tail = errors.read().decode("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{words[0]}: exit code {process.returncode}\n{tail}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def run(tool: Tool, files: Files, cache: Path, runs: int) -> Usage:
    """The cheapest of `runs` runs of a tool, installed first if need be."""
    binaries = _binaries(tool, cache) if tool.installs else cache
    words = [
        word.replace("{bin}", str(binaries)).replace("{tree}", str(files.folder))
        for word in tool.words
    ]
    usages = [measure(words, tool.exit_codes, files.folder) for _ in range(runs)]
    return min(usages, key=lambda usage: usage.cpu_seconds)


def _binaries(tool: Tool, cache: Path) -> Path:
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    return installed(cache / tool.name, [pins[name] for name in tool.installs])


def sample(tree: Path, lines: int, seed: int, target: Path) -> Files:
    """Copy random files of `tree` to `target` until they hold at least `lines` lines."""
    files = python_files(tree)
    random.Random(seed).shuffle(files)
    taken, size = [], 0
    for file in files:
        if size >= lines:
            break
        copy = target / file.relative_to(tree)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        taken.append(file)
        size = line_count(taken)
    return Files(target, f"sample of {len(taken)} files", size)


def table(rows: Iterable[Measured]) -> str:
    """The rows as a Markdown table."""
    head = ("tool", "runs", "on", "lines", "CPU ms per 1,000 lines", "x `ast.parse`",
            "x celeryleak-lint", "peak MB")  # fmt: skip
    cells: list[tuple[str, ...]] = [
        head,
        ("---", "---", "---", "---:", "---:", "---:", "---:", "---:"),
    ]
    cells += [_cells(row) for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _cells(row: Measured) -> tuple[str, ...]:
    return (
        row.tool.name, row.tool.what, row.files.name, f"{row.files.lines:,}",
        f"{1e6 * row.usage.cpu_seconds / max(1, row.files.lines):.1f}",
        f"{row.usage.cpu_seconds / row.baseline.cpu_seconds:.1f}",
        f"{row.usage.cpu_seconds / row.ours.cpu_seconds:.2f}",
        f"{row.usage.peak_bytes / 1e6:.0f}",
    )  # fmt: skip


def compare(tools: Iterable[Tool], files: Files, cache: Path, runs: int) -> list[Measured]:
    """Measure the two references and every tool on the same files."""
    baseline, ours = run(BASELINE, files, cache, runs), run(OURS, files, cache, runs)
    rows = [
        Measured(BASELINE, files, baseline, baseline, ours),
        Measured(OURS, files, ours, baseline, ours),
    ]
    for tool in tools:
        print(f"running {tool.name} on {files.lines:,} lines", file=sys.stderr)
        rows.append(Measured(tool, files, run(tool, files, cache, runs), baseline, ours))
    return rows


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = ",".join(tool.name for tool in TOOLS)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tree", type=Path, help="a folder of Python files")
    where.add_argument("--package", type=pinned, metavar="NAME==VERSION")
    parser.add_argument("--tools", default=names, help=f"separated by commas (default: {names})")
    parser.add_argument("--slow-sample", type=int, default=5000, metavar="LINES")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--runs", type=int, default=1, help="the cheapest run counts")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    parser.add_argument("--tools-cache", type=Path, default=DEFAULT_TOOLS_CACHE)
    options = parser.parse_args(arguments)
    unknown = set(filter(None, options.tools.split(","))) - {tool.name for tool in TOOLS}
    if unknown:
        parser.error(f"unknown tools: {', '.join(sorted(unknown))}; known are {names}")
    return options


def _tree(options: argparse.Namespace) -> Path:
    if options.tree is not None:
        folder: Path = options.tree
        return folder.resolve()
    project, version = options.package
    return unpacked(project, version, options.cache)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    options = _options(arguments)
    tree = _tree(options)
    chosen = [tool for tool in TOOLS if tool.name in options.tools.split(",")]
    whole = Files(tree, "everything", line_count(python_files(tree)))
    fast = [tool for tool in chosen if not tool.slow]
    slow = [tool for tool in chosen if tool.slow]
    rows = compare(fast, whole, options.tools_cache, options.runs)
    if slow:
        with tempfile.TemporaryDirectory() as folder:
            part = sample(tree, options.slow_sample, options.seed, Path(folder).resolve())
            rows += compare(slow, part, options.tools_cache, options.runs)
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
