"""Fixes in files as they really are: encodings, marks, line ends, tabs, and no final newline."""

from __future__ import annotations

import codecs

import pytest

from tests.fixes.mended import mended

TEXT = """\
# größe
import sqlite3


def count(path):
    "ü"
    conn = sqlite3.connect(path)
    return conn.execute("SELECT 'ä'").fetchone()
"""
FIXED = """\
# größe
import contextlib
import sqlite3


def count(path):
    "ü"
    with contextlib.closing(sqlite3.connect(path)) as conn:
        return conn.execute("SELECT 'ä'").fetchone()
"""


def fixed(data: bytes) -> bytes:
    return mended(data).files["main.py"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_are_kept(newline: str) -> None:
    before, after = (text.replace("\n", newline).encode() for text in (TEXT, FIXED))
    assert fixed(before) == after


def test_other_line_ends_beside_the_usual_one_are_kept() -> None:
    before = TEXT.encode().replace(b"sqlite3\n", b"sqlite3\r\n", 1)
    assert fixed(before) == FIXED.encode().replace(b"sqlite3\n", b"sqlite3\r\n", 1)


def test_byte_order_mark_is_kept() -> None:
    assert fixed(codecs.BOM_UTF8 + TEXT.encode()) == codecs.BOM_UTF8 + FIXED.encode()
    first = codecs.BOM_UTF8 + b"import sqlite3\nconn = 1\n" + TEXT.partition("\n\n\n")[2].encode()
    assert fixed(first).startswith(codecs.BOM_UTF8 + b"import contextlib\nimport sqlite3\n")


def test_encoding_of_the_file_is_kept() -> None:
    cookie = "# -*- coding: latin-1 -*-\n"
    assert fixed((cookie + TEXT).encode("latin-1")) == (cookie + FIXED).encode("latin-1")


def test_tabs_are_indented_with_tabs() -> None:
    before, after = (text.replace("    ", "\t").encode() for text in (TEXT, FIXED))
    assert fixed(before) == after


def test_missing_final_newline_stays_missing() -> None:
    assert fixed(TEXT.rstrip("\n").encode()) == FIXED.rstrip("\n").encode()


def test_form_feeds_stay() -> None:
    before = TEXT.replace("\n\n\ndef", "\n\f\n\ndef").replace("    conn", "\f    conn")
    after = FIXED.replace("\n\n\ndef", "\n\f\n\ndef").replace("    with", "\f    with")
    assert fixed(before.encode()) == after.encode()


def test_columns_are_code_points() -> None:
    text = 'def read(path):\n    größe = "\U0001f40d", open(path).read()\n    return größe\n'
    done = mended(text)
    assert done.text == (
        'def read(path):\n    with open(path) as f:\n        größe = "\U0001f40d", f.read()\n    return größe\n'
    )
