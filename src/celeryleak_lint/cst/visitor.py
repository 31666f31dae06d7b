"""The finder of record: one libcst visit of one slice, many spots.

Knows spots and libcst nodes; lines and columns here are those of the slice. May raise
whatever libcst raises: only ``job`` calls it, inside the containment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import libcst as cst
import msgspec
from libcst.metadata import CodePosition, CodeRange, MetadataWrapper, PositionProvider

from celeryleak_lint.model.source import Span, Spot, SpotKind

_Compound = (
    cst.If | cst.For | cst.While | cst.With | cst.Try | cst.TryStar | cst.Match
    | cst.FunctionDef | cst.ClassDef
)  # fmt: skip


class Candidate(msgspec.Struct, frozen=True):
    """A construct that some spot may mean.

    ``functions`` are the qualified names under which it may be addressed, its home first.
    A decorator, a default and a base are at home in the scope around the definition, and
    also go by the definition's own name; what is in a class body is at home in the class,
    and also goes by the scope around it.
    """

    kind: SpotKind
    name: str
    functions: tuple[str, ...]
    start: tuple[int, int]
    span: Span
    in_string: bool


def find(text: str, spots: Sequence[Spot]) -> tuple[Span | str, ...]:
    """For each spot (``line`` counted in ``text``) its span, or the reason why it has none."""
    module = cst.parse_module(text)
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    visitor = _Visitor(frozenset(spot.kind for spot in spots))
    wrapper.visit(visitor)
    return tuple(_choose(visitor.candidates, spot) for spot in spots)


def _choose(candidates: Sequence[Candidate], spot: Spot) -> Span | str:
    alike = [
        candidate
        for candidate in candidates
        if candidate.kind == spot.kind
        and candidate.name == spot.name
        and spot.function in candidate.functions
    ]
    here = _from_the_left([found for found in alike if found.start[0] == spot.line])
    at_home = [found for found in here if found.functions[0] == spot.function]
    if spot.ordinal < len(at_home):
        return at_home[spot.ordinal].span
    if spot.ordinal < len(here):
        return here[spot.ordinal].span
    if here:
        return f"number {spot.ordinal + 1} of its name is asked for, its line has {len(here)}"
    # an interpreter may give calls in a formatted string a line of the string instead
    quoted = [candidate for candidate in alike if candidate.in_string]
    distances = sorted({abs(candidate.start[0] - spot.line) for candidate in quoted})
    nearest = [found for found in quoted if abs(found.start[0] - spot.line) == distances[0]]
    if len(nearest) == 1 and spot.ordinal == 0:
        return nearest[0].span
    return "nothing in the tree matches it"


def _from_the_left(candidates: Sequence[Candidate]) -> list[Candidate]:
    """By start; of two that start together the longer one first."""
    return sorted(
        candidates,
        key=lambda found: (found.start, -found.span.end_line, -found.span.end_column),
    )


def last_name(node: cst.BaseExpression) -> str:
    """The last name as written: ``b`` of ``a.b``; empty for calls of calls and subscripts."""
    if isinstance(node, cst.Attribute):
        return as_python_knows(node.attr.value)
    return as_python_knows(node.value) if isinstance(node, cst.Name) else ""


def as_python_knows(name: str) -> str:
    """A name in the form in which Python, and so ``ast``, knows it (NFKC)."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


class _Scope(msgspec.Struct, frozen=True):
    """A definition being visited; ``in_body`` once its header is behind us."""

    qualname: str
    is_class: bool
    in_body: bool


class _Visitor(cst.CSTVisitor):
    """Collects the candidates of the wanted kinds, with an explicit stack of scopes."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, wanted: frozenset[SpotKind]) -> None:
        super().__init__()
        self.candidates: list[Candidate] = []
        self._wanted = wanted
        self._scopes: list[_Scope] = []
        self._strings = 0

    # scopes

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._define(node, is_class=False)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._define(node, is_class=True)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._scopes.pop()

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._scopes.pop()

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._switch(in_body=True)

    def visit_ClassDef_body(self, node: cst.ClassDef) -> None:
        self._switch(in_body=True)

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._switch(in_body=False)

    def leave_ClassDef_body(self, node: cst.ClassDef) -> None:
        self._switch(in_body=False)

    def _switch(self, *, in_body: bool) -> None:
        scope = self._scopes[-1]
        self._scopes[-1] = _Scope(scope.qualname, scope.is_class, in_body)

    def _define(self, node: cst.FunctionDef | cst.ClassDef, *, is_class: bool) -> None:
        outer = self._functions()
        name = as_python_knows(node.name.value)
        inside = self._scopes[-1].qualname if self._scopes else ""
        qualname = f"{inside}.{name}" if inside else name
        kind: SpotKind = "class" if is_class else "def"
        if kind in self._wanted:
            start = self._range(node).start
            where = self._range(node.name)
            self._add(kind, name, (*outer, qualname), (start.line, start.column), where)
        self._scopes.append(_Scope(qualname, is_class, in_body=False))
        self._header(node)

    def _functions(self) -> tuple[str, ...]:
        """The names under which a construct at this place may be addressed, its home first."""
        homes: list[str] = []
        aliases: list[str] = []
        for scope in reversed(self._scopes):
            (homes if scope.in_body else aliases).append(scope.qualname)
            if scope.in_body and not scope.is_class:
                return (*homes, *aliases)
        return (*homes, "", *aliases)

    # constructs

    def visit_Call(self, node: cst.Call) -> None:
        if "call" in self._wanted:
            self._add_plain("call", last_name(node.func), node)

    def visit_Decorator(self, node: cst.Decorator) -> None:
        if "decorator" not in self._wanted:
            return
        expression = node.decorator
        named = expression.func if isinstance(expression, cst.Call) else expression
        self._add_plain("decorator", last_name(named), expression)

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        self._strings += 1

    def leave_FormattedString(self, original_node: cst.FormattedString) -> None:
        self._strings -= 1

    # statements

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        self._simple(node)

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> None:
        self._simple(node)

    def _simple(self, node: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> None:
        if "statement" in self._wanted:
            for statement in node.body:
                self._add_plain("statement", "", statement)

    def visit_If(self, node: cst.If) -> None:
        self._header(node)

    def visit_For(self, node: cst.For) -> None:
        self._header(node)

    def visit_While(self, node: cst.While) -> None:
        self._header(node)

    def visit_With(self, node: cst.With) -> None:
        self._header(node)

    def visit_Try(self, node: cst.Try) -> None:
        self._header(node)

    def visit_TryStar(self, node: cst.TryStar) -> None:
        self._header(node)

    def visit_Match(self, node: cst.Match) -> None:
        self._header(node)

    def _header(self, node: _Compound) -> None:
        """A compound statement counts by its header, unless its body is on the same line."""
        if "statement" not in self._wanted:
            return
        if not isinstance(node, cst.Match) and isinstance(node.body, cst.SimpleStatementSuite):
            return
        blank = (
            node.whitespace_after_test if isinstance(node, cst.If) else node.whitespace_before_colon
        )
        whole, before_colon = self._range(node), self._range(blank)
        where = CodeRange(
            whole.start, CodePosition(before_colon.end.line, before_colon.end.column + 1)
        )
        start = (where.start.line, where.start.column)
        self._add("statement", "", self._functions(), start, where)

    def _add_plain(self, kind: SpotKind, name: str, node: cst.CSTNode) -> None:
        where = self._range(node)
        self._add(kind, name, self._functions(), (where.start.line, where.start.column), where)

    def _add(
        self,
        kind: SpotKind,
        name: str,
        functions: tuple[str, ...],
        start: tuple[int, int],
        where: CodeRange,
    ) -> None:
        first, last = where.start, where.end
        span = Span(first.line, first.column + 1, last.line, last.column + 1)
        self.candidates.append(Candidate(kind, name, functions, start, span, self._strings > 0))

    def _range(self, node: cst.CSTNode) -> CodeRange:
        return self.get_metadata(PositionProvider, node)
