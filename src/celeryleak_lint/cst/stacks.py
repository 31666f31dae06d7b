"""A thread with a stack of its own: depth no longer depends on who called, or from where."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_on_stack(megabytes: int, job: Callable[[], T]) -> T | BaseException:
    """What ``job`` returns, or what it raised, after running it on a stack of that size.

    Native panics derive from ``BaseException`` alone, so nothing narrower would contain
    them; an interrupt by the user reaches the waiting thread, not this one.
    """
    outcome: list[T | BaseException] = []

    def run() -> None:
        try:
            outcome.append(job())
        except BaseException as error:  # noqa: BLE001 - see the docstring
            outcome.append(error)

    worker = threading.Thread(target=run, daemon=True)
    try:
        _start(worker, megabytes)
    except RuntimeError:  # no threads, or not that much memory
        run()
    else:
        worker.join()
    return outcome[0]


def _start(worker: threading.Thread, megabytes: int) -> None:
    before = threading.stack_size()
    try:
        threading.stack_size(megabytes * 2**20)
        worker.start()
    except ValueError:  # the system knows no such size
        worker.start()
    finally:
        threading.stack_size(before)
