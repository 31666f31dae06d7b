"""What a page shows of a terminal, and whether a terminal really shows it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(?P<head>[^`\n]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\b\d+\.\d+ s\b")
PROMPT = "$ "
LEFT_OUT = "..."


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its title or nothing, and its lines."""

    language: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Step:
    """A command and the lines shown below it."""

    command: str
    shown: tuple[str, ...]


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page below ``docs``, in order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        language, _, rest = match["head"].partition(" ")
        yield Block(language, rest.removeprefix('title="').removesuffix('"'), match["body"])


def steps(block: Block) -> Iterator[Step]:
    """The commands of a console block; lines before the first command are an error."""
    parts = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    assert not parts[0], f"shown without a command: {parts[0]}"
    for part in parts[1:]:
        command, *shown = part.splitlines()
        yield Step(command, tuple(shown))


class Terminal:
    """A shell in a folder, which remembers where it is and how the last command ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0

    def run(self, command: str) -> str:
        """Run one line, and give what a terminal shows of it: standard output comes first."""
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            assert self.folder.is_dir(), command
            return ""
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        done = subprocess.run(
            ["sh", "-c", f"(exit {self.code}); {command}"],
            cwd=self.folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": path},
        )  # fmt: skip
        self.code = done.returncode
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr


def with_samples(folder: Path) -> Terminal:
    """A terminal at the top of something like a clone, with the samples only."""
    ignore = shutil.ignore_patterns(".celeryleak_cache", "__pycache__")
    shutil.copytree(ROOT / "samples", folder / "samples", ignore=ignore)
    return Terminal(folder)


def disagreement(step: Step, output: str) -> str:
    """What is shown and not printed, or printed and not shown; empty when they agree.

    Times differ from run to run. Where ``...`` stands, any lines may have been left out.
    """
    printed = TIME.sub("0.0 s", output).splitlines()
    while printed and not printed[-1]:
        printed.pop()
    at, may_skip = 0, False
    for line in (TIME.sub("0.0 s", line) for line in step.shown):
        if line == LEFT_OUT:
            may_skip = True
            continue
        while may_skip and at < len(printed) and printed[at] != line:
            at += 1
        if at >= len(printed) or printed[at] != line:
            found = printed[at] if at < len(printed) else "the end"
            return f"$ {step.command}\nthe page shows: {line}\nit prints:      {found}"
        at, may_skip = at + 1, False
    if at < len(printed) and not may_skip:
        return f"$ {step.command}\nnot on the page: {printed[at]}"
    return ""
