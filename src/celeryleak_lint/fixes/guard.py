"""The strategy for what is overwritten: it is built only while there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheets
from celeryleak_lint.fixes.step import step_of
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.remedies import Guard

_JOB = "celeryleak_lint.fixes.guard:guarded"


def guard(remedy: Guard, place: Place, sheets: Sheets) -> Fix | Refusal:
    """``if self.x is None:`` above the assignment; who initialises it was decided on facts."""
    sheet = sheets(place.path)
    if isinstance(sheet, Refusal):
        return sheet
    passage = sheet.passage(place.span.line)
    if isinstance(passage, Refusal):
        return passage
    answer = passage.ask(_JOB, [passage.where(place.span), remedy.target, step_of(sheet)])
    if isinstance(answer, Refusal):
        return answer
    title = f"build it only while `{remedy.target}` is `None`"
    return Fix("unsafe", title, passage.edits(answer["edits"]))


def guarded(text: str, argument: Sequence[object]) -> list[object]:
    """The job: the edits, or the reason for none."""
    import libcst as cst

    from celeryleak_lint.fixes.trees import dotted, parsed

    where, target, step = cast("tuple[list[int], str, str]", argument)
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
    return [{"edits": [[rows[0], 0, rows[0], 0, head], *edits]}]
