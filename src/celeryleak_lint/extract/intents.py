"""Lines on which an author says that an object is meant to be a fresh one.

Comments and docstrings are prose, so only few ways of speaking count: of a fresh client, of
something fresh for each call, and of credentials that change or are to be read again. Knows nothing about who builds what.
"""

from __future__ import annotations

import re

_CHANGES = rb"(?:rotat|reload|refresh|expir|reflect|chang|renew)\w*"

_WANTS_FRESH = re.compile(
    rb"\bfresh +(?:\w+ +){0,4}?(?:clients?|sessions?|connections?|engines?|credentials?)\b"
    rb"|\bfresh +`*[\w.]*(?:client|session|connection|engine)s?\b"
    rb"|\bfresh +(?:\w+ +){1,2}(?:for +)?(?:per|each|every) +(?:call|request|turn|task|invocation|operation|access)s?\b"
    rb"|\b" + _CHANGES + rb" +(?:[\w']+ +){0,5}?credentials?\b"
    rb"|\bcredentials? +(?:[\w']+ +){0,5}?" + _CHANGES,
    re.IGNORECASE,
)

#: Without one of these in a line, in lower case, nothing in it can match.
_NEEDED = (b"fresh ", b"credential")


def fresh_lines(data: bytes) -> tuple[int, ...]:
    """Numbers of the lines that want a fresh object, from 1."""
    return tuple(
        data.count(b"\n", 0, start) + 1
        for start, end in _candidates(data.lower())
        if _WANTS_FRESH.search(data, start, end)
    )


def _candidates(small: bytes) -> list[tuple[int, int]]:
    """Where the lines with one of the words begin and end: a search everywhere takes half as long as parsing."""
    found: set[tuple[int, int]] = set()
    for word in _NEEDED:
        at = small.find(word)
        while at >= 0:
            start, end = small.rfind(b"\n", 0, at) + 1, small.find(b"\n", at)
            end = end if end >= 0 else len(small)
            found.add((start, end))
            at = small.find(word, end)
    return sorted(found)
