"""What ``ast`` says about a file, as spots with the spans that the finder must give."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from celeryleak_lint.model.source import Span, Spot, SpotKind

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPOUND = (
    *_DEFINITIONS, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try,
    ast.Match, getattr(ast, "TryStar", ast.Try),
)  # fmt: skip
_Found = tuple[SpotKind, str, int, str, Span]


def expected(text: str) -> dict[Spot, Span]:
    """Every call, decorator, definition and simple statement of ``text`` with its span."""
    groups: defaultdict[tuple[SpotKind, str, int, str], list[Span]] = defaultdict(list)
    for *address, span in _walk(ast.parse(text), "", text.split("\n")):
        groups[tuple(address)].append(span)
    spots = {}
    for address, spans in groups.items():
        spans.sort(key=lambda span: (span.line, span.column, -span.end_line, -span.end_column))
        for ordinal, span in enumerate(spans):
            spots[Spot(*address, ordinal)] = span
    return spots


def _walk(node: ast.AST, function: str, lines: list[str]) -> Iterator[_Found]:
    if isinstance(node, ast.Call):
        yield ("call", function, node.lineno, _last_name(node.func), _span(node, lines))
    elif isinstance(node, _DEFINITIONS):
        yield from _definition(node, function, lines)
        return
    elif isinstance(node, ast.stmt) and not isinstance(node, _COMPOUND):
        yield ("statement", function, node.lineno, "", _span(node, lines))
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, function, lines)


def _definition(node: ast.stmt, function: str, lines: list[str]) -> Iterator[_Found]:
    kind: SpotKind = "class" if isinstance(node, ast.ClassDef) else "def"
    words = lines[node.lineno - 1]
    column = words.index(node.name, words.index(kind) + len(kind)) + 1
    name = Span(node.lineno, column, node.lineno, column + len(node.name))
    yield (kind, function, node.lineno, node.name, name)
    for decorator in node.decorator_list:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        span = _span(decorator, lines)
        yield ("decorator", function, decorator.lineno, _last_name(named), span)
    inside = f"{function}.{node.name}" if function else node.name
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, inside if field == "body" else function, lines)


def _span(node: ast.expr | ast.stmt, lines: list[str]) -> Span:
    start = _column(lines[node.lineno - 1], node.col_offset)
    end = _column(lines[node.end_lineno - 1], node.end_col_offset)
    return Span(node.lineno, start, node.end_lineno, end)


def _column(line: str, byte_column: int) -> int:
    return len(line.encode()[:byte_column].decode()) + 1


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
