"""How a ``with`` statement is written around statements that stay as they are but for their indentation.

Knows rows, columns and the style of Black; what belongs into the block was decided before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst
import msgspec
from msgspec.structs import replace

from celeryleak_lint.fixes.trees import Change, Tree, within

#: Characters that a line may have, as Black counts.
LINE_LENGTH = 88
#: Comments that speak to a tool about the line on which they stand.
_DIRECTIVE = re.compile(r"#\s*(?:type:|noqa|nosec|pragma|pylint:|pyright:|ruff:|mypy:)")


class Writing(msgspec.Struct, frozen=True):
    """The indentation of the block, one more step of it, and the spelling of ``contextlib.closing``.

    With ``on_one_line`` a header is not wrapped, whatever its length.
    """

    indent: str
    step: str
    closing: str
    on_one_line: bool = False


def header_for(
    tree: Tree, statement: cst.BaseStatement, call: cst.Call, writing: Writing, name: str
) -> Iterator[Change]:
    """``x = call`` becomes ``with call as x:``; a comment behind it stays."""
    start, end = tree.range(statement).start, tree.range(call).end
    if _DIRECTIVE.match(tree.lines[end.line - 1][end.column :].lstrip()):
        writing = replace(writing, on_one_line=True)
    text = _opening(tree, call, writing, f" as {name}:")
    yield (start.line, start.column, end.line, end.column, text)


def joined_header(
    tree: Tree, statement: cst.BaseStatement, call: cst.Call, block: cst.BaseStatement,
    writing: Writing, name: str,
) -> list[Change]:  # fmt: skip
    """``x = call`` and ``with x:`` below become one header."""
    assert isinstance(block, cst.With)
    start, end = tree.range(statement).start, tree.range(block.items[0]).end
    text = _opening(tree, call, writing, f" as {name}, {name}")
    return [(start.line, start.column, end.line, end.column, text)]


def wrapped_item(
    tree: Tree, item: cst.WithItem, call: cst.Call, writing: Writing, name: str
) -> list[Change]:
    """``connect() as x`` becomes ``closing(connect()) as x, x``."""
    where, end = tree.range(call), tree.range(item).end
    row = where.start.line
    is_alone = not tree.lines[row - 1][: where.start.column].strip()
    indent = tree.indentation(row)
    again = f",\n{indent}{name}" if is_alone else f", {name}"
    asname = tree.between(where.end.line, where.end.column, end.line, end.column)
    after = f"{asname or f' as {name}'}{again}"
    rest = tree.lines[end.line - 1][end.column :].partition("#")[0].rstrip()
    before = "" if is_alone else tree.lines[row - 1][len(indent) : where.start.column]
    text = _closed(tree, call, Writing(indent, writing.step, writing.closing), before, after + rest)
    return [(row, where.start.column, end.line, end.column, text + after)]


def header_above(
    tree: Tree,
    statement: cst.BaseStatement,
    path: Sequence[cst.CSTNode],
    writing: Writing,
    name: str,
) -> list[Change]:
    """A header above a statement, in which a name stands for the call from now on."""
    call = path[-1]
    assert isinstance(call, cst.Call)
    row = tree.range(statement).start.line
    header = writing.indent + _opening(tree, call, writing, f" as {name}:")
    where = place_of(tree, path)
    return [(row, 0, row, 0, f"{header}\n{writing.step}"), (*where, name)]


def place_of(tree: Tree, path: Sequence[cst.CSTNode]) -> tuple[int, int, int, int]:
    """The range of the call, with the line breaks around it when it is the only argument."""
    call = path[-1]
    where = tree.range(call)
    given, outer = path[-2], path[-3]
    if isinstance(given, cst.Arg) and given.keyword is None and isinstance(outer, cst.Call):
        if len(outer.args) == 1 and not given.star:
            start, end = tree.range(outer.func).end, tree.range(outer).end
            before = tree.between(start.line, start.column, where.start.line, where.start.column)
            after = tree.between(where.end.line, where.end.column, end.line, end.column)
            if before.strip() == "(" and after.strip(" \n,") == ")" and not outer.lpar:
                return (
                    start.line,
                    start.column + len(before.partition("(")[0]) + 1,
                    end.line,
                    end.column - 1,
                )
    return where.start.line, where.start.column, where.end.line, where.end.column


def indented(
    tree: Tree, statement: cst.BaseStatement, moved: Sequence[cst.BaseStatement], writing: Writing,
    replaced: tuple[int, int] | None = None,
) -> Iterator[Change]:  # fmt: skip
    """One step more for every row of the statements, and of the opening one when a part of it is replaced.

    ``replaced`` is the first and the last row of that part. The start of the opening statement
    is somebody else's edit; blank rows below a header go.
    """
    kept: set[int] = set()
    for each in (statement, *moved):
        kept |= tree.rows_in_strings(each)
    first = last_row(tree, statement)
    if replaced is not None:
        first = tree.range(statement).start.line
        kept.update(range(replaced[0] + 1, replaced[1] + 1))
    elif not moved:
        return
    last = _with_comments(tree, last_row(tree, moved[-1] if moved else statement), writing.indent)
    is_below_header = replaced is None
    for row in range(first + 1, last + 1):
        is_blank = not tree.lines[row - 1].strip()
        if is_blank and is_below_header and row not in kept:
            yield (row, 0, row + 1, 0, "")
        is_below_header &= is_blank
        if not is_blank and row not in kept:
            yield (row, 0, row, 0, writing.step)


def removed(tree: Tree, statement: cst.BaseStatement, *, is_last: bool) -> Iterator[Change]:
    """A statement goes with its row, and with the blank rows that would be too many."""
    row = tree.range(statement).start.line
    first = row
    is_followed = not is_last and row < len(tree.lines) and tree.lines[row].strip()
    while not is_followed and first > 1 and not tree.lines[first - 2].strip():
        first -= 1
    yield (first, 0, row + 1, 0, "")


def last_row(tree: Tree, statement: cst.BaseStatement) -> int:
    """The last row on which some code of a statement stands."""
    rows = [tree.range(statement).start.line]
    for node in within(statement):
        if isinstance(node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            rows += [tree.range(small).end.line for small in node.body]
    return max(rows)


def _with_comments(tree: Tree, row: int, indent: str) -> int:
    """The row, or that of the last comment below that is indented deeper than the block."""
    last = row
    while row < len(tree.lines):
        line = tree.lines[row]
        if line.strip() and not (
            line.lstrip().startswith("#") and len(tree.indentation(row + 1)) > len(indent)
        ):
            break
        row += 1
        if line.strip():
            last = row
    return last


# -- the header ------------------------------------------------------------------------------


def _opening(tree: Tree, call: cst.Call, writing: Writing, after: str) -> str:
    """``with call as x:`` from the word on, wrapped as Black wraps it when it is too long."""
    if writing.closing:
        return f"with {_closed(tree, call, writing, 'with ', after)}{after}"
    text = _flat(tree, call, writing.indent)
    line = f"{writing.indent}with {text}{after}"
    if "\n" in text or len(line) <= LINE_LENGTH or not call.args or writing.on_one_line:
        return f"with {text}{after}"
    return f"with {_split(tree, call, writing.indent, writing.step)}{after}"


def _closed(tree: Tree, call: cst.Call, writing: Writing, before: str, after: str) -> str:
    """``closing(call)``, over several rows when one is not enough."""
    text = _flat(tree, call, writing.indent)
    line = f"{writing.indent}{before}{writing.closing}({text}){after}"
    is_short = writing.on_one_line or max(map(len, line.split("\n"))) <= LINE_LENGTH
    if "\n" not in text and is_short:
        return f"{writing.closing}({text})"
    deeper = writing.indent + writing.step
    inner = _flat(tree, call, deeper)
    if "\n" not in inner and len(deeper + inner) > LINE_LENGTH and call.args:
        inner = _split(tree, call, deeper, writing.step)
    return f"{writing.closing}(\n{deeper}{inner}\n{writing.indent})"


def _split(tree: Tree, call: cst.Call, indent: str, step: str) -> str:
    first, last = tree.range(call.args[0]).start, tree.range(call.args[-1]).end
    arguments = tree.between(first.line, first.column, last.line, last.column)
    return f"{tree.source(call.func)}(\n{indent}{step}{arguments}\n{indent})"


def _flat(tree: Tree, call: cst.Call, indent: str) -> str:
    """The text of the call where its first row has another indentation than before."""
    where = tree.range(call)
    old = tree.indentation(where.start.line)
    in_strings = tree.rows_in_strings(call)
    rows = tree.source(call).split("\n")
    for number in range(1, len(rows)):
        row = rows[number]
        if where.start.line + number not in in_strings and row.startswith(old):
            rows[number] = indent + row[len(old) :]
    return "\n".join(rows)
