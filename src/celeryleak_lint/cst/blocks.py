"""Statements and what they enclose, told from indentation and first words.

Knows decorators and the clauses of compound statements; knows no expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from celeryleak_lint.cst.scanning import LogicalLine

#: First words of the clauses that continue the compound statement above them.
_CONTINUING = frozenset({"elif", "else", "except", "finally"})
_DEFINING = frozenset({"def", "class", "async"})


class Clause(msgspec.Struct, frozen=True):
    """One header of a statement and the half-open range of logical lines of its body."""

    header: int
    body_start: int
    body_end: int


class Statement(msgspec.Struct, frozen=True):
    """One statement with its decorators, as indices into the logical lines of a file.

    ``start`` is the first decorator or the header; ``end`` is exclusive. ``line`` and
    ``end_line`` are physical, from 1, without leading comments. A ``case`` counts as a
    statement here although it cannot stand without its ``match``.
    """

    start: int
    end: int
    line: int
    end_line: int
    clauses: tuple[Clause, ...]

    @property
    def line_count(self) -> int:
        """How many physical lines it takes."""
        return self.end_line - self.line + 1

    @property
    def is_compound(self) -> bool:
        """Whether some clause has an indented body."""
        return any(clause.body_start < clause.body_end for clause in self.clauses)

    def header_lines(self) -> Iterator[int]:
        """Indices of the logical lines that no body holds: decorators and clause headers."""
        yield from range(self.start, self.clauses[0].header)
        for clause in self.clauses:
            yield clause.header


def statements(lines: Sequence[LogicalLine], start: int, end: int) -> Iterator[Statement]:
    """The statements of one level among ``lines[start:end]``, in order."""
    position = start
    while position < end:
        statement = _statement(lines, position, end)
        yield statement
        position = statement.end


def children(lines: Sequence[LogicalLine], statement: Statement) -> Iterator[Statement]:
    """The statements directly inside the bodies of ``statement``."""
    for clause in statement.clauses:
        yield from statements(lines, clause.body_start, clause.body_end)


def _statement(lines: Sequence[LogicalLine], start: int, end: int) -> Statement:
    indent = lines[start].indent
    header = start
    while lines[header].word == "@" and header + 1 < end and lines[header + 1].indent == indent:
        header += 1
    if lines[header].word not in _DEFINING:
        header = start  # a lone decorator: broken source, kept as its own statement
    clauses = [_clause(lines, header, end, indent)]
    while (position := clauses[-1].body_end) < end:
        following = lines[position]
        if following.indent != indent or following.word not in _CONTINUING:
            break
        clauses.append(_clause(lines, position, end, indent))
    last = clauses[-1].body_end
    return Statement(start, last, lines[start].line, lines[last - 1].end_line, tuple(clauses))


def _clause(lines: Sequence[LogicalLine], header: int, end: int, indent: int) -> Clause:
    position = header + 1
    while position < end and lines[position].indent > indent:
        position += 1
    return Clause(header, header + 1, position)
