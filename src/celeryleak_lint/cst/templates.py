"""Template strings read as formatted ones: the same fields, no values of a new type.

libcst raises on adjacent template strings and older interpreters know none at all. One
letter changes, so every line and column stays.
"""

from __future__ import annotations

import re

from celeryleak_lint.cst.scanning import string_end

_PERHAPS = re.compile(r"(?<!\w)(?:[tT][rR]?|[rR][tT])[\"']")
_TOKEN = re.compile(r"[^\"'#]+|\#[^\n]*|[\"']")
_FORMATTED = str.maketrans("tT", "ff")


def templates_as_formatted(text: str) -> str:
    """``text`` with the prefix ``t`` of every string outside other strings turned into ``f``."""
    if not _PERHAPS.search(text):
        return text
    kept: list[str] = []
    done = position = 0
    while token := _TOKEN.match(text, position):
        position = token.end()
        if token.group() not in "\"'":
            continue
        quote = token.start()
        prefix, position = string_end(text, quote)
        if position < 0:
            break
        if "t" in prefix:
            start = quote - len(prefix)
            kept += (text[done:start], text[start:quote].translate(_FORMATTED))
            done = quote
    return "".join((*kept, text[done:]))
