"""Bytes to text as Python reads them: encoding cookie, byte order mark, line ends.

Knows nothing about the grammar.
"""

from __future__ import annotations

import codecs
import io
import re

import msgspec

_BOM = b"\xef\xbb\xbf"
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_SAVE = "save the file as UTF-8, or declare the right encoding in line 1, as in `# coding: latin-1`"
_NO_PYTHON = "mend the file, or exclude it if it is no Python"
#: Every byte that is not ASCII becomes a question mark.
_PLAIN = bytes(range(0x80)) + b"?" * 0x80
_LEADING_FORM_FEED = re.compile(r"[ \t]*\f[ \t\f]*")


class Source(msgspec.Struct, frozen=True):
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


class Undecodable(msgspec.Struct, frozen=True):
    """Why bytes are not Python source text; ``line`` counts from 1."""

    line: int
    reason: str


def undecodable(data: bytes) -> Undecodable | None:
    """Why the bytes of a file are no source text, ``None`` when they are or a parser will tell.

    Bytes that no parser looks at count, too: the language demands that all of a file decodes.
    CPython before 3.14.1 looks into comments only when it runs a file, not when it imports it.
    """
    if data.isascii() and b"\0" not in data:
        return None
    source = decode(data)
    return source if isinstance(source, Undecodable) else None


def decode(data: bytes) -> Source | Undecodable:
    """Read the bytes of a file as PEP 263 says; line ends become line feeds, no more."""
    if data.startswith(_WIDE_MARKS):
        return Undecodable(1, f"the file is UTF-16 or UTF-32, which Python does not read; {_SAVE}")
    unified = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in unified:
        line = unified.count(b"\n", 0, unified.index(b"\0")) + 1
        return Undecodable(line, f"source text cannot contain null bytes; {_NO_PYTHON}")
    has_bom = unified.startswith(_BOM)
    body = unified[len(_BOM) if has_bom else 0 :]
    encoding = _encoding(body, has_bom=has_bom)
    if isinstance(encoding, Undecodable):
        return encoding
    try:
        return Source(body.decode(encoding), encoding, has_bom)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        fact = f"byte {_shown(error)} is not valid in {encoding}: {error.reason}"
        return Undecodable(line, f"{fact}; {_SAVE}")
    except (LookupError, ValueError) as error:
        return Undecodable(1, f"the encoding {encoding} cannot be used: {error}; {_SAVE}")


def _encoding(body: bytes, *, has_bom: bool) -> str | Undecodable:
    """The codec that the first two lines declare, as the tokenizer understands them.

    A declaration in the second line holds for the first one, too, so that need not be UTF-8.
    """
    from tokenize import detect_encoding

    head = b"\n".join(body.split(b"\n", 2)[:2]).translate(_PLAIN)
    try:
        encoding, _ = detect_encoding(io.BytesIO((_BOM if has_bom else b"") + head).readline)
    except (SyntaxError, LookupError, ValueError) as error:
        cause = "the byte-order mark says UTF-8 and the declaration does not" if has_bom else error
        return Undecodable(1, f"the encoding of the file cannot be used: {cause}; {_SAVE}")
    return "utf-8" if has_bom else encoding


def _shown(error: UnicodeDecodeError) -> str:
    return " ".join(f"0x{byte:02x}" for byte in error.object[error.start : error.start + 1])


def form_feed_width(line: str) -> int:
    """Length of a line's start up to its last form feed, which Python's indentation ignores."""
    if "\f" not in line:
        return 0
    leading = _LEADING_FORM_FEED.match(line)
    return leading.group().rindex("\f") + 1 if leading else 0
