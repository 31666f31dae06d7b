"""Fixes as a patch: what ``patch -p0`` and reviewers read."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterator

_UNENDED = "\\ No newline at end of file\n"


def render_diff(path: str, old: bytes, new: bytes) -> str:
    """The difference between two states of a source file as a unified diff; ``path`` as shown."""
    encoding = _encoding(old)
    before, after = _lines(old, encoding), _lines(new, encoding)
    return "".join(_ended(difflib.unified_diff(before, after, path, path)))


def _encoding(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except (SyntaxError, UnicodeError, LookupError):
        return "latin-1"


def _lines(data: bytes, encoding: str) -> list[str]:
    return [line.decode(encoding, "replace") for line in data.splitlines(keepends=True)]


def _ended(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if not line.endswith(("\n", "\r")):
            yield f"\n{_UNENDED}"
