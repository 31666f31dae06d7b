"""Hostile files: whatever libcst does, a run gets a value, and soon."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from celeryleak_lint.cst import containment
from celeryleak_lint.cst.containment import Contained, run_contained
from celeryleak_lint.cst.jobs import describe
from celeryleak_lint.cst.locate import locate
from celeryleak_lint.cst.modernise import Refusal, modernise
from celeryleak_lint.cst.stacks import run_on_stack
from celeryleak_lint.model.source import Spot

NESTED_IFS = "".join(" " * level + "if 1:\n" for level in range(600)) + " " * 600
HERE = Spot("call", "", 1, "f")

READ = {
    "a thousand parentheses": "f(); x = " + "(" * 1000 + "a" + ")" * 1000,
    "lists": "f(); x = " + "[" * 300 + "a" + "]" * 300,
    "or": "f(); x = " + " or ".join("a" * 600),
    "plus": "f(); x = " + " + ".join("a" * 600),
    "strings side by side": "f(); x = (" + '"a"\n' * 600 + ")",
    "calls of calls": "f(); x = a" + ".b()" * 300,
    "elif": "if f(): pass\n" + "elif b: pass\n" * 600,
    "comprehension": "f(); x = [" + "a " + "for a, b in c " * 300 + "]",
    "inside a formatted string": 'f(); x = f"{' + "(" * 300 + "a" + ")" * 300 + '}"',
    "megabyte of string": "f('" + "a" * 1_000_000 + "')",
    "fifty thousand numbers": "x = [f(), " + "1, " * 50_000 + "]",
    "fifty thousand lines": "x = [f(),\n" + "    'a',\n" * 50_000 + "]",
}
REFUSED = {
    "parentheses": ("f(); x = " + "(" * 3000 + "a" + ")" * 3000, "levels"),
    "or": ("f(); x = " + " or ".join("a" * 20_000), "levels"),
    "plus": ("f(); x = " + " + ".join("a" * 20_000), "levels"),
    "minus": ("f(); x = " + "-" * 20_000 + "1", "levels"),
    "strings in strings": ("f(); x = " + 'f"{' * 3000 + '}"' * 3000, "never closed"),
    "null byte": ("f()\0", "null bytes"),
    "open bracket": ("f(", "refuses"),
    "no python": ("f() 1 2", "refuses"),
}


@pytest.mark.parametrize("name", READ)
def test_difficult_but_read(name: str) -> None:
    started = time.monotonic()

    located = locate((READ[name] + "\n").encode(), [HERE])

    assert [found.spot for found in located.placed] == [HERE]
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("name", REFUSED)
def test_hopeless_is_said_so_at_once(name: str) -> None:
    text, word = REFUSED[name]
    started = time.monotonic()

    located = locate((text + "\n").encode(), [HERE])

    assert located.placed == ()
    assert [missing.spots for missing in located.unplaced] == [(HERE,)]
    assert word in located.unplaced[0].reason
    assert time.monotonic() - started < 2


def test_blocks_too_deep_for_python_are_refused_only_where_they_are() -> None:
    data = ("f()\n" + NESTED_IFS + "f()\n").encode()
    deep = Spot("call", "", 602, "f")

    located = locate(data, [HERE, deep])

    assert [found.spot for found in located.placed] == [HERE]
    assert [missing.spots for missing in located.unplaced] == [(deep,)]


def test_one_bad_statement_does_not_spoil_the_others() -> None:
    spots = [Spot("call", "", line, "f") for line in (1, 2, 3)]

    located = locate(b"f()\nf() x y\nf()\n", spots)

    assert [found.spot for found in located.placed] == [spots[0], spots[2]]
    assert located.unplaced[0].line == 2


def test_a_parse_that_takes_too_long_is_stopped() -> None:
    text = "x = " + "g(" * 1000 + "a" + ")" * 1000 + "\n"
    started = time.monotonic()

    outcome = run_contained("find", text, [["call", "", 1, "g", 0]], time_limit=1)

    assert isinstance(outcome, Contained)
    assert "more than 1 seconds" in outcome.reason
    assert time.monotonic() - started < 4


def test_a_child_that_dies_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containment, "_START_UP", "import os; os.abort()")

    outcome = run_contained("find", "x = " + "(" * 200 + "a" + ")" * 200 + "\n", [])

    assert isinstance(outcome, Contained)
    assert "crashed" in outcome.reason


def test_a_child_that_cannot_start_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    outcome = run_contained("find", "x = " + "(" * 200 + "a" + ")" * 200 + "\n", [])

    assert isinstance(outcome, Contained)
    assert "can be started" in outcome.reason


def test_the_callers_recursion_does_not_matter() -> None:
    def dig(levels: int) -> list[object] | Contained:
        if levels:
            return dig(levels - 1)
        return run_contained(
            "find", "x = " + "[" * 60 + "f()" + "]" * 60 + "\n", [["call", "", 1, "f", 0]]
        )

    assert dig(sys.getrecursionlimit() - 200) == [[1, 65, 1, 68]]


def test_a_panic_is_a_value_and_the_stack_size_is_put_back() -> None:
    class Panic(BaseException):
        """Like those of native code."""

    def panic() -> None:
        raise Panic

    before = threading.stack_size()

    assert isinstance(run_on_stack(16, panic), Panic)
    assert threading.stack_size() == before


def test_what_is_written_for_nobody_is_refused_soon() -> None:
    started = time.monotonic()

    refused = modernise(("y = 1\nx = " + "(" * 3000 + "a" + ")" * 3000 + "\n").encode())

    assert isinstance(refused, Refusal)
    assert refused.line == 2
    assert time.monotonic() - started < 2


def test_an_error_that_holds_a_tree_is_not_printed() -> None:
    class Tree:
        """Refuses to be shown, as a deep one does."""

        def __repr__(self) -> str:
            raise RecursionError

    assert describe(KeyError(Tree())) == ("KeyError", 1, "no message")
