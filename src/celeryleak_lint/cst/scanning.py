"""Where logical lines begin and end, told from quotes, brackets and backslashes alone.

The scanner reads the newest grammar on every interpreter (an old replacement field is a
valid new one), is linear, and never recurses without a bound. It knows no statements.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

#: Formatted strings nested deeper than this are not scanned; CPython stops at 150.
_DEEPEST_STRING = 150

_OPENING = "([{"
_CLOSING = ")]}"

_BLANK = re.compile(r"[ \t\f]*(?:#[^\n]*)?(?:\n|\Z)")
_HEAD = re.compile(r"([ \t\f]*)(@|\w*)")
#: A logical line of one physical line without strings or nested brackets.
_PLAIN_LINE = re.compile(
    r"""[^"'#()\[\]{}\\\n]*(?:\([^"'#()\[\]{}\\\n]*\)[^"'#()\[\]{}\\\n]*)*(?:\#[^\n]*)?(?:\n|\Z)"""
)
_TOKEN = re.compile(
    r"""(?P<code>[^"'#()\[\]{}\\\n:]+|:)|(?P<quote>\"\"\"|'''|["'])|(?P<comment>\#[^\n]*)"""
    r"""|(?P<bracket>[()\[\]{}])|(?P<joined>\\\n?)|(?P<newline>\n)"""
)
_STRING_REST = {
    '"': re.compile(r'[^"\\\n]*(?:\\.[^"\\\n]*)*"', re.DOTALL),
    "'": re.compile(r"[^'\\\n]*(?:\\.[^'\\\n]*)*'", re.DOTALL),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""', re.DOTALL),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''", re.DOTALL),
}
_PREFIX = re.compile(r"(?:^|\W)([rbuftRBUFT]{1,2})\Z")
_PIECE = re.compile(r"[\\{\"'\n]")
_SPEC_PIECE = re.compile(r"[{}\"']")


class LogicalLine(NamedTuple):
    """A statement's line, joined over brackets, strings and backslashes.

    ``line`` and ``end_line`` are its first and last physical line, from 1; ``indent`` the
    width of its indentation; ``word`` its first word, or ``@``; ``end`` the offset after it.
    """

    line: int
    end_line: int
    indent: int
    word: str
    end: int


class Unscannable(msgspec.Struct, frozen=True):
    """The text cannot be cut into logical lines; ``line`` is where the trouble starts."""

    line: int
    reason: str


class _OpenStringError(Exception):
    """A string that never ends; carries the offset of its opening quote."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def logical_lines(text: str) -> tuple[LogicalLine, ...] | Unscannable:
    """All logical lines of ``text`` in order, without blank ones."""
    lines: list[LogicalLine] = []
    position, line, size = 0, 1, len(text)
    try:
        while position < size and (head := _HEAD.match(text, position)):
            blank = _BLANK.match(text, position)
            if blank:
                position, line = blank.end(), line + 1
                continue
            end = _line_end(text, position)
            newlines = text.count("\n", position, end)
            last = line + newlines - (text[end - 1] == "\n")
            lines.append(LogicalLine(line, last, _width(head[1]), head[2], end))
            position, line = end, line + newlines
    except _OpenStringError as trouble:
        return Unscannable(text.count("\n", 0, trouble.offset) + 1, "a string is never closed")
    return tuple(lines)


def string_end(text: str, quote: int) -> tuple[str, int]:
    """Prefix (lower case) and end offset of the string whose opening quote is at ``quote``.

    The end is -1 when the string is never closed.
    """
    try:
        return _prefix(text, quote), _string_end(text, quote, 0)
    except _OpenStringError:
        return _prefix(text, quote), -1


def _line_end(text: str, position: int) -> int:
    plain = _PLAIN_LINE.match(text, position)
    if plain:
        return plain.end()
    depth, size = 0, len(text)
    while position < size and (token := _TOKEN.match(text, position)):
        position = token.end()
        kind = token.lastgroup
        if kind == "quote":
            position = _string_end(text, token.start(), 0)
        elif kind == "bracket":
            depth = depth + 1 if token.group() in _OPENING else max(depth - 1, 0)
        elif kind == "newline" and not depth:
            return position
    return size


def _width(blank: str) -> int:
    """Indentation as Python measures it: tabs to multiples of eight, form feeds restart."""
    width = 0
    for character in blank:
        if character == " ":
            width += 1
        elif character == "\t":
            width = (width // 8 + 1) * 8
        else:
            width = 0
    return width


def _prefix(text: str, quote: int) -> str:
    found = _PREFIX.search(text[max(quote - 3, 0) : quote])
    return found[1].lower() if found else ""


def _string_end(text: str, quote: int, level: int) -> int:
    """Offset after the string that opens at ``quote``, inside ``level`` formatted strings."""
    mark = text[quote : quote + 3]
    if mark not in ('"""', "'''"):
        mark = mark[0]
    start = quote + len(mark)
    prefix = _prefix(text, quote)
    if "f" in prefix or "t" in prefix:
        if level >= _DEEPEST_STRING:
            raise _OpenStringError(quote)
        return _formatted_end(text, start, mark, level + 1, raw="r" in prefix)
    rest = _STRING_REST[mark].match(text, start)
    if rest is None:
        raise _OpenStringError(quote)
    return rest.end()


def _formatted_end(text: str, start: int, mark: str, level: int, *, raw: bool) -> int:
    position = start
    while piece := _PIECE.search(text, position):
        at, character = piece.start(), piece.group()
        if character == "\\":
            position = _after_backslash(text, at, raw=raw)
        elif character == "{":
            doubled = text.startswith("{{", at)
            position = at + 2 if doubled else _field_end(text, at + 1, mark, level)
        elif character == "\n":
            if len(mark) == 1:
                break
            position = at + 1
        elif text.startswith(mark, at):
            return at + len(mark)
        else:
            position = at + 1
    raise _OpenStringError(start - len(mark))


def _after_backslash(text: str, at: int, *, raw: bool) -> int:
    following = text[at + 1 : at + 2]
    if following in "{}":
        return at + 1  # the backslash is text, the brace still opens a field
    if not raw and text.startswith("N{", at + 1):
        return text.find("}", at) + 1 or len(text)
    return at + 2


def _field_end(text: str, start: int, mark: str, level: int) -> int:
    """Offset after the ``}`` of the replacement field whose expression begins at ``start``."""
    position, depth = start, 0
    while token := _TOKEN.match(text, position):
        position = token.end()
        kind, written = token.lastgroup, token.group()
        if kind == "quote":
            position = _string_end(text, token.start(), level)
        elif kind == "code" and written == ":" and not depth:
            return _spec_end(text, position, mark, level)
        elif kind != "bracket":
            continue
        elif written in _OPENING:
            depth += 1
        elif not depth:
            return position
        else:
            depth -= 1
    raise _OpenStringError(start)


def _spec_end(text: str, start: int, mark: str, level: int) -> int:
    """Offset after the ``}`` that closes the field whose format specification begins here."""
    if level >= _DEEPEST_STRING:
        raise _OpenStringError(start)
    position = start
    while piece := _SPEC_PIECE.search(text, position):
        at, character = piece.start(), piece.group()
        if character == "}":
            return at + 1
        if character == "{":
            position = _field_end(text, at + 1, mark, level + 1)
        elif text.startswith(mark, at):
            break
        else:
            position = at + 1
    raise _OpenStringError(start)
