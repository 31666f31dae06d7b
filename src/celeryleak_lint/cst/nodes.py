"""The parts of libcst nodes that mean something, without white space and punctuation.

``CSTNode.children`` collects everything by visiting, which took a third of the time of all
fixes. Only jobs import this module.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from types import NoneType

import libcst as cst

#: Fields that hold layout, and operators, which are never asked for as nodes.
_LAYOUT = frozenset(
    {
        "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "colon",
        "first_colon", "second_colon", "equal", "dot", "separator", "operator", "relative",
        "leading_lines", "lines_after_decorators", "trailing_whitespace", "header", "footer", "leading_whitespace",
        "indent", "star", "posonly_ind", "asynchronous",
    }
)  # fmt: skip

#: Fields in the order of the text, for the nodes that declare them in another one.
_IN_TEXT: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.Arg: ("keyword", "value"),
    cst.IfExp: ("body", "test", "orelse"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.FunctionDef: ("decorators", "name", "type_parameters", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "name", "type_parameters", "bases", "keywords", "body"),
    cst.ExceptHandler: ("type", "name", "body"),
    cst.ExceptStarHandler: ("type", "name", "body"),
    cst.MatchCase: ("pattern", "guard", "body"),
    cst.TypeAlias: ("name", "type_parameters", "value"),
    cst.MatchMapping: ("elements", "rest"),
}
_NO_NODES = frozenset({str, bool, int, NoneType, cst.MaybeSentinel})


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes directly inside a node in the order of the text; no comments, commas, parentheses or operators."""
    found: list[cst.CSTNode] = []
    for name in _parts(type(node)):
        held = getattr(node, name)
        kind = type(held)
        if kind is tuple or kind is list:
            found += held
        elif kind not in _NO_NODES:
            found.append(held)
    return found


@cache
def _parts(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a type that may hold such nodes."""
    ordered = _IN_TEXT.get(kind)
    if ordered is not None:
        return ordered
    names = (field.name for field in fields(kind))
    return tuple(name for name in names if name not in _LAYOUT and "whitespace" not in name)
