"""Python looks for unreachable cycles in vain while a project is analysed, so it is told not to.

Facts are many, live until the end and form no cycles; the trees of ``ast`` and what reads
them are freed without a search.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No search inside the block; behind it as before, since the process may be flake8's."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def never_collect() -> None:
    """No search from now on, for worker processes: what their parent has left them is frozen."""
    gc.freeze()
    gc.disable()
