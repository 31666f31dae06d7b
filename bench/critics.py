"""What other linters and a formatter say about some files, to compare before and after.

Knows how to run flake8 and Ruff, each as pinned in speed-requirements.txt in an environment
of its own; knows nothing about our fixes.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from environments import installed, pins_of

REQUIREMENTS = Path(__file__).with_name("speed-requirements.txt")
FLAKE8_CODES = "F,E302,E303,E305"
RUFF_CODES = "F,B,E9,PLW0603"
FLAKE8_FORM = "%(path)s\t%(code)s\t%(text)s"
TABS = FLAKE8_FORM.count("\t")
LINE_LENGTHS = (79, 88, 100, 120)  # what projects usually choose
Said = Counter[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Critics:
    """Where the executables are."""

    flake8: Path
    ruff: Path

    def say(self, tree: Path, names: Sequence[str]) -> Said:
        """How often each `(path, code, message)` is reported in files of `tree`."""
        return self._flake8(tree, names) + self._ruff(tree, names)

    def _flake8(self, tree: Path, names: Sequence[str]) -> Said:
        words = [str(self.flake8), "--isolated", "--select", FLAKE8_CODES]
        words += ["--format", FLAKE8_FORM, *names]
        return read_flake8(_run(words, tree))

    def _ruff(self, tree: Path, names: Sequence[str]) -> Said:
        words = [str(self.ruff), "check", "--isolated", "--no-cache", "--output-format", "json"]
        words += ["--preview", "--select", RUFF_CODES, "--", *names]
        return read_ruff(_run(words, tree), tree)

    def formatted(self, tree: Path, name: str) -> tuple[int, ...]:
        """The line lengths at which `ruff format` would leave a file as it is."""
        words = [str(self.ruff), "format", "--isolated", "--no-cache", "--check", "--quiet"]
        return tuple(
            length
            for length in LINE_LENGTHS
            if not subprocess.run(
                [*words, "--line-length", str(length), "--", name],
                cwd=tree, capture_output=True, check=False,
            ).returncode
        )  # fmt: skip


def critics(cache: Path) -> Critics:
    """The tools, installed first if need be."""
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    flake8, ruff = (installed(cache / name, [pins[name]]) / name for name in ("flake8", "ruff"))
    return Critics(flake8, ruff)


def read_flake8(output: str) -> Said:
    """The lines of flake8, as `(path, code, message)`."""
    rows = (tuple(line.split("\t")) for line in output.splitlines() if line.count("\t") == TABS)
    return Counter((path.removeprefix("./"), code, text) for path, code, text in rows)


def read_ruff(output: str, tree: Path) -> Said:
    """Ruff's JSON, as `(path, code, message)`."""
    return Counter(
        (Path(each["filename"]).relative_to(tree).as_posix(), str(each["code"]), each["message"])
        for each in json.loads(output)
    )


def _run(words: Sequence[str], tree: Path) -> str:
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{words[0]}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout
