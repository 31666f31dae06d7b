"""Bytes to text as Python reads them: encoding cookie, byte order mark, line ends.

Knows nothing about the grammar.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_LEADING_FORM_FEED = re.compile(r"[ \t]*\f[ \t\f]*")


@dataclass(frozen=True, slots=True)
class Source:
    """Decoded text without byte order mark whose lines all end in a line feed.

    Line numbers are those of the file; columns are too, but for the mark, which counts as
    one column of line 1 when ``has_bom``. ``encoding`` is the codec of the file.
    """

    text: str
    encoding: str
    has_bom: bool

    def encode(self, text: str) -> bytes:
        """``text`` in the file's encoding, with its byte order mark."""
        return (_BOM if self.has_bom else b"") + text.encode(self.encoding)


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Why bytes are not Python source text; ``line`` counts from 1."""

    line: int
    reason: str


def decode(data: bytes) -> Source | Undecodable:
    """Read the bytes of a file as PEP 263 says; line ends become line feeds, no more."""
    from tokenize import detect_encoding

    unified = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    has_bom = unified.startswith(_BOM)
    try:
        encoding, _ = detect_encoding(io.BytesIO(unified).readline)
        encoding = "utf-8" if has_bom else encoding
        text = unified[len(_BOM) if has_bom else 0 :].decode(encoding)
    except UnicodeDecodeError as error:
        line = unified.count(b"\n", 0, error.start) + 1
        return Undecodable(line, f"the bytes are not valid {error.encoding}: {error.reason}")
    except (SyntaxError, LookupError, UnicodeError) as error:
        return Undecodable(1, f"the encoding of the file cannot be used: {error}")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return Undecodable(line, "source text cannot contain null bytes")
    return Source(text, encoding, has_bom)


def form_feed_width(line: str) -> int:
    """Length of a line's start up to its last form feed, which Python's indentation ignores."""
    if "\f" not in line:
        return 0
    leading = _LEADING_FORM_FEED.match(line)
    return leading.group().rindex("\f") + 1 if leading else 0
