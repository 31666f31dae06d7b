"""Newer syntax under the interpreter that runs: readable, no line moved, no call lost."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from celeryleak_lint.cst.modernise import Refusal, modernise

#: Text, and the calls, definitions and names of interest it must still show, by line.
CONSTRUCTS = {
    "except without parentheses": (
        "try:\n    f()\nexcept a.A, g(B), C:\n    h()\n",
        ["f 2", "g 3", "h 4"],
    ),
    "except star without parentheses": (
        "try:\n    f()\nexcept* A, B:\n    h()\nexcept*C as e:\n    h()\n",
        ["f 2", "h 4", "h 6"],
    ),
    "except star": ("try:\n    f()\nexcept \\\n  *A as e:\n    h()\n", ["f 2", "h 5"]),
    "type parameters of a function": (
        "@d()\nasync def m[T: int, *Ts, **P](a: T = f()) -> T:\n    return g(a)\n",
        ["d 1", "m 2", "f 2", "g 3"],
    ),
    "type parameters of a class": (
        "class K[\n    T,  # (\n    U: (str, int),\n](Base[T], f()):\n    x = g()\n",
        ["K 1", "f 4", "g 5"],
    ),
    "defaults of type parameters": (
        "class K[T = int, *Ts = *tuple[int], **P = [int]]:\n    x = g()\n",
        ["K 1", "g 2"],
    ),
    "type statement": ("if 1:\n    type X[T] = dict[\n        T, f()]\n    g()\n", ["f 3", "g 4"]),
    "type statement over lines": ("type \\\n  X = f()\n", ["f 2"]),
    "type statement with a default": ("type X[T = int] = f(T)\ng()\n", ["f 1", "g 2"]),
    "same quotes in a formatted string": ('x = f"{f("a")} {g(\'b\')}"\n', ["f 1", "g 1"]),
    "backslash in a formatted string": ('x = f"{"\\n".join(f("a"))}"\n', ["f 1", "join 1"]),
    "lines in a formatted string": (
        'x = f"{f(\n  1,  # one {\n)!r:>{g(\n  "w")}}" + h()\nk()\n',
        ["f 1", "g 3", "h 4", "k 5"],
    ),
    "formatted strings in each other": (
        'x = f"{f(f"{g("a")} {h(\'b\')}")}{f"{f"{k()}"}"}"\n',
        ["f 1", "g 1", "h 1", "k 1"],
    ),
    "formatted strings side by side": (
        'x = ("a" f"{f("x")}"  # c\n  "b" f"{y}"\n  f"{g(\n  "z")}").join(h())\n',
        ["f 1", "g 3", "h 4", "join 1"],
    ),
    "long formatted string": (
        'x = f"""{{\n{f"{f("""a\nb""")}"}\n\n {g("""c""")} }}"""\nh()\n',
        ["f 2", "g 5", "h 6"],
    ),
    "yield in a formatted string": ('def m():\n    x = f"{(yield f("a"))}"\n', ["m 1", "f 2"]),
    "template string": ('x = t"{f("a")}" rt\'{g()}\' T"{h()}"\n', ["f 1", "g 1", "h 1"]),
    "template string in a formatted one": ('x = f"{t"{f()}"}"\n', ["f 1"]),
    "star in a subscript": ("x[*f(), 1] = y[\n    *g()]\n", ["f 1", "g 2"]),
    "star in an annotation": ("def m(*args: *f()): g()\n", ["m 1", "f 1", "g 1"]),
    "lazy import": ("lazy import a\nlazy from b import c\nf()\n", ["f 3"]),
    "unpacking in comprehensions": (
        "x = [*f(i) for i in y], {*g(i) for i in y}, {**h(i) for i in y}\nk(*z() for z in y)\n",
        ["f 1", "g 1", "h 1", "k 2", "z 2"],
    ),
    "several in a long class": (
        "class K[T]:\n"
        + "    def m(self):\n        return f()\n" * 60
        + "    def n[U](self):\n        try: g()\n        except A, B: h()\n"
        + "    match x:\n        case 1:\n            y = f\"{k(\"a\")}\"\n",
        ["K 1", *(word for row in range(60) for word in (f"m {2 * row + 2}", f"f {2 * row + 3}")),
         "n 122", "g 123", "h 124", "k 127"],
    ),
}  # fmt: skip


def _shown(data: bytes) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(f"{node.name} {node.lineno}")
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            found.append(f"{name} {node.lineno}")
    return sorted(found)


def _is_read(data: bytes) -> bool:
    try:
        ast.parse(data)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_every_construct_is_read(name: str) -> None:
    text, shown = CONSTRUCTS[name]
    data = text.encode()

    rewritten = modernise(data)

    assert isinstance(rewritten, bytes)
    assert (rewritten == data) == _is_read(data)
    assert rewritten.count(b"\n") == data.count(b"\n")
    assert _shown(rewritten) == sorted(shown)


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_other_statements_stay_as_they_are(name: str) -> None:
    before, after = "x = 'ä'  # \f\n\n", "\fdef last():\n    '''a\n\f b'''\n"
    data = (before + CONSTRUCTS[name][0] + after).encode()

    rewritten = modernise(data)

    assert isinstance(rewritten, bytes)
    assert rewritten.startswith(before.encode())
    assert rewritten.endswith(after.encode())


@pytest.mark.parametrize("module", [ast, inspect])
def test_what_is_read_already_is_not_touched(module: object) -> None:
    data = Path(inspect.getfile(module)).read_bytes()

    assert modernise(data) == data


def test_encoding_and_mark_survive() -> None:
    latin = "# coding: latin-1\nlazy import ä\n".encode("latin-1")
    marked = b"\xef\xbb\xbflazy import a\r\n"

    assert modernise(latin) == "# coding: latin-1\nimport ä\n".encode("latin-1")
    assert modernise(marked) == b"\xef\xbb\xbfimport a\n"


def test_rewriting_again_changes_nothing() -> None:
    for text, _ in CONSTRUCTS.values():
        once = modernise(text.encode())
        assert isinstance(once, bytes)
        assert modernise(once) == once


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("x = 1\ny = = 2\n", 2, 5, "invalid syntax for Python"),
        ("class A:\n    lazy import b\n    f(a=1, b)\n", 3, 13, "positional argument follows"),
        ("lazy import a\n\nx = '\n", 3, 1, "a string is never closed"),
        ("f()\0\n", 1, 1, "null bytes"),
        ("# coding: klingon\n", 1, 1, "encoding"),
        ("def f(:\n", 1, 7, "invalid syntax for Python"),
        ("if 1:\nx\n", 1, 6, "expected an indented block"),
        ("x = (1\n", 1, 5, "never closed"),
    ],
)
def test_what_no_python_reads_is_refused_with_its_place(
    text: str, line: int, column: int, word: str
) -> None:
    refused = modernise(text.encode())

    assert isinstance(refused, Refusal)
    assert (refused.line, refused.column) == (line, column)
    assert word in refused.message


def test_a_construct_we_know_but_cannot_rewrite_names_the_version_it_needs() -> None:
    refused = modernise(b"f()\nif f():\n    lazy import b; a = b'\xc3\xa9'\n")

    assert isinstance(refused, Refusal)
    assert refused.line == 3
    assert refused.message.startswith("needs Python 3.15: ")
