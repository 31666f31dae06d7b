"""The strategy for what is overwritten: it is built only while there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheets, passage_at
from celeryleak_lint.fixes.step import step_of
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.remedies import Guard

if TYPE_CHECKING:
    import libcst as cst

    from celeryleak_lint.fixes.trees import Tree

_JOB = "celeryleak_lint.fixes.guard:guarded"


def guard(remedy: Guard, place: Place, sheets: Sheets) -> Fix | Refusal:
    """``if self.x is None:`` above the assignment; who initialises it was decided on facts."""
    passage = passage_at(sheets, place.path, place.span.line)
    if isinstance(passage, Refusal):
        return passage
    sheet = passage.sheet
    name = remedy.target.rpartition(".")[2]
    if remedy.declares and re.search(rf"[\"']{name}[\"']", sheet.layout.source.text):
        return Refusal(f"other code may ask whether there is a `{name}` by its name")
    question = [passage.where(place.span), remedy.target, step_of(sheet), remedy.declares]
    answer = passage.ask(_JOB, question)
    if isinstance(answer, Refusal):
        return answer
    title = f"build it only while `{remedy.target}` is `None`"
    return Fix("unsafe", title, passage.edits(answer["edits"]))


def guarded(text: str, argument: Sequence[object]) -> list[object]:
    """The job: the edits, or the reason for none."""
    import libcst as cst

    from celeryleak_lint.fixes.trees import dotted, parsed

    where, target, step, declares = cast("tuple[list[int], str, str, bool]", argument)
    tree = parsed(text)
    path = tree.path_to(where)
    line = next((n for n in reversed(path) if isinstance(n, cst.SimpleStatementLine)), None)
    if line is None or len(line.body) != 1:
        return ["the assignment does not stand on lines of its own"]
    node = line.body[0]
    is_plain = isinstance(node, cst.Assign) and len(node.targets) == 1 and node.value is path[-1]
    if not isinstance(node, cst.Assign) or not is_plain or dotted(node.targets[0].target) != target:
        return [f"it is not assigned to `{target}` and nothing else in one statement"]
    rows = range(tree.range(line).start.line, tree.range(line).end.line + 1)
    kept = tree.rows_in_strings(line)
    indent = tree.indentation(rows[0])
    edits = [[row, 0, row, 0, step] for row in rows[1:] if row not in kept]
    head = f"{indent}if {target} is None:\n{step}"
    found: list[object] = [[rows[0], 0, rows[0], 0, head], *edits]
    if declares:
        declaration = _declaration(tree, path, target.rpartition(".")[2])
        if declaration is None:
            return ["the class is not where it was expected"]
        found.append(declaration)
    return [{"edits": found}]


def _declaration(tree: Tree, path: Sequence[cst.CSTNode], name: str) -> list[object] | None:
    """``name = None`` above all but the docstring of the class."""
    import libcst as cst

    owner = next((node for node in reversed(path) if isinstance(node, cst.ClassDef)), None)
    if owner is None or not isinstance(owner.body, cst.IndentedBlock):
        return None
    first, *rest = owner.body.body
    if rest and isinstance(first, cst.SimpleStatementLine) and _is_docstring(first):
        first = rest[0]
    row = tree.range(first).start.line
    indent = tree.indentation(row)
    if isinstance(first, cst.FunctionDef) and first.decorators:
        row = tree.range(first.decorators[0]).start.line
    while tree.lines[row - 2].lstrip().startswith("#"):
        row -= 1
    gap = "" if isinstance(first, cst.SimpleStatementLine) else "\n"
    return [row, 0, row, 0, f"{indent}{name} = None\n{gap}"]


def _is_docstring(statement: cst.SimpleStatementLine) -> bool:
    import libcst as cst

    node = statement.body[0]
    return isinstance(node, cst.Expr) and isinstance(
        node.value, cst.SimpleString | cst.ConcatenatedString
    )
