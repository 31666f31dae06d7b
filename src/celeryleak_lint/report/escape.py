"""Text that is safe to show: what a hostile file name or source line could do to a terminal."""

from __future__ import annotations

import unicodedata

#: Control, format (such as right-to-left overrides), surrogate, line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Anywhere in a line of a log, this begins a command to the runner of GitHub's workflows.
_COMMAND = "##["
_WIDE = frozenset({"W", "F"})


def escaped(text: str) -> str:
    """``text`` with every character that does not print replaced by a visible escape."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character) for character in text)
    return text.replace(_COMMAND, "##\\x5b")


def width(text: str) -> int:
    """How many terminal columns escaped text takes."""
    return sum(_columns(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    return ascii(character)[1:-1]


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
