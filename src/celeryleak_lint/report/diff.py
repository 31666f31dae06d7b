"""Fixes as a patch: what ``patch -p0`` and reviewers read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

_UNENDED = b"\\ No newline at end of file\n"


def render_diff(path: str, old: bytes, new: bytes) -> bytes:
    """The difference between two states of a file as a unified diff; ``path`` as shown.

    Lines are the file's own bytes, whatever their encoding: any other would match no file.
    """
    name = path.encode("utf-8", "surrogateescape")
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return b"".join(_ended(difflib.diff_bytes(difflib.unified_diff, before, after, name, name)))


def _ended(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        if not line.endswith((b"\n", b"\r")):
            yield b"\n" + _UNENDED
