"""Fixes the leak of Airflow's Celery provider 3.20.0, and shows by running it that it is gone.

    python bench/airflow_fix.py                 table of what was built
    python bench/airflow_fix.py --show-diff     and what the fix changed

The provider built a Celery app for each workload that the scheduler sent; its next release,
3.21.0, keeps one app for each team. The script lets `celeryleak-lint check --fix
--unsafe-fixes` edit a copy of 3.20.0, then sends workloads through the release, the copy and
the next release, each in a process of its own, with brokers in memory. Airflow itself is
installed, as pinned in airflow-requirements.txt, in an environment for just that; the
provider is unpacked beside it.

The exit code is 0 when the copy builds one app for all sends of a team, and others for other
teams, else 1.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checking import fix
from environments import installed
from releases import DEFAULT_CACHE, python_files, unpacked

BENCH = Path(__file__).parent
REQUIREMENTS = BENCH / "airflow-requirements.txt"
DEFAULT_TOOLS_CACHE = Path.home() / ".cache" / "celeryleak-airflow"
PROVIDER = "apache-airflow-providers-celery"
LEAKY, MENDED = "3.20.0", "3.21.0"
SENDS = 200


@dataclass(frozen=True, slots=True)
class Probe:
    """What one provider did with workloads.

    Apps `built` for `sends` workloads that belong to no team, whether the `same` team got the
    same app twice and `distinct` teams distinct ones, and the broker of each team's app.
    """

    provider: str
    sends: int
    built: int
    same: bool
    distinct: bool
    brokers: dict[str, str]

    @property
    def mended(self) -> bool:
        """One app for each team, and no more."""
        return self.built == 1 and self.same and self.distinct and self._isolated

    @property
    def _isolated(self) -> bool:
        return len(set(self.brokers.values())) == len(self.brokers)


def probe(provider: str, tree: Path, python: Path, sends: int) -> Probe:
    """Send workloads through the provider in `tree`; raises `RuntimeError` when that fails."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [str(python), str(BENCH / "airflow_probe.py"), str(sends)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{provider}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return read_probe(provider, json.loads(done.stdout.splitlines()[-1]))


def read_probe(provider: str, answer: dict[str, Any]) -> Probe:
    """The printed answer of airflow_probe.py."""
    return Probe(
        provider, answer["sends"], answer["built"], answer["same"], answer["distinct"],
        answer["brokers"],
    )  # fmt: skip


def table(probes: Iterable[Probe]) -> str:
    """One column for each question, as Markdown."""
    head = ("provider", "sends", "apps built", "same team, same app",
            "distinct teams, distinct apps", "brokers of the teams")  # fmt: skip
    lines = [head, ("---", "---:", "---:", "---", "---", "---"), *map(_cells, probes)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(each: Probe) -> tuple[str, ...]:
    words = {True: "yes", False: "no"}
    brokers = ", ".join(f"{team}: `{url}`" for team, url in sorted(each.brokers.items()))
    return (each.provider, str(each.sends), str(each.built), words[each.same],
            words[each.distinct], brokers)  # fmt: skip


def difference(before: Path, after: Path) -> Iterator[str]:
    """A unified diff of all Python files that differ between two trees, line by line."""
    for path in python_files(before):
        name = path.relative_to(before).as_posix()
        old, new = (tree.joinpath(name).read_text("utf-8") for tree in (before, after))
        lines = difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"a/{name}", f"b/{name}", lineterm=""
        )
        yield from lines


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--sends", type=int, default=SENDS)
    parser.add_argument("--show-diff", action="store_true", help="print what the fix changed")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    parser.add_argument("--tools-cache", type=Path, default=DEFAULT_TOOLS_CACHE)
    options = parser.parse_args(arguments)
    if options.sends < 1:
        parser.error(f"--sends {options.sends}: expected at least 1")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Fix, run and compare."""
    options = _options(arguments)
    pins = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if "==" in line]
    python = installed(options.tools_cache / "airflow", pins) / "python"
    leaky, mended = (unpacked(PROVIDER, each, options.cache) for each in (LEAKY, MENDED))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "provider"
        shutil.copytree(leaky, copy)
        fix(copy)
        if options.show_diff:
            print(*difference(leaky, copy), sep="\n")
        probes = [
            probe(name, tree, python, options.sends)
            for name, tree in (
                (LEAKY, leaky), (f"{LEAKY} after `--fix --unsafe-fixes`", copy), (MENDED, mended)
            )
        ]  # fmt: skip
    print(table(probes))
    fixed = probes[1]
    if not fixed.mended:
        print("the fixed provider still builds too many apps, or too few", file=sys.stderr)
    return 0 if fixed.mended else 1


if __name__ == "__main__":
    raise SystemExit(main())
