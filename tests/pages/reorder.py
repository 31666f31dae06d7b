"""The twin of a case whose top-level definitions come in another order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def reordered(files: Mapping[str, str]) -> dict[str, str]:
    """Each run of neighbouring definitions that do not need each other at import, reversed."""
    return {path: _file(text) for path, text in files.items()}


def _file(text: str) -> str:
    lines = text.split("\n")
    out, position = [], 0
    for run in _runs(ast.parse(text).body):
        start = _first_line(run[0]) - 1
        out += lines[position:start]
        chunks, position = [], start
        for node in run:
            end = node.end_lineno or node.lineno
            chunks.append(lines[position:end])
            position = end
        out += [line for chunk in reversed(chunks) for line in chunk]
    return "\n".join(out + lines[position:])


def _runs(body: list[ast.stmt]) -> Iterator[list[Definition]]:
    run: list[Definition] = []
    for node in body:
        if isinstance(node, Definition) and not _clashes(node, run):
            run.append(node)
            continue
        if len(run) > 1:
            yield run
        run = [node] if isinstance(node, Definition) else []
    if len(run) > 1:
        yield run


def _clashes(node: Definition, run: list[Definition]) -> bool:
    """Whether `node` and a definition before it need their order."""
    if run and node.lineno == (run[-1].end_lineno or 0):
        return True
    return any(
        node.name == other.name
        or other.name in needed_at_import(node)
        or node.name in needed_at_import(other)
        for other in run
    )


def _first_line(node: Definition) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def needed_at_import(node: ast.AST) -> frozenset[str]:
    """Names read when the statement runs at import: everything but function bodies."""
    found: set[str] = set()
    pending: list[ast.AST] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.Name):
            found.add(current.id)
        if isinstance(current, (ast.FunctionDef, ast.AsyncFunctionDef)):
            pending += [current.args, *current.decorator_list]
            pending += [current.returns] if current.returns else []
            continue
        pending += ast.iter_child_nodes(current)
    return frozenset(found)
