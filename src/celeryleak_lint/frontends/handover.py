"""How one flake8 run is analysed once: the parent's findings, handed to its worker processes.

The parent writes one small file in a folder of its own and names it in the environment.
Workers that were forked have the findings already; others read the file, and analyse for
themselves when it is not there.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence

VARIABLE = "CELERYLEAK_LINT_HANDOVER"

#: Line and column as flake8 wants them (columns from 0), and the text with its code.
Row = tuple[int, int, str]
#: Absolute path of a file to what is to be said about it.
Rows = Mapping[str, Sequence[Row]]


def is_worker() -> bool:
    """Whether this process was started by another one to share its work."""
    import multiprocessing  # imported late: only flake8's workers need it

    return multiprocessing.parent_process() is not None


def hand_over(rows: Rows) -> None:
    """Leave the findings where workers of this process find them, until it ends."""
    folder = tempfile.mkdtemp(prefix="celeryleak-lint-")
    atexit.register(_remove, folder, os.getpid())
    path = os.path.join(folder, "findings.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(rows, file)
    os.environ[VARIABLE] = f"{os.getpid()}:{path}"


def take_over() -> Rows | None:
    """What the parent of this worker has left, or ``None`` when there is nothing to be had."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    owner, _, path = os.environ.get(VARIABLE, "").partition(":")
    if parent is None or owner != str(parent.pid):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    return {
        name: [(line, column, text) for line, column, text in rows]
        for name, rows in document.items()
    }


def _remove(folder: str, owner: int) -> None:
    """Forked children inherit the registration, but not the folder."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.pop(VARIABLE, None)
