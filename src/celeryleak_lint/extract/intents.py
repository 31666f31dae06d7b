"""Lines on which an author says that an object is meant to be a fresh one.

Comments and docstrings are prose, so only two ways of speaking count: of a fresh client, and
of credentials that change or are to be read again. Knows nothing about who builds what.
"""

from __future__ import annotations

import re

_CHANGES = rb"(?:rotat|reload|refresh|expir|reflect|chang|renew)\w*"

_WANTS_FRESH = re.compile(
    rb"\bfresh +(?:\w+ +){0,4}?(?:clients?|sessions?|connections?|engines?|credentials?)\b"
    rb"|\b" + _CHANGES + rb" +(?:[\w']+ +){0,5}?credentials?\b"
    rb"|\bcredentials? +(?:[\w']+ +){0,5}?" + _CHANGES,
    re.IGNORECASE,
)


def fresh_lines(data: bytes) -> tuple[int, ...]:
    """Numbers of the lines that want a fresh object, from 1."""
    found: list[int] = []
    line, start = 1, 0
    for match in _WANTS_FRESH.finditer(data):
        line += data.count(b"\n", start, match.start())
        start = match.start()
        if not found or found[-1] != line:
            found.append(line)
    return tuple(found)
