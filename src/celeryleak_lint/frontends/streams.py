"""The process's three streams as a shell hands them over: closed, full, or in a narrow encoding.

Knows nothing of what is written to them.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
from typing import NoReturn, TextIO

_NAMES = ("stdin", "stdout", "stderr")


def make_usable() -> tuple[str, ...]:
    """Let every stream exist and take every character; gives the names of those that were closed.

    A number that stays free would go to the next file that is opened, and messages into it.
    """
    closed = tuple(name for name in _NAMES if getattr(sys, name) is None)
    for name in closed:
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for good
    sys.stdout = _buffered(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    return closed


def _buffered(stream: TextIO) -> TextIO:
    """The same stream with a buffer: under ``PYTHONUNBUFFERED`` what one write does not take is lost."""
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(stream.buffer, io.RawIOBase):
        return stream
    encoding, errors = stream.encoding, stream.errors
    return io.TextIOWrapper(
        io.BufferedWriter(stream.detach()), encoding, errors, line_buffering=True
    )


def end_process(code: int) -> NoReturn:
    """End the process as it is, after what others have registered for its end, and after what is still buffered."""
    atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing ends its children
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def settle_stderr() -> None:
    """Let what a full disk has not taken go nowhere: Python would try again at exit, and end with a code of its own."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _lead_nowhere(sys.stderr)


def let_go_of_stdout() -> None:
    """Let what is still buffered go nowhere: Python would complain again when it flushes at exit."""
    _lead_nowhere(sys.stdout)


def _lead_nowhere(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
