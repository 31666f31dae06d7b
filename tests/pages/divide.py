"""The twin of a one-file case whose lower layer of definitions moves to a module of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
MOVABLE = (*DEFINITIONS, ast.Assign, ast.AnnAssign)
PART = "divided_part"


@dataclass(frozen=True, slots=True)
class Division:
    """The two files, and the lines that went to the second one."""

    files: Mapping[str, str]
    moved: frozenset[int]


def divided(path: str, text: str) -> Division | None:
    """Split one file in two, all lines staying where they are; `None` if it cannot be split.

    A definition that others use moves together with all it uses itself; whatever rebinds a
    moved name keeps the file in one piece.
    """
    body = ast.parse(text).body
    owners = {name: node for node in body for name in _binds(node)}
    for name, node in owners.items():
        if not isinstance(node, DEFINITIONS):
            continue
        moved = _closure(node, owners)
        left = [each for each in body if each not in moved and not _is_import(each)]
        exported = sorted(n for n, owner in owners.items() if owner in moved and n in _reads(left))
        movable = left and all(isinstance(each, MOVABLE) for each in moved)
        if name in exported and movable and not _rebinds(left, owners, moved):
            return _write(path, text, body, moved, exported)
    return None


def _binds(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    if isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _closure(node: ast.stmt, owners: Mapping[str, ast.stmt]) -> list[ast.stmt]:
    found, pending = [node], [node]
    while pending:
        for name in sorted(_reads([pending.pop()])):
            owner = owners.get(name)
            if owner is not None and owner not in found:
                found.append(owner)
                pending.append(owner)
    return found


def _reads(nodes: list[ast.stmt]) -> frozenset[str]:
    walked = (each for node in nodes for each in ast.walk(node))
    return frozenset(each.id for each in walked if isinstance(each, ast.Name))


def _rebinds(left: list[ast.stmt], owners: Mapping[str, ast.stmt], moved: list[ast.stmt]) -> bool:
    names = {
        name
        for node in left
        for each in ast.walk(node)
        if isinstance(each, ast.Global)
        for name in each.names
    }
    return any(owners.get(name) in moved for name in names)


def _is_import(node: ast.AST) -> bool:
    """An import, or a condition or `try` around imports alone."""
    if isinstance(node, (ast.If, ast.Try)):
        parts = [each for each in ast.iter_child_nodes(node) if not isinstance(each, ast.expr)]
        return all(map(_is_import, parts))
    if isinstance(node, ast.ExceptHandler):
        return all(map(_is_import, node.body))
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass))


def _write(
    path: str, text: str, body: list[ast.stmt], moved: list[ast.stmt], exported: list[str]
) -> Division:
    lines = text.split("\n")
    imported = _lines(node for node in body if _is_import(node))
    gone = _lines(iter(moved))
    kept_lines = ["" if number in gone else line for number, line in enumerate(lines, 1)]
    kept_lines[min(gone) - 1] = f"from {PART} import {', '.join(exported)}"
    part_lines = [line if number in gone | imported else "" for number, line in enumerate(lines, 1)]
    kept, part = "\n".join(kept_lines), "\n".join(part_lines)
    return Division({path: kept, f"{PART}.py": part}, gone)


def _lines(nodes: Iterator[ast.stmt]) -> frozenset[int]:
    found: set[int] = set()
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        found.update(range(first, (node.end_lineno or node.lineno) + 1))
    return frozenset(found)
