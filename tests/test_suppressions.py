"""``noqa`` comments: exactly what flake8 makes of them."""

from __future__ import annotations

import argparse
import string
from pathlib import Path

import pytest
from flake8.defaults import NOQA_FILE, NOQA_INLINE_REGEXP
from flake8.processor import FileProcessor
from flake8.violation import Violation
from hypothesis import given
from hypothesis import strategies as st

from celeryleak_lint.suppressions import is_suppressed, physical_lines, read_suppressions

CASES = {
    "none": "a = 1\n",
    "all": "a = 1  # noqa\n",
    "code": "a = 1  # noqa: CLK101\n",
    "prefix": "a = 1  # noqa: CLK1\n",
    "other": "a = 1  # noqa: E501\n",
    "several": "a = 1  # noqa: E501,CLK101 W291\n",
    "no space": "a = 1  # noqa:CLK101\n",
    "two spaces": "a = 1  # noqa:  CLK101\n",
    "loud": "a = 1  # NOQA: CLK101\n",
    "lower code": "a = 1  # noqa: clk101\n",
    "letters only": "a = 1  # noqa: CLK\n",
    "reason": "a = 1  # noqa: CLK101 because it must\n",
    "in a string": "a = '# noqa'\n",
    "no blank": "a = 1  #noqa\n",
    "string": 'a = """\nx\n"""  # noqa: CLK101\nb = 2\n',
    "backslash": "a = 1 + \\\n    2  # noqa: CLK101\nb = 2\n",
    "brackets": "a = f(\n    1,\n)  # noqa: CLK101\n",
    "whole file": "a = 1\n# flake8: noqa\n",
    "whole file with codes": "a = 1\n# flake8: noqa: E501\n",
    "whole file on a line with code": "a = 1  # flake8: noqa\nb = 2\n",
    "not tokenisable": 'a = 1  # noqa\nb = """\n',
    "form feed": "a = 1\n\x0cb = 2  # noqa\n",
    "separator": "a = '\u2028'\nb = 2  # noqa\n",
    "carriage returns": "a = 1  # noqa\r\nb = 2\r\n",
    "old Mac": "a = 1\rb = 2  # noqa\r",
    "mark": "\ufeffa = 1  # noqa\nb = 2\n",
    "no end": "a = 1\nb = 2  # noqa",
    "latin": "# -*- coding: latin-1 -*-\na = '\xe9'  # noqa\n",
    "empty": "",
}


def flake8_says(path: Path, line: int, code: str) -> bool:
    """What flake8 itself decides for a finding."""
    options = argparse.Namespace(
        hang_closing=False, indent_size=4, max_line_length=79, max_doc_length=None, verbose=0,
        disable_noqa=False,
    )  # fmt: skip
    processor = FileProcessor(str(path), options)
    if processor.should_ignore_file():
        return True
    physical = processor.noqa_line_for(line)
    return Violation(code, str(path), line, 1, "", physical).is_inline_ignored(False)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("code", ["CLK101", "CLK201"])
def test_same_verdict_as_flake8(tmp_path: Path, name: str, code: str) -> None:
    data = CASES[name].encode("latin-1" if name == "latin" else "utf-8")
    path = tmp_path / "case.py"
    path.write_bytes(data)
    for line in range(1, len(physical_lines(data)) + 1):
        assert is_suppressed(data, line, code) is flake8_says(path, line, code), line


def test_the_cases_show_both_verdicts() -> None:
    assert is_suppressed(CASES["string"].encode(), 1, "CLK101")
    assert not is_suppressed(CASES["brackets"].encode(), 1, "CLK101")


@given(st.text(alphabet=string.printable, max_size=40))
def test_same_grammar_as_flake8(text: str) -> None:
    comment = "# noqa" + text.translate({ord(c): " " for c in "\r\n\x0b\x0c"})
    match = NOQA_INLINE_REGEXP.search(comment)
    assert match is not None
    codes = match["codes"]
    expected = codes is None or "CLK101".startswith(
        tuple(code for code in codes.replace(",", " ").split() if code)
    )
    assert is_suppressed(f"x = 1  {comment}\n".encode(), 1, "CLK101") is (
        expected or NOQA_FILE.match(f"x = 1  {comment}") is not None
    )


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    read_suppressions(data + b"# noqa")
    assert "".join(physical_lines(data)).count("\n") >= data.count(b"\n") - data.count(b"\r\n")


def test_a_code_of_another_linter_counts_only_by_name() -> None:
    text = b"a = 1  # noqa: B019, E501\nb = 2  # noqa\nc = 3  # noqa: B0\nd = 4  # noqa: CLK206\n"
    suppressions = read_suppressions(text)
    assert [suppressions.names(line, "B019") for line in (1, 2, 3, 4, 5)] == [
        True,
        False,
        True,
        False,
        False,
    ]
