"""The job of the bounded deque: whether everything that is done with a list can be done with a deque.

Only the containment calls it. It gets a whole file: the name of a module-level list, or of
an attribute of ``self`` in one class, must mean nothing else anywhere in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import libcst as cst

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.cst.visitor import last_name
from celeryleak_lint.fixes.trees import Tree, dotted, has_comment, mentions, parsed, within

_METHODS = frozenset({"append", "extend", "appendleft", "count", "clear"})
#: Functions that iterate over what they are given, or measure it.
_READERS = frozenset(
    {"list", "tuple", "set", "frozenset", "sorted", "sum", "any", "all", "len", "iter", "enumerate",
     "max", "min", "reversed", "bool", "join", "Counter"}
)  # fmt: skip
_ANNOTATIONS = frozenset({"list", "List", "typing.List", "t.List"})


def created(text: str, argument: Sequence[object]) -> list[object]:
    """The edits of the creation as a list, or the reason for none."""
    name, owner, line, deque, size = cast("tuple[str, str, int, str, int]", argument)
    tree = parsed(text)
    uses = _Uses(tree, name, is_attribute=bool(owner))
    uses.visit(tree.module, ())
    if uses.reason:
        return [uses.reason]
    creations = [node for node in uses.creations if tree.range(node).start.line == line]
    if len(uses.creations) != 1 or len(creations) != 1:
        return [f"`{name}` is bound in more than one place"]
    if owner and not _is_of_class(tree, creations[0], owner, name):
        return [f"`{name}` belongs to more than one class"]
    return _edits(tree, creations[0], name, deque, size)


def _is_of_class(tree: Tree, creation: cst.CSTNode, owner: str, name: str) -> bool:
    """Whether every attribute of that name stands in the one class, on ``self``."""
    last = owner.rpartition(".")[2]
    classes = [
        node
        for node in within(tree.module)
        if isinstance(node, cst.ClassDef) and node.name.value == last
        and any(found is creation for found in within(node))
    ]  # fmt: skip
    if len(classes) != 1:
        return False
    inside = {id(found) for found in within(classes[0])}
    return all(
        id(found) in inside and dotted(found.value) in ("self", "cls")
        for found in within(tree.module)
        if isinstance(found, cst.Attribute) and found.attr.value == name
    )


class _Uses:
    """Walks a file and judges every mention of the list by what stands around it."""

    def __init__(self, tree: Tree, name: str, *, is_attribute: bool) -> None:
        self.tree = tree
        self.name = name
        self.is_attribute = is_attribute
        self.reason = ""
        self.creations: list[cst.Assign | cst.AnnAssign] = []

    def visit(self, node: cst.CSTNode, above: tuple[cst.CSTNode, ...]) -> None:
        """Judge a node and all in it; ``above`` are the nodes around it, outermost first."""
        if self.reason:
            return
        if self._is_list(node, above):
            self.reason = self._judge(node, above)
            return
        if isinstance(node, cst.SimpleString) and re.search(rf"\b{self.name}\b", node.value):
            if node.raw_value == self.name:
                self.reason = f"`{self.name}` is named in a string, so other code may get it"
        for child in children(node):
            self.visit(child, (*above, node))

    def _is_list(self, node: cst.CSTNode, above: tuple[cst.CSTNode, ...]) -> bool:
        if self.is_attribute:
            return isinstance(node, cst.Attribute) and node.attr.value == self.name
        if not isinstance(node, cst.Name) or node.value != self.name:
            return False
        outer = above[-1]
        is_label = isinstance(outer, cst.Arg) and outer.keyword is node
        is_member = isinstance(outer, cst.Attribute) and outer.attr is node
        return not is_label and not is_member

    def _judge(self, node: cst.CSTNode, above: tuple[cst.CSTNode, ...]) -> str:
        outer, further = above[-1], above[-2] if len(above) > 1 else above[-1]
        if isinstance(outer, cst.AssignTarget) and isinstance(further, cst.Assign):
            self.creations.append(further)
            return ""
        if isinstance(outer, cst.AnnAssign) and outer.target is node:
            self.creations.append(outer)
            return ""
        if (
            isinstance(outer, cst.Attribute)
            and isinstance(further, cst.Call)
            and further.func is outer
        ):
            method = outer.attr.value
            return "" if method in _METHODS else f"`.{method}()` does not fit a deque"
        if isinstance(outer, cst.For) and outer.iter is node:
            if mentions(outer.body, {self.name}) or self._grows(outer.body):
                return "it may grow while it is iterated over, which a deque refuses"
            return ""
        if isinstance(outer, cst.CompFor) and outer.iter is node:
            return ""
        return self._read(node, outer, further)

    def _grows(self, body: cst.CSTNode) -> bool:
        return any(
            isinstance(found, cst.Attribute) and found.attr.value == self.name
            for found in within(body)
        )

    def _read(self, node: cst.CSTNode, outer: cst.CSTNode, further: cst.CSTNode) -> str:
        if isinstance(outer, cst.Arg) and isinstance(further, cst.Call) and not outer.star:
            called = last_name(further.func)
            if called in _READERS and outer.keyword is None:
                return ""
            return f"it is given to `{called or 'a function'}`, which may need a list"
        if isinstance(outer, cst.ComparisonTarget):
            fits = isinstance(outer.operator, cst.In | cst.NotIn)
            return "" if fits else "it is compared"
        if isinstance(outer, cst.Comparison):
            return "it is compared"
        if _is_tested(node, outer) or (
            isinstance(outer, cst.AugAssign) and isinstance(outer.operator, cst.AddAssign)
        ):
            return ""
        if isinstance(outer, cst.Subscript):
            return "its items are taken by number or slice"
        if isinstance(outer, cst.Return):
            return "it is returned, and its callers may need a list"
        return "it is used in a way that a deque may not fit"


def _is_tested(node: cst.CSTNode, outer: cst.CSTNode) -> bool:
    """``if ITEMS:`` and ``not ITEMS``: a deque is false when it is empty, too."""
    if isinstance(outer, cst.If | cst.While):
        return outer.test is node
    return isinstance(outer, cst.UnaryOperation) and isinstance(outer.operator, cst.Not)


def _edits(
    tree: Tree, node: cst.Assign | cst.AnnAssign, name: str, deque: str, size: int
) -> list[object]:
    value = node.value
    if isinstance(node, cst.Assign) and len(node.targets) != 1:
        return [f"`{name}` is bound together with another name"]
    text = _initial(tree, value)
    if value is None or text is None:
        return [f"`{name}` does not begin as a plain list"]
    call = f"{deque}({text}maxlen={size})"
    where = tree.range(value)
    edits: list[object] = [
        [where.start.line, where.start.column, where.end.line, where.end.column, call]
    ]
    if isinstance(node, cst.AnnAssign):
        annotation = _annotation(tree, node.annotation.annotation, deque)
        if isinstance(annotation, str):
            return [annotation]
        edits.append(annotation)
    return [edits]


def _initial(tree: Tree, value: cst.BaseExpression | None) -> str | None:
    """What the deque begins with, as its first argument."""
    if isinstance(value, cst.Call) and dotted(value.func) == "list" and not value.args:
        return ""
    if not isinstance(value, cst.List) or has_comment(value) or value.lpar:
        return None
    return f"{tree.source(value)}, " if value.elements else ""


def _annotation(tree: Tree, node: cst.BaseExpression, deque: str) -> list[object] | str:
    """``list[str]`` becomes ``collections.deque[str]``."""
    named = node.value if isinstance(node, cst.Subscript) else node
    written = dotted(named)
    if written not in _ANNOTATIONS:
        return "its annotation says more than `list`"
    last = written.rpartition(".")[2]
    count = sum(
        1 for found in within(tree.module) if isinstance(found, cst.Name) and found.value == last
    )
    if last == "List" and count <= _TWICE:
        return "the import of `List` would be left unused"
    where = tree.range(named)
    return [where.start.line, where.start.column, where.end.line, where.end.column, deque]


#: The import of a name and its one use.
_TWICE = 2
