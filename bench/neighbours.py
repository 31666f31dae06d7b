"""The linters that are measured beside celeryleak-lint, and how each of them is run.

Each neighbour is installed, as pinned in speed-requirements.txt, in an environment of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from environments import installed, pins_of
from measuring import ANY_FINDINGS, Usage, measure

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
#: Flake8 as it would be if celeryleak-lint were not installed beside it.
ALONE = """\
import importlib.metadata, sys
everything = importlib.metadata.distributions
importlib.metadata.distributions = lambda **given: (
    one for one in everything(**given) if one.metadata["Name"] != "celeryleak-lint"
)
from flake8.main.cli import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """A linter: distributions to install, the words to run, and the exit codes that are fine.

    In `words`, `{bin}` is the folder of the tool's environment and `{tree}` the folder to
    check. A tool that takes long sees a sample of about `most` lines.
    """

    name: str
    what: str
    installs: tuple[str, ...]
    words: tuple[str, ...]
    exit_codes: frozenset[int] = ANY_FINDINGS
    most: int | None = None


TOOLS = (
    Tool(
        "ruff", "B006, B019, SIM115, no cache", ("ruff",),
        ("{bin}/ruff", "check", "--no-cache", "--isolated", "--quiet", "--exclude", "",
         "--select", "B006,B019,SIM115", "{tree}"),
    ),
    Tool(
        "pythaw", "all its rules", ("pythaw",),
        ("{bin}/pythaw", "check", "{tree}"),
    ),
    Tool(
        "flake8", "its default checks", ("flake8",),
        ("{bin}/flake8", "--isolated", "--jobs", "1", "--exclude", "", "{tree}"), most=100_000,
    ),
    Tool(
        "flake8-bugbear", "flake8 with B checks", ("flake8", "flake8-bugbear"),
        ("{bin}/flake8", "--isolated", "--jobs", "1", "--exclude", "", "{tree}"), most=100_000,
    ),
    Tool(
        "pylint", "its default checks", ("pylint",),
        ("{bin}/pylint", "--rcfile", os.devnull, "--jobs", "1", "--recursive", "y",
         "--persistent", "n", "{tree}"),
        frozenset(range(32)), most=10_000,
    ),
    Tool(
        "fixit", "its default rules", ("fixit",),
        ("{bin}/fixit", "--quiet", "lint", "{tree}"), frozenset(range(4)), most=10_000,
    ),
)  # fmt: skip
CHECK = (
    sys.executable, "-m", "celeryleak_lint", "check", "{tree}", "--isolated", "--exit-zero",
    "--output-format", "json",
)  # fmt: skip
CHECKED = frozenset({0, 2})  # what cannot be parsed is told by 2
OURS = Tool("celeryleak-lint", "its default rules, no cache", (), (*CHECK, "--no-cache"), CHECKED)
BASELINE = Tool("ast.parse", "parsing alone", (), (sys.executable, "-c", PARSE, "{tree}"))
FLAKE8 = ("--isolated", "--jobs", "1", "--exclude", ".celeryleak_cache", "{tree}")
FLAKE8_ALONE = Tool(
    "flake8 alone", "its default checks", (), (sys.executable, "-c", ALONE, *FLAKE8)
)
FLAKE8_WITH_US = Tool(
    "flake8 with celeryleak-lint", "and ours", (), (sys.executable, "-m", "flake8", *FLAKE8)
)


def runner(tool: Tool, tree: Path, cache: Path) -> Callable[[], Usage]:
    """A function that runs a tool on a tree and measures it; installs the tool first if need be."""
    return partial(measure, command(tool, tree, cache), tool.exit_codes, tree)


def command(tool: Tool, tree: Path, cache: Path) -> list[str]:
    """The words of a command line."""
    binaries = str(binaries_of(tool, cache) if tool.installs else cache)
    words = (word.replace("{tree}", str(tree)) for word in tool.words)
    return [word.replace("{bin}", binaries) for word in words]


def binaries_of(tool: Tool, cache: Path) -> Path:
    """The folder with the executables of a tool's own environment."""
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    return installed(cache / tool.name, [pins[name] for name in tool.installs])
