"""What an annotation says that a variable holds."""

from __future__ import annotations

import ast

from celeryleak_lint.extract import conditions
from celeryleak_lint.extract.frames import Frame


def annotation_value(frame: Frame, node: ast.expr | None) -> str:
    """The class an annotation names: ``Optional[X]``, ``X | None``, ``Annotated[X, ...]`` and texts count as ``X``."""
    kind = type(node)
    if kind is ast.Name:
        return frame.lookup(node.id)  # type: ignore[union-attr]
    if kind is ast.Constant and isinstance(node.value, str):  # type: ignore[union-attr]
        try:
            node = ast.parse(node.value, mode="eval").body  # type: ignore[union-attr, attr-defined]
        except (SyntaxError, ValueError):
            return ""
        kind = type(node)
    if kind is ast.BinOp and isinstance(node.op, ast.BitOr):  # type: ignore[union-attr]
        return annotation_value(frame, node.left) or annotation_value(frame, node.right)  # type: ignore[union-attr]
    if kind is ast.Subscript:
        return _subscripted(frame, node)  # type: ignore[arg-type]
    return conditions.peek(frame, node)


def _subscripted(frame: Frame, node: ast.Subscript) -> str:
    outer = conditions.peek(frame, node.value)
    wrapper = outer.rpartition(".")[2]
    if wrapper in ("Optional", "Annotated", "Final", "ClassVar", "Awaitable", "Required"):
        inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
        return annotation_value(frame, inner)
    return outer
