"""Logical lines and statements must be those of Python's own tokenizer and parser."""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import io
import tokenize
import typing
from pathlib import Path

import pytest

from celeryleak_lint.cst.layout import Layout, lay_out
from celeryleak_lint.cst.scanning import Unscannable, logical_lines, string_end

TRICKY = '''\
x = """one
# not a comment
two"""; y = 1
def f(a,  # [(
      b="'"):
    return a[
1:2] + \\
  b  # "

# comment
    # deeper comment
@deco
# between
class C:
    s = r"\\\\"
    t = rb'\\'' + b""
\f
\fz = f"{x!r:>{y}} {{ }} \\N{DASH}" rf"\\{y}"
w = f"""
{x} # "
"""
'''


def _tokenized(text: str) -> list[tuple[int, int]]:
    """First and last physical line of each logical line, by ``tokenize``."""
    lines, first = [], 0
    skipped = {tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.NL}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in skipped:
            continue
        first = first or token.start[0]
        if token.type == tokenize.NEWLINE:
            lines.append((first, token.start[0]))
            first = 0
    return lines


def _scanned(text: str) -> list[tuple[int, int]]:
    lines = logical_lines(text)
    assert not isinstance(lines, Unscannable)
    return [(line.line, line.end_line) for line in lines]


@pytest.mark.parametrize("module", [ast, dataclasses, enum, inspect, tokenize, typing])
def test_logical_lines_are_those_of_the_tokenizer(module: object) -> None:
    text = Path(inspect.getfile(module)).read_text(encoding="utf-8")

    assert _scanned(text) == _tokenized(text)


def test_tricky_text_is_cut_as_the_tokenizer_does() -> None:
    assert _scanned(TRICKY) == _tokenized(TRICKY)


def test_nested_quotes_in_a_formatted_string_are_one_string_on_every_interpreter() -> None:
    text = 'f"{g("}{", f\'{h("")}\')!r:{w["a"]}}" + "b"'

    assert string_end(text, 1) == ("f", text.index(" + "))


def test_a_backslash_does_not_hide_a_brace() -> None:
    text = 'f"\\{g(")")}" + b'

    assert string_end(text, 1) == ("f", text.index(" + "))


@pytest.mark.parametrize(
    ("text", "line"),
    [('x = 1\ny = """z\n', 2), ("x = 'a\n'\n", 1), ('\n\nf"{a', 3), ("f'{a:b'", 1)],
)
def test_an_open_string_is_a_value_with_its_line(text: str, line: int) -> None:
    assert logical_lines(text) == Unscannable(line, "a string is never closed")


def test_formatted_strings_nested_beyond_reason_do_not_recurse() -> None:
    assert isinstance(logical_lines('f"{' * 5000), Unscannable)


def test_statements_of_the_module_are_those_of_the_parser() -> None:
    for module in (dataclasses, typing, inspect):
        data = Path(inspect.getfile(module)).read_bytes()
        layout = lay_out(data)
        assert isinstance(layout, Layout)
        found = [(piece.line, piece.end_line) for piece in layout.top_level()]
        wanted = [
            (min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]),
             node.end_lineno)
            for node in ast.parse(data).body
        ]  # fmt: skip
        assert found == wanted


def test_clauses_comments_and_decorators_belong_to_their_statement() -> None:
    data = (
        b"x = 1\n\n# about\n# the try\ntry:\n    a\n# odd\nexcept E:\n    b\nelse:\n    c\n"
        b"finally: d\n@e\n# f\nasync def g(): h\n"
    )
    layout = lay_out(data)
    assert isinstance(layout, Layout)

    top = list(layout.top_level())

    assert [(piece.line, piece.end_line) for piece in top] == [(1, 1), (5, 12), (13, 15)]
    assert [layout.comment_start(piece) for piece in top] == [1, 3, 13]
