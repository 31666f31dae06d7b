"""Running the command as a user does: a process, its exit code and its two streams."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OFFER = re.compile(r"fixable with `--fix|unsafe fix(es)? shown with")
#: No run takes so long; one that does waits for something that never comes.
SECONDS = 300


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What was printed, as JSON."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def lines(self) -> list[str]:
        """What was printed, line by line."""
        return self.out.splitlines()

    @property
    def complaints(self) -> list[str]:
        """What stderr says beside the summary and the offers of fixes."""
        told = [line for line in self.err.splitlines() if " s)" not in line]
        return [line for line in told if not _OFFER.search(line)]


def run(*arguments: str, cwd: Path, stdin: bytes = b"", **environment: str) -> Ended:
    """Run ``celeryleak-lint`` in a folder."""
    return module("celeryleak_lint", *arguments, cwd=cwd, stdin=stdin, **environment)


def flake8(*arguments: str, cwd: Path, stdin: bytes = b"") -> Ended:
    """Run flake8 in a folder, with our findings only."""
    return module("flake8", "--isolated", "--select=CLK", *arguments, cwd=cwd, stdin=stdin)


def module(name: str, *arguments: str, cwd: Path, stdin: bytes = b"", **environment: str) -> Ended:
    """Run a module of this interpreter; a traceback anywhere is an error of its own."""
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=SECONDS,
    )
    err = done.stderr.decode()
    assert "Traceback" not in err, err
    return Ended(done.returncode, done.stdout.decode(), err)
