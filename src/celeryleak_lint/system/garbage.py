"""How often Python looks for unreachable cycles while a project is analysed.

Facts are many, live until the end and form no cycles, so each search through them is in vain.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

#: New objects between two searches: about what ten thousand lines of source become.
_NEW_OBJECTS = 200_000
_ROUNDS = 20


@contextlib.contextmanager
def rarely_collected() -> Iterator[None]:
    """Search rarely inside the block, and as often as before behind it: the process may be flake8's."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def collect_rarely() -> None:
    """Search rarely from now on, and never through what exists already: for worker processes."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
