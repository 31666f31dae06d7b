"""A finding's identity: what it is, apart from where its file lies and on which line.

A fingerprint has two halves. The content says which code was found in which function, on
which construct, the how manieth of its kind; the place says in which file. Whoever compares
fingerprints can so follow a file that was renamed.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterator

from celeryleak_lint.model.untokenizable import REFUSALS

CONTENT_LENGTH = 16
PLACE_LENGTH = 8

_SILENT = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
)
_CLOSING = (")", "]", "}")
#: Newer interpreters take formatted strings apart; they count as they are written, as before.
_OPENING = ("FSTRING_START", "TSTRING_START")
_ENDING = ("FSTRING_END", "TSTRING_END")


def fingerprint(*, code: str, path: str, function: str, construct: str, ordinal: int) -> str:
    """The fingerprint of a finding: the half of its content, then the half of its place.

    ``path`` is relative to the project root, ``construct`` is text from ``normalised``, and
    ``ordinal`` counts equal ones in the file from 1.
    """
    content = "\0".join((code, function, construct, str(ordinal)))
    return _digest(content)[:CONTENT_LENGTH] + _digest(path)[:PLACE_LENGTH]


def content_of(mark: str) -> str:
    """The half of a fingerprint that survives a renaming of the file."""
    return mark[:CONTENT_LENGTH]


def normalised(text: str) -> str:
    """A piece of source without what a formatter may change: blanks, comments, quotes, last commas.

    What cannot be tokenised keeps its words, with single blanks between them.
    """
    try:
        words = list(_words(text))
    except REFUSALS:
        return " ".join(text.split())
    kept = [
        word
        for word, after in zip(words, [*words[1:], ""], strict=True)
        if not (word == "," and after in _CLOSING)
    ]
    return _joined(kept)


def _words(text: str) -> Iterator[str]:
    # in brackets line ends mean nothing, as in the statement around the construct
    lines = list(io.StringIO(f"(\n{text}\n)"))
    opened: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(iter(lines).__next__):
        kind = tokenize.tok_name[token.type]
        if kind in _OPENING:
            opened.append(token.start)
        elif kind in _ENDING:
            start = opened.pop()
            if not opened:
                yield _between(lines, start, token.end)
        elif not (opened or token.type in _SILENT or not token.string):
            yield _requoted(token.string) if token.type == tokenize.STRING else token.string


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text from one place to another; lines count from 1, columns from 0."""
    piece = [*lines[start[0] - 1 : end[0] - 1], lines[end[0] - 1][: end[1]]]
    return "".join(piece)[start[1] :]


def _requoted(literal: str) -> str:
    """A plain string in double quotes; anything that could change by that stays as it is."""
    body = literal[1:-1]
    is_plain = literal[0] == "'" and not literal.startswith("'''")
    return f'"{body}"' if is_plain and '"' not in body and "\\" not in body else literal


def _joined(words: list[str]) -> str:
    """The words inside the brackets that were put around, a blank only where names would run together."""
    text = ""
    for word in words[1:-1]:
        glues = text[-1:].isidentifier() or text[-1:].isdigit()
        text += f" {word}" if glues and (word[0].isidentifier() or word[0].isdigit()) else word
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
