"""A slice as a libcst tree for jobs: the node at a range, what is around it, and its rows.

Only jobs import it. Rows count from 1 and columns from 0, as libcst counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst
import msgspec
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from celeryleak_lint.cst.nodes import children

#: An edit of a slice: row, column, end row, end column and the new text.
Change = tuple[int, int, int, int, str]

_STRINGS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)


class Tree(msgspec.Struct, frozen=True):
    """A parsed slice with the ranges of its nodes."""

    module: cst.Module
    lines: Sequence[str]
    _ranges: Mapping[cst.CSTNode, CodeRange]

    def range(self, node: cst.CSTNode) -> CodeRange:
        """Where a node is, comments and blank lines around it left out."""
        return self._ranges[node]

    def source(self, node: cst.CSTNode) -> str:
        """The text of a node as it stands in the slice."""
        where = self.range(node)
        return self.between(where.start.line, where.start.column, where.end.line, where.end.column)

    def between(self, row: int, column: int, end_row: int, end_column: int) -> str:
        """The text of a range."""
        if row == end_row:
            return self.lines[row - 1][column:end_column]
        middle = self.lines[row : end_row - 1]
        return "\n".join(
            (self.lines[row - 1][column:], *middle, self.lines[end_row - 1][:end_column])
        )

    def indentation(self, row: int) -> str:
        """The white space that a row starts with."""
        line = self.lines[row - 1]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def path_to(self, where: Sequence[int]) -> tuple[cst.CSTNode, ...]:
        """The nodes from the module down to the expression at a range; empty when there is none.

        Of expressions with one range the outermost is meant.
        """
        wanted = tuple(where)

        def search(node: cst.CSTNode, above: tuple[cst.CSTNode, ...]) -> tuple[cst.CSTNode, ...]:
            if isinstance(node, cst.BaseExpression) and node in self._ranges:
                if _numbers(self.range(node)) == wanted:
                    return (*above, node)
            for child in children(node):
                found = search(child, (*above, node))
                if found:
                    return found
            return ()

        return search(self.module, ())

    def rows_in_strings(self, node: cst.CSTNode) -> set[int]:
        """Rows whose start lies inside a string: what stands there is text, not indentation."""
        rows: set[int] = set()
        for inner in within(node):
            if isinstance(inner, _STRINGS) and not isinstance(inner, cst.ConcatenatedString):
                where = self.range(inner)
                rows.update(range(where.start.line + 1, where.end.line + 1))
        return rows


def parsed(text: str) -> Tree:
    """The tree of a slice; raises whatever libcst raises."""
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    return Tree(wrapper.module, text.split("\n"), wrapper.resolve(PositionProvider))


def _numbers(where: CodeRange) -> tuple[int, int, int, int]:
    return where.start.line, where.start.column, where.end.line, where.end.column


def within(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and everything in it."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        pending += children(found)


def names_in(node: cst.CSTNode) -> Iterator[cst.Name]:
    """The names that stand for values: no attributes, no keywords of calls."""
    if isinstance(node, cst.Name):
        yield node
    elif isinstance(node, cst.Attribute | cst.Arg):
        yield from names_in(node.value)
    else:
        for child in children(node):
            yield from names_in(child)


def mentions(node: cst.CSTNode, names: set[str]) -> bool:
    """Whether some of the names stand in a node."""
    return any(found.value in names for found in names_in(node))


def has_comment(node: cst.CSTNode) -> bool:
    """Whether a comment stands in a node, those above a statement included."""
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, cst.Comment):
            return True
        pending += found.children
    return False


def dotted(node: cst.CSTNode) -> str:
    """``a.b.c`` for a chain of attributes on a name, else empty."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr.value}" if base else ""
    return ""
