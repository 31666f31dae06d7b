"""Long displays made short: elements that are plain names or literals hold no suspect.

Fifty thousand numbers in a list cost libcst seconds and say nothing. What is left keeps its
columns and, through the slice's line map, its lines. Knows brackets, not meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from celeryleak_lint.cst.scanning import string_end
from celeryleak_lint.cst.slices import LONG, Slice

#: Characters above which a slice is thinned even if it has few lines.
WIDE = 20_000

_TOKEN = re.compile(r"[^\"'#()\[\]{},]+|\#[^\n]*|[\"'()\[\]{},]")


def thin(piece: Slice) -> Slice:
    """The slice without runs of call-free elements, or the slice itself when it is small."""
    if len(piece.lines) <= LONG and len(piece.text) <= WIDE:
        return piece
    text = piece.text
    kept: list[str] = []
    lines: list[int] = []
    done = row = 0
    for start, end in _runs(text):
        open_row = row + text.count("\n", done, start)
        lines += piece.lines[row:open_row]
        row = open_row + text.count("\n", start, end)
        if row > open_row:
            lines.append(piece.lines[open_row])
        kept += (text[done:start], _filler(text, start, end))
        done = end
    return Slice("".join((*kept, text[done:])), (*lines, *piece.lines[row:]))


def _filler(text: str, start: int, end: int) -> str:
    """Blanks for ``text[start:end]``: columns after it stay, lines inside it go."""
    newline = text.rfind("\n", start, end)
    return " " * (end - start) if newline < 0 else "\n" + " " * (end - newline - 1)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Ranges after a comma in brackets that hold only elements without calls, and their commas.

    The first element of a display always stays, so that none becomes empty.
    """
    position = depth = 0
    run = _run_pattern()
    while token := _TOKEN.match(text, position):
        position, written = token.end(), token.group()
        if written in "\"'":
            _, position = string_end(text, token.start())
            if position < 0:
                return
        elif written in "([{":
            depth += 1
        elif written in ")]}":
            depth -= 1
        elif written == "," and depth > 0 and (found := run.match(text, position)):
            position = found.end()
            yield found.span()


@cache
def _run_pattern() -> re.Pattern[str]:
    blank = r"(?:\s|\#[^\n]*\n)*"
    strings = (
        r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""',
        r"'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''",
        r'"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"',
        r"'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*'",
    )
    string = f"[rRbBuU]{{0,2}}(?:{'|'.join(strings)})"
    number = r"[-+~]?(?:\d|\.\d)(?:[eE][-+]?|[\w.])*"
    name = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
    value = f"(?:{string}(?:{blank}{string})*|{number}|{name})"
    for _ in range(2):
        inner = f"(?:{value}{blank}(?:[,:]{blank}{value}{blank})*,?{blank})?"
        group = rf"[(\[{{]{blank}{inner}[)\]}}]"
        value = f"(?:{value}|{group})"
    element = f"{blank}{value}{blank}(?::{blank}{value}{blank})?,"
    return re.compile(f"(?:{element})+", re.DOTALL)
