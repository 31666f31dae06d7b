"""The job of the bounded memo: a function that looks its argument up, computes, stores and returns.

Only the containment calls it. The forms it knows are those in which the key is what the
caller passed and nothing else decides; everything else is a reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from celeryleak_lint.fixes.trees import (
    Change,
    Tree,
    has_comment,
    mentions,
    names_in,
    parsed,
    within,
)

_DECISION = "the bound, or the moment to drop an entry, has to be chosen"
#: Statements after the docstring: a test or an early return, and the return.
_LEAST = 2


def remembered(text: str, argument: Sequence[object]) -> list[object]:
    """One mapping with ``edits`` and how often the name is mentioned, or the reason for none."""
    name = str(argument[0])
    tree = parsed(text)
    function = tree.module.body[0] if tree.module.body else None
    reason = _unfit(function)
    if reason or not isinstance(function, cst.FunctionDef):
        return [reason or _DECISION]
    body = list(function.body.body)
    if body and _is_docstring(body[0]):
        body = body[1:]
    keys = [param.name.value for param in function.params.params]
    edits = _tested(tree, body, name, keys) or _early(tree, body, name, keys)
    if edits is None:
        return [_DECISION]
    mentions = sum(1 for found in names_in(function) if found.value == name)
    return [{"edits": [list(edit) for edit in edits], "mentions": mentions}]


def _unfit(function: object) -> str:
    if not isinstance(function, cst.FunctionDef):
        return "a method or a nested function fills it: a memo there would keep more than results"
    if function.decorators:
        return "the function has a decorator, which a memo may not fit"
    if function.asynchronous is not None or any(isinstance(n, cst.Yield) for n in within(function)):
        return "a coroutine or a generator has no result to remember"
    params = function.params
    if params.kwonly_params or params.posonly_params:
        return "its parameters are not plain names"
    if isinstance(params.star_arg, cst.Param) or params.star_kwarg is not None:
        return "it takes any number of arguments"
    if not isinstance(function.body, cst.IndentedBlock):
        return _DECISION
    return ""


def _is_docstring(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and any(
        isinstance(node, cst.Expr)
        and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString)
        for node in statement.body
    )


def _tested(
    tree: Tree, body: Sequence[cst.CSTNode], name: str, keys: list[str]
) -> list[Change] | None:
    """``if key not in CACHE: ...; CACHE[key] = value`` and ``return CACHE[key]``."""
    if len(body) != _LEAST or not isinstance(body[0], cst.If) or body[0].orelse is not None:
        return None
    test, last = body
    assert isinstance(test, cst.If)
    inside = test.body.body
    if not _is_membership(test.test, name, keys, cst.NotIn) or not _returns_entry(last, name, keys):
        return None
    if not isinstance(test.body, cst.IndentedBlock) or not inside or _is_commented(test, last):
        return None
    stored = _stored(inside[-1], name, keys)
    if stored is None or _mentions((*inside[:-1], stored), name) or _decides(inside[:-1], keys):
        return None
    rows = tree.range(test).start.line, tree.range(last).start.line
    step = len(tree.indentation(tree.range(inside[0]).start.line)) - len(tree.indentation(rows[0]))
    kept = tree.rows_in_strings(test)
    edits: list[Change] = [(rows[0], 0, rows[0] + 1, 0, "")]
    start, value = tree.range(inside[-1]).start, tree.range(stored).start
    for row in range(rows[0] + 1, tree.range(inside[-1]).end.line + 1):
        if row == start.line:
            edits.append((row, 0, row, start.column, tree.indentation(rows[0])))
        elif row not in kept and tree.lines[row - 1].strip():
            if tree.lines[row - 1][:step].strip():
                return None
            edits.append((row, 0, row, step, ""))
    edits.append((start.line, start.column, value.line, value.column, "return "))
    edits.append((tree.range(inside[-1]).end.line + 1, 0, rows[1] + 1, 0, ""))
    return edits


def _early(
    tree: Tree, body: Sequence[cst.CSTNode], name: str, keys: list[str]
) -> list[Change] | None:
    """``if key in CACHE: return CACHE[key]``, the work, ``CACHE[key] = value`` and a return."""
    if len(body) <= _LEAST or not isinstance(body[0], cst.If) or body[0].orelse is not None:
        return None
    hit, store, last = body[0], body[-2], body[-1]
    if not _is_membership(hit.test, name, keys, cst.In) or len(hit.body.body) != 1:
        return None
    inner = hit.body.body[0]
    if not isinstance(hit.body, cst.IndentedBlock) or not _returns_entry(inner, name, keys):
        return None
    stored = _stored(store, name, keys)
    if stored is None or _mentions((*body[1:-2], stored), name) or _is_commented(hit, store, last):
        return None
    if _decides(body[1:-2], keys):
        return None
    first = tree.range(hit).start.line
    following = tree.range(body[1]).start.line - len(_leading(body[1]))
    while not tree.lines[following - 1].strip():
        following += 1
    edits: list[Change] = [(first, 0, following, 0, "")]
    start, end = tree.range(store).start, tree.range(store).end
    if _returns_entry(last, name, keys):
        value = tree.range(stored).start
        edits.append((start.line, start.column, value.line, value.column, "return "))
        edits.append((end.line + 1, 0, tree.range(last).end.line + 1, 0, ""))
        return edits
    if isinstance(stored, cst.Name) and _returned_name(last) == stored.value:
        edits.append((start.line, 0, end.line + 1, 0, ""))
        return edits
    return None


def _decides(work: Sequence[cst.CSTNode], keys: list[str]) -> bool:
    """Whether some results are not stored, or the key is another one by then."""
    for node in (found for statement in work for found in within(statement)):
        if isinstance(node, cst.Return | cst.Global | cst.Nonlocal):
            return True
        targets: list[cst.CSTNode] = []
        if isinstance(node, cst.Assign):
            targets = [target.target for target in node.targets]
        elif isinstance(
            node, cst.AnnAssign | cst.AugAssign | cst.NamedExpr | cst.For | cst.CompFor
        ):
            targets = [node.target]
        if any(mentions(target, set(keys)) for target in targets):
            return True
    return False


def _leading(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    return getattr(statement, "leading_lines", ())


def _is_commented(*statements: cst.CSTNode) -> bool:
    """Whether a comment would go with what goes; those of the work inside stay."""
    for statement in statements:
        lines = [*_leading(statement)]
        if isinstance(statement, cst.If):
            assert isinstance(statement.body, cst.IndentedBlock)
            header = statement.body.header.comment
            if header is not None or any(line.comment for line in statement.body.footer):
                return True
            if any(line.comment for line in lines):
                return True
        elif has_comment(statement):
            return True
    return False


def _is_membership(
    test: cst.BaseExpression, name: str, keys: list[str], operator: type[cst.BaseCompOp]
) -> bool:
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1 or test.lpar:
        return False
    target = test.comparisons[0]
    return (
        isinstance(target.operator, operator)
        and isinstance(target.comparator, cst.Name)
        and target.comparator.value == name
        and _is_key(test.left, keys)
    )


def _is_key(node: cst.CSTNode, keys: list[str]) -> bool:
    """The only parameter, or a tuple of all of them."""
    if isinstance(node, cst.Name):
        return [node.value] == keys
    if not isinstance(node, cst.Tuple):
        return False
    parts = [element.value for element in node.elements]
    return [part.value for part in parts if isinstance(part, cst.Name)] == keys and len(
        parts
    ) == len(keys)


def _is_entry(node: cst.CSTNode | None, name: str, keys: list[str]) -> bool:
    if not isinstance(node, cst.Subscript) or not isinstance(node.value, cst.Name):
        return False
    if node.value.value != name:
        return False
    indices = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
    if len(indices) == 1 and len(node.slice) == 1:
        return _is_key(indices[0], keys)
    names = [index.value for index in indices if isinstance(index, cst.Name)]
    return names == keys and len(names) == len(node.slice)


def _stored(statement: cst.CSTNode, name: str, keys: list[str]) -> cst.BaseExpression | None:
    """The value of ``CACHE[key] = value``."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    node = statement.body[0]
    if not isinstance(node, cst.Assign) or len(node.targets) != 1:
        return None
    return node.value if _is_entry(node.targets[0].target, name, keys) else None


def _returns_entry(statement: cst.CSTNode, name: str, keys: list[str]) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    node = statement.body[0]
    return isinstance(node, cst.Return) and _is_entry(node.value, name, keys)


def _returned_name(statement: cst.CSTNode) -> str:
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        node = statement.body[0]
        if isinstance(node, cst.Return) and isinstance(node.value, cst.Name):
            return node.value.value
    return ""


def _mentions(nodes: Sequence[cst.CSTNode], name: str) -> bool:
    return any(found.value == name for node in nodes for found in names_in(node))
