"""Sizes and names of files and functions."""

from __future__ import annotations

import ast
import sys

from tests.house.sources import Function, sources

LONGEST_FILE = 400
LONGEST_FUNCTION = 80
MEANINGLESS = frozenset({"common", "helper", "helpers", "misc", "shared", "util", "utils"})


def test_no_file_is_too_long() -> None:
    long = [
        f"{source.path}: {lines} lines"
        for source in sources()
        if (lines := source.text.count("\n")) > LONGEST_FILE
    ]
    assert not long, "\n".join(long)


def test_no_function_is_too_long() -> None:
    long = [
        f"{source.path}:{node.lineno}: {node.name} has {lines} lines"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, Function)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_every_module_name_means_something() -> None:
    bad = [source.path for source in sources() if set(source.path.split("/")) & MEANINGLESS]
    bad += [source.path for source in sources() if source.stem in MEANINGLESS]
    assert not bad, "\n".join(bad)


def test_no_module_is_called_like_one_of_the_standard_library() -> None:
    bad = [source.path for source in sources() if source.stem in sys.stdlib_module_names]
    assert not bad, "\n".join(bad)


def test_nothing_is_left_for_later() -> None:
    marks = (
        "TO" + "DO",
        "FIX" + "ME",
        "XX" + "X",
        "raise " + "NotImplementedError",
        "pragma: no " + "cover",
    )
    left = [
        f"{source.path}:{number}: {line.strip()}"
        for source in sources()
        for number, line in enumerate(source.text.split("\n"), 1)
        if any(mark in line for mark in marks)
    ]
    assert not left, "\n".join(left)
