"""Which files the house rules look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "celeryleak_lint"
TEXT_FOLDERS = ("src", "tests", "docs", "bench", "scripts", "changes", ".ci", ".github")
TEXT_SUFFIXES = frozenset(
    {"", ".cfg", ".ini", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml"}
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path seen from the repository, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def stem(self) -> str:
        """The module's own name."""
        return self.path.rsplit("/", 1)[-1].removesuffix(".py")


def sources() -> Iterator[Source]:
    """Every Python file of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text))


def texts() -> Iterator[tuple[str, str]]:
    """Every text file somebody wrote for the project, as path and content."""
    folders = [folder for name in TEXT_FOLDERS if (folder := ROOT / name).is_dir()]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    # in a second work tree `.git` is a file, and git's own
    files += [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for path in sorted(files):
        if path.suffix in TEXT_SUFFIXES and "__pycache__" not in path.parts:
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a fixture that is meant not to be decoded
