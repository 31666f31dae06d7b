"""Which findings a comment switches off: flake8's ``noqa`` grammar, so that the doors never differ.

It knows lines and comments only; it must not know rules or where a finding came from.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from celeryleak_lint.model.untokenizable import REFUSALS

_CODE = r"[A-Z]+[0-9]+(?:[,\s]+)?"
_LINE = re.compile(rf"# noqa(?::\s?(?P<codes>(?:{_CODE})+))?", re.IGNORECASE)
_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
#: What each code of ours begins with. A shorter code is none: it needs a digit.
OURS = "CLK"
#: What those codes of others begin with that excuse something of ours, too.
_ALIKE = "B0"


class Suppressions(msgspec.Struct, frozen=True):
    """The ``noqa`` comments of one file.

    ``whole_file`` is set by ``# flake8: noqa`` on a line of its own, also when codes follow
    it. ``by_line`` maps a line to the prefixes of codes switched off there; an empty prefix
    switches off all. The lines of a string that spans lines, and lines joined by a
    backslash, share their comment; lines inside brackets do not.
    """

    whole_file: bool = False
    by_line: Mapping[int, tuple[str, ...]] = msgspec.field(
        default_factory=lambda: MappingProxyType({})
    )

    def covers(self, line: int, code: str) -> bool:
        """Whether a finding with ``code`` on ``line`` (from 1) is switched off."""
        return self.whole_file or code.startswith(self.by_line.get(line, ()))

    def names(self, line: int, code: str) -> bool:
        """Whether a comment on ``line`` switches off ``code`` by its name or the start of it."""
        return code.startswith(tuple(prefix for prefix in self.by_line.get(line, ()) if prefix))


def may_name_codes(data: bytes) -> bool:
    """False when no comment in a file's bytes can name a code of ours, spelled right or wrong."""
    lowered = data.lower()
    return b"noqa" in lowered and OURS.lower().encode() in lowered


def read_suppressions(data: bytes) -> Suppressions:
    """The suppressions in a file's bytes; never fails, whatever the bytes are."""
    if b"noqa" not in data.lower():
        return Suppressions()
    lines = physical_lines(data)
    if any(_FILE.match(line) for line in lines):
        return Suppressions(whole_file=True)
    if not _may_be_asked_for(data, lines):
        return Suppressions()
    by_line: dict[int, tuple[str, ...]] = {}
    for first, last in joined_lines(lines):
        prefixes = _prefixes("".join(lines[first - 1 : last]))
        if prefixes:
            by_line.update(dict.fromkeys(range(first, last + 1), prefixes))
    return Suppressions(by_line=MappingProxyType(by_line))


def read_line_suppressions(data: bytes) -> Suppressions:
    """The suppressions in a file that is no Python but has ``#`` comments.

    A comment switches codes off on its line; one that fills its line, on the next line that
    is no comment, since some formats have no comments behind a value.
    """
    if b"noqa" not in data.lower():
        return Suppressions()
    by_line: dict[int, tuple[str, ...]] = {}
    waiting: tuple[str, ...] = ()
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        prefixes = _prefixes(line)
        if line.lstrip().startswith("#"):
            waiting += prefixes
            continue
        by_line[number] = (*prefixes, *waiting)
        waiting = ()
    return Suppressions(by_line=MappingProxyType(by_line))


def is_suppressed(data: bytes, line: int, code: str) -> bool:
    """Whether a comment in ``data`` switches off ``code`` on ``line``, for a single question."""
    return read_suppressions(data).covers(line, code)


def physical_lines(data: bytes) -> tuple[str, ...]:
    """The lines of a file as Python counts them, with their line feeds, without a byte-order mark.

    A form feed or a Unicode separator ends no line; a lone carriage return does. Bytes that
    cannot be decoded are read as Latin-1, so that there is always an answer.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = io.TextIOWrapper(io.BytesIO(data), encoding).readlines()
    except (SyntaxError, UnicodeError, LookupError):
        text = io.TextIOWrapper(io.BytesIO(data), "latin-1").readlines()
    if text and text[0].startswith("\ufeff"):
        text[0] = text[0][1:]
    return tuple(text)


def _may_be_asked_for(data: bytes, lines: tuple[str, ...]) -> bool:
    """False when all comments have codes, and none that matters here: then no line need be joined."""
    if OURS.encode() in data or _ALIKE.encode() in data:
        return True
    found = (_LINE.search(line) for line in lines if "noqa" in line.lower())
    return any(match is not None and match["codes"] is None for match in found)


def _prefixes(text: str) -> tuple[str, ...]:
    match = _LINE.search(text)
    if match is None:
        return ()
    codes = match["codes"]
    if codes is None:
        return ("",)
    return tuple(code for code in _SEPARATOR.split(codes) if code)


def joined_lines(lines: tuple[str, ...]) -> list[tuple[int, int]]:
    """First and last line of each run of lines that share a comment.

    When the file cannot be tokenised each line stands alone, as flake8 decides then.
    """
    source = iter(lines)
    runs: list[tuple[int, int]] = []
    first, last = len(lines) + 2, -1
    try:
        for token in tokenize.generate_tokens(lambda: next(source, "")):
            if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                continue
            first, last = min(first, token.start[0]), max(last, token.end[0])
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                runs.append((first, last))
                first, last = len(lines) + 2, -1
    except REFUSALS:
        return [(number, number) for number in range(1, len(lines) + 1)]
    return runs
