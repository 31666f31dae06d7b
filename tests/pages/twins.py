"""The metamorphic twins of a case: changed texts whose findings must be the same.

Knows which change keeps which fact. `Twin.place` says where a line of the original went.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.pages import names
from tests.pages.divide import PART, divided
from tests.pages.edit import Replacement, apply
from tests.pages.page import Case
from tests.pages.rename import renamed
from tests.pages.reorder import reordered
from tests.pages.respell import aliased, qualified

Place = tuple[str, int]
HEADER = "# a comment that moves everything\n\n\n"


@dataclass(frozen=True, slots=True)
class Twin:
    """A changed case. `by_function` is set when lines move in ways only functions survive.

    `same_fingerprints` is set when only lines moved.
    """

    name: str
    files: Mapping[str, str]
    place: Callable[[str, int], Place] = field(default=lambda path, line: (path, line))
    by_function: bool = False
    same_fingerprints: bool = False


def twins(case: Case) -> Iterator[Twin]:
    """Every twin that differs from the case itself; raises `ValueError` if `split` cannot be."""
    files, others = case.python(), case.others()
    lines = HEADER.count("\n")
    paths: Mapping[str, str]
    moved = {path: HEADER + text for path, text in case.texts().items()}
    yield Twin("shifted", moved, lambda path, line: (path, line + lines), same_fingerprints=True)
    for name, respell in (("aliased imports", aliased), ("dotted imports", qualified)):
        respelled = respell(files)
        if respelled != files:
            yield Twin(name, {**respelled, **others})
    shuffled = reordered(files)
    if shuffled != files:
        yield Twin("reordered", {**shuffled, **others}, by_function=True)
    other, paths = renamed(files)
    if other != files:
        yield Twin(
            "renamed modules", {**other, **others}, lambda path, line: (paths.get(path, path), line)
        )
    if case.split:
        yield _divided(case)


def _divided(case: Case) -> Twin:
    (file,) = case.files
    division = divided(file.path, file.text)
    if division is None:
        raise ValueError("this case asks for `split`, but no definition can move out of it")
    moved = division.moved
    return Twin(
        "split",
        division.files,
        lambda path, line: (f"{PART}.py" if line in moved else path, line),
    )


@dataclass(frozen=True, slots=True)
class Unrooted:
    """A case without its hot decorators: `heads` are the `(path, line)` where they made heat."""

    files: Mapping[str, str]
    heads: frozenset[Place]


def unrooted(files: Mapping[str, str], decorators: frozenset[str]) -> Unrooted:
    """Strip every decorator whose last name is in `decorators`; lines stay, emptied."""
    heads: set[Place] = set()
    stripped = {}
    for path, text in files.items():
        edits: list[Replacement] = []
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            hot = [d for d in node.decorator_list if _last_name(d) in decorators]
            edits += [_blank(decorator) for decorator in hot]
            if hot:
                first = min(each.lineno for each in node.decorator_list)
                heads.update((path, line) for line in range(first, node.lineno + 1))
        stripped[path] = apply(text, edits)
    return Unrooted(stripped, frozenset(heads))


def _last_name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return names.dotted(called).split(".")[-1]


def _blank(decorator: ast.expr) -> Replacement:
    """Turn the decorator, its `@` included, into a comment of as many lines."""
    end, column = decorator.end_lineno, decorator.end_col_offset
    assert end is not None
    assert column is not None
    text = "#" + "\n" * (end - decorator.lineno)
    return Replacement(decorator.lineno, decorator.col_offset - 1, end, column, text)
