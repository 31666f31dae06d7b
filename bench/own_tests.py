"""Runs the test suites of three real packages before and after the safe fixes.

    python bench/own_tests.py
    python bench/own_tests.py --packages cookiecutter

Of each source release there are two copies, and `celeryleak-lint check --fix --confidence
possible` edits one of them: safe fixes only, but all that there are. Each copy is installed
into a folder of its own, and its tests run there, with everything else pinned in
own-tests-requirements.txt. The exit code is 1 when a test fails after the
fix that did not fail before it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checking import document
from environments import installed
from releases import DEFAULT_CACHE, unpacked

REQUIREMENTS = Path(__file__).with_name("own-tests-requirements.txt")
DEFAULT_TOOLS_CACHE = Path.home() / ".cache" / "celeryleak-own-tests"
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE")
SECONDS = re.compile(r" in \d+\.\d+s.*| in [\d.]+ ?s.*|^=+ | =+$")
FAILED = re.compile(r"^(?:FAILED|ERROR|FAIL:|ERROR:) ((?!\()\S+(?: \(\S+\))?)")
COUNTS = re.compile(r"\d+ (?:passed|failed|errors?)|^Ran \d+ tests?|^(?:OK|FAILED)(?: \(|$)")


@dataclass(frozen=True, slots=True)
class Suite:
    """A source release, and what runs its tests: words for Python, in the release's folder."""

    project: str
    version: str
    words: tuple[str, ...]


SUITES = (
    Suite("cookiecutter", "2.7.1", (*PYTEST, "--no-cov", "tests")),
    # The others of its test files import a module that its source release lacks.
    Suite("datasette", "0.65.5", (*PYTEST, "tests/test_utils.py")),
    Suite(
        "limnoria", "2026.10.4",
        ("-m", "supybot.scripts.limnoria_test", "--no-network", "--no-setuid", "test",
         "plugins/Config", "plugins/Karma", "plugins/Scheduler", "plugins/Topic"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """How a test run ended: its own closing lines without times, and the tests that failed."""

    counts: str
    failed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Compared:
    """One package: how many findings were fixed in how many files, and both test runs."""

    suite: Suite
    fixed: int
    files: int
    before: Result
    after: Result


def compared(suite: Suite, python: Path, cache: Path) -> Compared:
    """Run the tests of both copies; raises `RuntimeError` when one does not run at all."""
    tree = unpacked(suite.project, suite.version, cache, source=True)
    (root,) = (path for path in tree.iterdir() if path.is_dir())
    with tempfile.TemporaryDirectory() as folder:
        plain, fixed = Path(folder).resolve() / "plain", Path(folder).resolve() / "fixed"
        for copy in (plain, fixed):
            shutil.copytree(root, copy)
        report = document(fixed, "--fix", "--no-cache", confidence="possible")
        files = {each["path"] for each in report["fixed"]}
        print(f"{suite.project}: {len(report['fixed'])} fixed", file=sys.stderr, flush=True)
        before, after = (tested(suite, copy, python) for copy in (plain, fixed))
    return Compared(suite, len(report["fixed"]), len(files), before, after)


def tested(suite: Suite, copy: Path, python: Path) -> Result:
    """Install a copy beside itself and run its tests."""
    site = copy.with_name(f"{copy.name}-site")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(site), "."], cwd=copy, check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "PATH": _path(python, site)}
    done = subprocess.run(
        [str(python), *suite.words], cwd=copy, env=environment, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    result = read_result(done.stdout)
    if not result.counts:
        raise RuntimeError(f"{suite.project}: exit code {done.returncode}\n{done.stdout[-2000:]}")
    return result


def _path(python: Path, site: Path) -> str:
    return os.pathsep.join((str(site / "bin"), str(python.parent), os.environ["PATH"]))


def read_result(output: str) -> Result:
    """The closing lines of pytest or unittest, and the names of tests that failed."""
    lines = output.splitlines()
    counts = [SECONDS.sub("", line).strip("= ") for line in lines if COUNTS.search(line)]
    failed = (match[1] for line in lines if (match := FAILED.match(line)))
    return Result(", ".join(counts[-2:] if "Ran" in "".join(counts) else counts[-1:]),
                  frozenset(failed))  # fmt: skip


def table(rows: Iterable[Compared]) -> str:
    """One row for each package, as Markdown."""
    head = ("package", "findings fixed", "files", "tests before", "tests after")
    lines = [head, ("---", "---:", "---:", "---", "---"), *map(_cells, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(row: Compared) -> tuple[str, ...]:
    name = f"{row.suite.project} {row.suite.version}"
    return name, str(row.fixed), str(row.files), row.before.counts, row.after.counts


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    known: Mapping[str, Suite] = {suite.project: suite for suite in SUITES}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--packages", default=",".join(known), help="separated by commas")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    parser.add_argument("--tools-cache", type=Path, default=DEFAULT_TOOLS_CACHE)
    options = parser.parse_args(arguments)
    unknown = [name for name in options.packages.split(",") if name not in known]
    if unknown:
        parser.error(f"unknown packages: {', '.join(unknown)}; known are {', '.join(known)}")
    options.suites = [known[name] for name in options.packages.split(",")]
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Fix, test and compare."""
    options = _options(arguments)
    pins = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if "==" in line]
    python = installed(options.tools_cache / "suites", pins) / "python"
    rows = [compared(suite, python, options.cache) for suite in options.suites]
    print(table(rows))
    for row in rows:
        for name in sorted(row.after.failed - row.before.failed):
            print(f"{row.suite.project}: {name} fails after the fix only", file=sys.stderr)
    return 1 if any(row.after.failed - row.before.failed for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
