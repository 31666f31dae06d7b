"""Splits shell text into commands and words, and finds words again in the source.

Knows quoting, chains (``&&``, ``;``, ``|``) and continued lines; expands nothing. What it
cannot read it passes over: a script is judged by the commands that can be seen.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import msgspec

from celeryleak_lint.model.source import Span

#: Longest quoted text, in lines, that is joined before a quote counts as a plain character.
_QUOTED_LINES = 20
_SEPARATORS = ";&|"


class Command(msgspec.Struct, frozen=True):
    """One simple command: its words without quotes, and the row (from 0) on which it starts."""

    words: tuple[str, ...]
    row: int


def commands_in(text: str) -> Iterator[Command]:
    """All simple commands of a script, in order."""
    rows = text.split("\n")
    row = 0
    while row < len(rows):
        words, used = _logical_line(rows, row)
        yield from _divided(words, row)
        row += used


def _logical_line(rows: Sequence[str], first: int) -> tuple[list[str], int]:
    """The words of a line with what continues it, and how many rows that takes."""
    text, used, attempts = "", 0, 0
    while first + used < len(rows) and attempts < _QUOTED_LINES:
        row = rows[first + used]
        used += 1
        if row.endswith("\\"):
            text += row[:-1] + " "
            continue
        text += row
        # A row without quotes closes none: reading it all again would tell nothing.
        if not attempts or "'" in row or '"' in row:
            try:
                return _words(text), used
            except ValueError:
                pass
        attempts += 1
        text += "\n"
    return rows[first].split(), 1


def _words(text: str) -> list[str]:
    """Raises ValueError for a quote that is not closed."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace_split = True
    return list(lexer)


def _divided(words: list[str], row: int) -> Iterator[Command]:
    found: list[str] = []
    for word in words:
        if word and not word.strip(_SEPARATORS):
            if found:
                yield Command(tuple(found), row)
            found = []
        else:
            found.append(word)
    if found:
        yield Command(tuple(found), row)


def span_of_word(lines: Sequence[str], first: int, last: int, word: str) -> Span:
    """Where ``word`` stands alone in the lines ``first`` to ``last`` (from 1), to the end of its line.

    Without it, the first line that is not blank.
    """
    for number in range(first, min(last, len(lines)) + 1):
        line = lines[number - 1]
        start = line.find(word)
        while start >= 0:
            if _stands_alone(line, start, start + len(word)):
                return _to_the_end(line, number, start)
            start = line.find(word, start + 1)
    line = lines[first - 1] if first <= len(lines) else ""
    return _to_the_end(line, first, len(line) - len(line.lstrip()))


def _stands_alone(line: str, start: int, end: int) -> bool:
    before, after = line[start - 1 : start], line[end : end + 1]
    return not (before.isalnum() or before in ("_", "-")) and not (
        after.isalnum() or (after and after in "_-:.")
    )


def _to_the_end(line: str, number: int, start: int) -> Span:
    end = max(len(line.rstrip()), start)
    return Span(number, start + 1, number, end + 1)
