"""Makes throw-away environments of pinned distributions, once for each set of pins."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path


def installed(home: Path, pins: Sequence[str]) -> Path:
    """The folder with the executables of the environment `home`, which holds just `pins`.

    It is made again when the pins are others than last time. Raises
    `subprocess.CalledProcessError` when pip fails.
    """
    wanted = "\n".join(pins)
    binaries, mark = home / ("Scripts" if os.name == "nt" else "bin"), home / "installed.txt"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return binaries
    print(f"installing {home.name}", file=sys.stderr)
    venv.create(home, clear=True, with_pip=True)
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *pins], check=True, stdout=subprocess.DEVNULL)
    mark.write_text(wanted, encoding="utf-8")
    return binaries


def pins_of(text: str) -> dict[str, str]:
    """`{name: "name==version"}` of a requirements file."""
    lines = (line.strip() for line in text.splitlines())
    return {line.split("==")[0]: line for line in lines if line and not line.startswith("#")}
