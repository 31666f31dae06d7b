"""Text that is safe to show: what a hostile file name or source line could do to its reader."""

from __future__ import annotations

import unicodedata

#: Control, format (such as right-to-left overrides), surrogate, line and paragraph separators.
#: Noncharacters are unsafe, too: XML forbids them.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Anywhere in a line of a log, this begins a command to the runner of GitHub's workflows.
_COMMAND = "##["
_NONCHARACTER = 0xFFFE
_WIDE = frozenset({"W", "F"})


def escaped(text: str) -> str:
    """``text`` with every character that does not print replaced by a visible escape."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character) for character in text)
    return text.replace(_COMMAND, "##\\x5b")


def leading(path: str) -> str:
    """A path, escaped, to begin a line with: two colons there are a command to GitHub's runner."""
    shown = escaped(path)
    return f"./{shown}" if shown.startswith("::") else shown


def width(text: str) -> int:
    """How many terminal columns escaped text takes."""
    return sum(_columns(character) for character in text)


def _shown(character: str) -> str:
    is_noncharacter = ord(character) & _NONCHARACTER == _NONCHARACTER
    if unicodedata.category(character) not in _UNSAFE and not is_noncharacter:
        return character
    return ascii(character)[1:-1]


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
