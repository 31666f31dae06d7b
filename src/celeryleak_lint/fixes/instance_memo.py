"""The strategy for memos on methods: each instance gets a memo of its own, which ends with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from celeryleak_lint.fixes.exchanged import exchanged
from celeryleak_lint.fixes.imports import LINE_LENGTH
from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Passage, Refusal, Sheet, Sheets, passage_at
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import InstanceMemo

if TYPE_CHECKING:
    import libcst as cst

    from celeryleak_lint.fixes.trees import Tree

#: Nodes from a module down to the expression of a decorator, at least; two decorators.
_LEAST, _PAIR = 4, 2

_JOB = "celeryleak_lint.fixes.instance_memo:moved"


def instance_memo(remedy: InstanceMemo, place: Place, sheets: Sheets) -> Fix | Refusal:
    """A property becomes a ``cached_property``; another method is wrapped in ``__init__``."""
    passage = passage_at(sheets, place.path, remedy.line)
    if isinstance(passage, Refusal):
        return passage
    sheet = passage.sheet
    if not remedy.init_line:
        return _as_property(remedy, place, sheet, passage)
    # a class that is cut shows one of the two functions only
    init_row = passage.row(remedy.init_line)
    if not init_row:
        return Refusal("the class is too long to be read at once")
    answer = passage.ask(_JOB, [passage.where(place.span), "", init_row])
    if isinstance(answer, Refusal):
        return answer
    title = "make its memo in `__init__`, one for each instance"
    return Fix("unsafe", title, passage.edits(answer["edits"]))


def _as_property(
    remedy: InstanceMemo, place: Place, sheet: Sheet, passage: Passage
) -> Fix | Refusal:
    span = place.span
    written = sheet.line(span.line)[span.column - 1 :].partition("(")[0].strip()
    top = sheet.top_level(remedy.line)
    assert top is not None
    known = exchanged(sheet, "functools", written, "cached_property", line=top.line)
    if isinstance(known, Refusal):
        return known
    name, imports = known
    answer = passage.ask(_JOB, [passage.where(span), name, 0])
    if isinstance(answer, Refusal):
        return answer
    edits: tuple[Edit, ...] = (*imports, *passage.edits(answer["edits"]))
    return Fix("unsafe", "keep it with `functools.cached_property`", edits)


def moved(text: str, argument: Sequence[object]) -> list[object]:
    """The job: the edits, or the reason for none."""
    import libcst as cst

    from celeryleak_lint.cst.nodes import children
    from celeryleak_lint.fixes.trees import has_comment, parsed

    where, name, init_row = cast("tuple[list[int], str, int]", argument)
    tree = parsed(text)
    path = tree.path_to(where)
    memo, method = (path[-2], path[-3]) if len(path) > _LEAST else (None, None)
    if not isinstance(memo, cst.Decorator) or not isinstance(method, cst.FunctionDef):
        return ["the decorator is not where it was expected"]
    if has_comment(memo):
        return ["a comment belongs to the decorator"]
    if not init_row:
        return _property(tree, method, memo, name)
    inits = [node for node in children(path[-4]) if isinstance(node, cst.FunctionDef)]
    init = next((node for node in inits if tree.range(node.name).start.line == init_row), None)
    return _wrapped(tree, method, memo, init)


def _property(tree: Tree, method: cst.FunctionDef, memo: cst.Decorator, name: str) -> list[object]:
    if len(method.decorators) != _PAIR or method.decorators[1] is not memo:
        return ["it is decorated with more than `@property` and the memo"]
    first = tree.range(method.decorators[0].decorator)
    exchange = [first.start.line, first.start.column, first.end.line, first.end.column, name]
    return [{"edits": [exchange, _without(tree, memo)]}]


def _wrapped(
    tree: Tree, method: cst.FunctionDef, memo: cst.Decorator, init: cst.FunctionDef | None
) -> list[object]:
    import libcst as cst

    if init is None or not isinstance(init.body, cst.IndentedBlock) or init.decorators:
        return ["the class has no plain `__init__`"]
    if len(method.decorators) != 1 or not init.params.params:
        return ["the method has another decorator"]
    owner, name = init.params.params[0].name.value, method.name.value
    statements = list(init.body.body)
    while statements and _comes_first(statements[0]):
        statements.pop(0)
    if not statements:
        return ["`__init__` does nothing after which the memo could be made"]
    first = tree.range(statements[0]).start.line
    row = first - len(getattr(statements[0], "leading_lines", ()))
    indent = tree.indentation(first)
    line = f"{indent}{owner}.{name} = {tree.source(memo.decorator)}({owner}.{name})"
    if "\n" in line or len(line) > LINE_LENGTH:
        return ["the line that makes the memo would be too long"]
    return [{"edits": [_without(tree, memo), [row, 0, row, 0, f"{line}\n"]]}]


def _comes_first(statement: cst.BaseStatement) -> bool:
    """True for a docstring and for ``super().__init__(...)``."""
    import libcst as cst

    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    node = statement.body[0]
    if not isinstance(node, cst.Expr):
        return False
    value = node.value
    if isinstance(value, cst.SimpleString | cst.ConcatenatedString):
        return True
    return (
        isinstance(value, cst.Call)
        and isinstance(value.func, cst.Attribute)
        and value.func.attr.value == "__init__"
    )


def _without(tree: Tree, memo: cst.Decorator) -> list[object]:
    where = tree.range(memo)
    return [where.start.line, 0, where.end.line + 1, 0, ""]
