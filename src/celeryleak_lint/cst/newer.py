"""What newer syntax becomes under an older interpreter, as edits that move no line.

One libcst visit of one slice. Every name and call that runs when its statement runs stays,
on its line; type parameters go with their bounds, which run when somebody asks, if ever.
May raise whatever libcst raises: only ``jobs`` calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import libcst as cst
from libcst.metadata import CodePosition, MetadataWrapper, PositionProvider

from celeryleak_lint.cst.acceptance import accepts_expression

_Formatted = cst.FormattedString | cst.TemplatedString
_Place = tuple[int, int]

# The minor versions of Python 3 that brought what is rewritten here.
_STARS = 11  # PEP 654 (`except*`), PEP 646 (starred subscripts and annotations)
_TYPES = 12  # PEP 695 (type parameters, `type` statements)
_STRINGS = 12  # PEP 701 (formatted strings)
_DEFAULTS = 13  # PEP 696 (defaults of type parameters)
_TEMPLATES = 14  # PEP 750 (template strings)
_BARE_EXCEPT = 14  # PEP 758 (`except A, B:`)
_LAZY = 15  # PEP 810 (lazy imports)
_UNPACKING = 15  # PEP 798 (unpacking in comprehensions)


class TextEdit(NamedTuple):
    """Replace a range of the slice; lines from 1, columns from 0.

    ``needs`` is the minor version of Python 3 that reads what is replaced.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    needs: int


def edits_for(text: str, version: tuple[int, int]) -> tuple[TextEdit, ...]:
    """The edits that make ``text`` readable to Python ``version``, sorted, not overlapping."""
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    visitor = _Visitor(text.split("\n"), version[1])
    wrapper.visit(visitor)
    return tuple(sorted(visitor.edits, key=lambda edit: edit[:4]))


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: Sequence[str], minor: int) -> None:
        super().__init__()
        self.edits: list[TextEdit] = []
        self._lines = lines
        self._minor = minor
        self._joined: set[int] = set()

    # exceptions, stars

    def visit_ExceptStarHandler(self, node: cst.ExceptStarHandler) -> None:
        if self._minor < _STARS:
            start = self._start(node)
            self._erase_mark("*", (start[0], start[1] + len("except")), _STARS)
        self._parenthesise(node.type, node.name)

    def visit_Annotation(self, node: cst.Annotation) -> None:
        if self._minor < _STARS and isinstance(node.annotation, cst.StarredElement):
            self._erase_mark("*", self._start(node.annotation), _STARS)

    def visit_Index(self, node: cst.Index) -> None:
        if self._minor < _STARS and node.star == "*":
            self._erase_mark("*", self._start(node), _STARS)

    # types

    def visit_TypeParameters(self, node: cst.TypeParameters) -> bool:
        has_default = any(param.default is not None for param in node.params)
        needs = _DEFAULTS if has_default else _TYPES
        if self._minor < needs:
            start, end = self._start(node), self._end(node)
            self._replace(start, end, " \\\n" * (end[0] - start[0]), needs)
        return False

    def visit_TypeAlias(self, node: cst.TypeAlias) -> None:
        if self._minor < _TYPES:
            start, name = self._start(node), self._start(node.name)
            self._replace(start, name, "\\\n" * (name[0] - start[0]), _TYPES)

    # strings

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        if not self._reads(node):
            self._unformat(node, _STRINGS)

    def visit_TemplatedString(self, node: cst.TemplatedString) -> None:
        if self._minor < _TEMPLATES:
            self._unformat(node, _TEMPLATES)

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> None:
        """Strings side by side are no longer so once one of them becomes an expression."""
        if id(node) in self._joined:
            return
        parts = list(_parts(node))
        self._joined.update(id(part) for part in _rests(node))
        changed = [part for part in parts if isinstance(part, _Formatted) and not self._reads(part)]
        if not changed:
            return
        start, end = self._start(node), self._end(node)
        self._replace(start, start, "(", _STRINGS)
        for part in parts[:-1]:
            self._replace(self._end(part), self._end(part), " + ", _STRINGS)
        self._replace(end, end, ")", _STRINGS)

    # except clauses

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        self._parenthesise(node.type, node.name)

    def _parenthesise(self, caught: cst.BaseExpression | None, name: cst.AsName | None) -> None:
        if self._minor >= _BARE_EXCEPT or name is not None:
            return
        if isinstance(caught, cst.Tuple) and not caught.lpar:
            start, end = self._start(caught), self._end(caught)
            self._replace(start, start, "(", _BARE_EXCEPT)
            self._replace(end, end, ")", _BARE_EXCEPT)

    # lazy imports, comprehensions

    def visit_LazyImport(self, node: cst.LazyImport) -> None:
        self._import_eagerly(node)

    def visit_LazyImportFrom(self, node: cst.LazyImportFrom) -> None:
        self._import_eagerly(node)

    def _import_eagerly(self, node: cst.LazyImport | cst.LazyImportFrom) -> None:
        if self._minor < _LAZY:
            start, end = self._start(node), self._end(node.whitespace_after_lazy)
            self._replace(start, end, "\\\n" * (end[0] - start[0]), _LAZY)

    def visit_ListComp(self, node: cst.ListComp) -> None:
        self._take_item(node.elt)

    def visit_SetComp(self, node: cst.SetComp) -> None:
        self._take_item(node.elt)

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> None:
        self._take_item(node.elt)

    def visit_StarredDictComp(self, node: cst.StarredDictComp) -> None:
        if self._minor < _UNPACKING:
            self._erase_mark("**", self._end(node.lbrace), _UNPACKING)

    def _take_item(self, element: cst.CSTNode) -> None:
        if self._minor < _UNPACKING and isinstance(element, cst.StarredElement):
            self._erase_mark("*", self._start(element), _UNPACKING)

    # formatted strings

    def _reads(self, node: _Formatted) -> bool:
        if isinstance(node, cst.TemplatedString):
            return self._minor >= _TEMPLATES
        return self._minor >= _STRINGS or accepts_expression(
            self._between(self._start(node), self._end(node))
        )

    def _unformat(self, node: _Formatted, needs: int) -> None:
        """Make it ``(''%((a),(b),))``: still a string, with the same expressions in order.

        What lies between the expressions is replaced by as many line ends as it has.
        """
        done, before = self._start(node), "(''%("
        for expression in _expressions(node.parts):
            start = self._start(expression)
            self._replace(done, start, before + "\n" * (start[0] - done[0]) + "(", needs)
            done, before = self._end(expression), "),"
        end = self._end(node)
        self._replace(done, end, before + "\n" * (end[0] - done[0]) + "))", needs)

    # text

    def _erase_mark(self, mark: str, start: _Place, needs: int) -> None:
        """Erase the first ``mark`` at or after ``start``, across blanks and joined lines."""
        line, column = start
        while (found := self._lines[line - 1].find(mark, column)) < 0:
            line, column = line + 1, 0
        self._replace((line, found), (line, found + len(mark)), " " * len(mark), needs)

    def _replace(self, start: _Place, end: _Place, text: str, needs: int) -> None:
        self.edits.append(TextEdit(*start, *end, text, needs))

    def _between(self, start: _Place, end: _Place) -> str:
        lines = list(self._lines[start[0] - 1 : end[0]])
        lines[-1] = lines[-1][: end[1]]
        lines[0] = lines[0][start[1] :]
        return "\n".join(lines)

    def _start(self, node: cst.CSTNode) -> _Place:
        return _place(self.get_metadata(PositionProvider, node).start)

    def _end(self, node: cst.CSTNode) -> _Place:
        return _place(self.get_metadata(PositionProvider, node).end)


def _place(position: CodePosition) -> _Place:
    return position.line, position.column


def _expressions(
    parts: Sequence[cst.BaseFormattedStringContent | cst.BaseTemplatedStringContent],
) -> Iterator[cst.BaseExpression]:
    """The expressions of the fields among ``parts``, those of their specifications too."""
    for part in parts:
        if isinstance(part, cst.FormattedStringExpression | cst.TemplatedStringExpression):
            yield part.expression
            yield from _expressions(part.format_spec or ())


def _parts(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.ConcatenatedString):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _rests(node: cst.BaseExpression) -> Iterator[cst.ConcatenatedString]:
    """The concatenations that make up the rest of a longer one."""
    while isinstance(node, cst.ConcatenatedString):
        yield node
        node = node.right
