"""Room for deep trees: a sum of a thousand terms is deeper than Python's default stack of calls.

Knows nothing of trees; it only runs what it is given.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

#: Enough calls for every tree that CPython itself compiles, and the memory for their frames.
_CALLS = 20_000
_STACK_BYTES = 256 * 1024 * 1024


def with_room(work: Callable[[], _Result]) -> _Result:
    """What ``work`` gives, run in a thread with a large stack of its own.

    Raises whatever ``work`` raises, and ``RecursionError`` when there is no such thread.
    """
    results: list[_Result] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - handed on to the caller's thread
            errors.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size()
    try:
        threading.stack_size(_STACK_BYTES)
        sys.setrecursionlimit(max(limit, _CALLS))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join()
    except (RuntimeError, ValueError) as error:
        raise RecursionError(str(error)) from error
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]
