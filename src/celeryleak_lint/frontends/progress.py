"""A bar for people who wait: only at a terminal, only when the run is long, gone at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

#: Seconds before the bar appears, and between two of its states.
PATIENCE = 0.7
_PAUSE = 0.1
_WIDTH = 24
_CLEAR = "\r\x1b[K"


@dataclass(slots=True)
class Progress:
    """The bar of one run on ``stream``; ``clock`` gives seconds."""

    stream: TextIO
    clock: Callable[[], float] = time.perf_counter
    started: float = 0.0
    drawn: float = 0.0
    most: int = 0
    is_shown: bool = field(default=False)

    def __post_init__(self) -> None:
        """Begin to wait."""
        self.started = self.clock()

    def met(self, done: int, total: int) -> None:
        """``done`` of ``total`` files are read; told in any order, the bar never goes back."""
        now = self.clock()
        self.most = max(self.most, done)
        if now - self.started < PATIENCE or now - self.drawn < _PAUSE:
            return
        self.drawn, self.is_shown = now, True
        filled = _WIDTH * self.most // max(total, 1)
        bar = "#" * filled + "." * (_WIDTH - filled)
        self.stream.write(f"{_CLEAR}[{bar}] {self.most:,} of {total:,} files")
        self.stream.flush()

    def end(self) -> None:
        """Leave the line as it was."""
        if self.is_shown:
            self.stream.write(_CLEAR)
            self.stream.flush()
