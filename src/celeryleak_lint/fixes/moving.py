"""The job that finds what can move out of a function: a call, and the statements that compute its arguments.

Runs where libcst is contained: a slice of a file and a range in it in, plain values out.
Rows count from 1 and columns from 0, as libcst counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import cast

import libcst as cst
import msgspec
from libcst.metadata import CodeRange

from celeryleak_lint.cst.jobs import Plain
from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.cuts import INSTANCES, Cut, is_import, narrowest
from celeryleak_lint.fixes.evidence import PLAIN, UNKNOWN, Shown
from celeryleak_lint.fixes.keyable import asked_in, bound_to_class, collections_in
from celeryleak_lint.fixes.scene import CannotMoveError, Scene, scene_of
from celeryleak_lint.fixes.uses import root_of, uses_of


class _Live(msgspec.Struct, frozen=True):
    """A value that the moved code needs from outside: how it is named inside, and written outside."""

    name: str
    argument: str
    shown: Shown


def move(text: str, argument: Sequence[Plain]) -> list[Plain]:
    """Plan to move the call in a range of ``text``: ``[row, column, end row, end column, aliases]``.

    Gives one reason, or one mapping: ``call`` (its range), ``expression`` (its lines with
    live attributes renamed), ``assigned`` (the local that gets it), ``body`` (lines of the
    statements that move, without indentation of their own), ``removed`` (ranges of rows),
    ``live`` (name, argument, type text, rank), ``unit`` (one level of indentation).
    """
    row, column, end_row, end_column, aliases = argument
    place = (
        (cast("int", row), cast("int", column)),
        (cast("int", end_row), cast("int", end_column)),
    )
    try:
        return [_plan(scene_of(text, place, cast("Mapping[str, str]", aliases)))]
    except CannotMoveError as reason:
        return [str(reason)]


def _plan(scene: Scene) -> Plain:
    cut, imports = narrowest(scene)
    lives, renamed = _lives(scene, cut)
    moved = [scene.block[position] for position in sorted(cut.moved)]
    kept_imports = [node for node, is_shared in imports if is_shared]
    gone = [node for node, is_shared in imports if not is_shared] + moved
    written = [*[node for node, _ in imports if node not in moved], *moved]
    where = scene.ranges[scene.call]
    _forbid_emptied(scene, gone)
    _forbid_class_names(scene, moved, renamed)
    _forbid_asked(scene, moved, lives)
    return {
        "call": _numbers(where),
        "expression": _expression(scene, renamed),
        "assigned": _assigned(scene),
        "body": _body(scene, written, kept_imports),
        "removed": [_rows(scene, node) for node in gone],
        "live": [[live.name, live.argument, live.shown.type, live.shown.rank] for live in lives],
        "unit": scene.indent,
        "is_method": bool(INSTANCES & {p.name.value for p in scene.function.params.params[:1]}),
    }  # fmt: skip


def _forbid_emptied(scene: Scene, gone: Sequence[cst.CSTNode]) -> None:
    for block, _ in (*scene.outer, (scene.block, scene.index)):
        if block and all(any(statement is node for node in gone) for statement in block):
            raise CannotMoveError("a block would be left empty")


def _forbid_class_names(
    scene: Scene, moved: Sequence[cst.CSTNode], renamed: Mapping[cst.CSTNode, str]
) -> None:
    for node in (scene.call, *moved):
        name = bound_to_class(node, renamed)
        if name:
            raise CannotMoveError(f"`{name}` means something else outside of its class")


def _forbid_asked(scene: Scene, moved: Sequence[cst.CSTNode], lives: Sequence[_Live]) -> None:
    """What has methods of its own is an object, and most objects equal nothing but themselves."""
    unsure = {live.argument for live in lives if live.shown.rank != PLAIN}
    for node in (scene.call, *moved):
        for name, method in asked_in(node):
            if name in unsure:
                raise CannotMoveError(
                    f"`{name}` looks like an object (`{method}()`): as the key of a cache it would be "
                    "pinned, and hit only while it is the same one"
                )


# -- what is written -------------------------------------------------------------------------


def _lives(scene: Scene, cut: Cut) -> tuple[list[_Live], dict[cst.CSTNode, str]]:
    """The keys, in the order in which they are read, and the attributes of the call that become names."""
    chains = _chains(scene.call, cut.live)
    moved = (scene.call, *(scene.block[position] for position in cut.moved))
    collections = {name for node in moved for name in collections_in(node)}
    taken = set(scene.local) | set(uses_of(*moved).reads)
    lives: dict[str, _Live] = {}
    renamed: dict[cst.CSTNode, str] = {}
    given: set[str] = set()
    in_body = uses_of(*(scene.block[position] for position in cut.moved)).reads if cut.moved else {}
    for root, node, argument in chains:
        if node is None or root in in_body:
            continue
        live = lives.get(argument)
        if live is None:
            if argument in collections:
                raise CannotMoveError(f"`{argument}` is a collection, which no cache has as a key")
            name = argument.rpartition(".")[2].lstrip("_")
            if name in taken and (name not in cut.live or name in given):
                name = argument.replace(".", "_").lstrip("_")
            given.add(name)
            taken.add(name)
            live = lives[argument] = _Live(name, argument, Shown(UNKNOWN))
        renamed[node] = live.name
    covered = {root for root, node, _ in chains if node is not None and root not in in_body}
    plain = {root for root, node, _ in chains if node is None} | (set(in_body) & cut.live)
    for name in sorted(cut.live, key=lambda n: _first_read(scene, n)):
        if name in covered and name not in plain:
            continue
        if name in INSTANCES:
            raise CannotMoveError("it depends on the instance: keep it on the instance, built once")
        lives[name] = _Live(name, name, scene.evidence.of(name))
    return list(lives.values()), renamed


def _first_read(scene: Scene, name: str) -> tuple[int, str]:
    order = [param.name.value for param in scene.function.params.params]
    return (order.index(name) if name in order else len(order), name)


def _chains(call: cst.Call, live: set[str]) -> list[tuple[str, cst.CSTNode | None, str]]:
    """Each reading of a live root in the call: with the longest attribute chain that is a value.

    The chain is ``None`` where the root itself is needed, as for a method that is called.
    """
    return list(_chains_in(call, live))


def _chains_in(node: cst.CSTNode, live: set[str]) -> Iterator[tuple[str, cst.CSTNode | None, str]]:
    if isinstance(node, cst.Name):
        if node.value in live:
            yield node.value, None, node.value
    elif isinstance(node, cst.Attribute):
        root = root_of(node)
        if root in live and _is_chain(node):
            yield root, node, cst.Module(body=[]).code_for_node(node)
        else:
            yield from _chains_in(node.value, live)
    elif isinstance(node, cst.Call):
        called = node.func.value if isinstance(node.func, cst.Attribute) else node.func
        yield from _chains_in(called, live)
        for arg in node.args:
            yield from _chains_in(arg.value, live)
    else:
        for child in children(node):
            yield from _chains_in(child, live)


def _is_chain(node: cst.CSTNode) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def _assigned(scene: Scene) -> str:
    statement = scene.block[scene.index]
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ""
    small = statement.body[0]
    if isinstance(small, cst.Assign) and len(small.targets) == 1 and small.value is scene.call:
        target = small.targets[0].target
        return target.value if isinstance(target, cst.Name) else ""
    return ""


def _expression(scene: Scene, renamed: dict[cst.CSTNode, str]) -> list[str]:
    where = scene.ranges[scene.call]
    rows = {row: scene.text[row - 1] for row in range(where.start.line, where.end.line + 1)}
    changes = sorted(
        ((scene.ranges[node], name) for node, name in (renamed | _requoted(scene)).items()),
        key=lambda change: (change[0].start.line, change[0].start.column),
        reverse=True,
    )
    end_column = where.end.column
    for span, name in changes:
        if span.start.line != span.end.line:
            raise CannotMoveError("an argument is written over several lines")
        line = rows[span.start.line]
        rows[span.start.line] = line[: span.start.column] + name + line[span.end.column :]
        if span.start.line == where.end.line:
            end_column += len(name) - (span.end.column - span.start.column)
    last = where.end.line
    rows[last] = rows[last][:end_column]
    first = where.start.line
    rows[first] = rows[first][where.start.column :]
    prefix = _prefix(scene)
    _forbid_long_texts(scene, scene.call, prefix)
    return [rows[first], *(_dedented(rows[row], prefix) for row in range(first + 1, last + 1))]


def _requoted(scene: Scene) -> dict[cst.CSTNode, str]:
    """Texts of a call inside a formatted string, with the quotes they could not have there."""
    if not scene.is_in_text:
        return {}
    return {
        node: f'{node.prefix}"{node.raw_value}"'
        for node in _all(scene.call)
        if isinstance(node, cst.SimpleString)
        and node.quote == "'"
        and not set('"\\') & set(node.raw_value)
    }


def _prefix(scene: Scene) -> str:
    """The indentation of the block, which what moves loses."""
    line = scene.text[scene.ranges[scene.block[scene.index]].start.line - 1]
    return line[: len(line) - len(line.lstrip())]


def _dedented(line: str, prefix: str) -> str:
    if not line.strip():
        return ""
    if not line.startswith(prefix):
        raise CannotMoveError("its lines are indented in a way that a helper cannot keep")
    return line[len(prefix) :]


def _forbid_long_texts(scene: Scene, node: cst.CSTNode, prefix: str) -> None:
    """A text over several lines would change with its indentation."""
    if prefix == scene.indent:
        return
    for inner in _all(node):
        if isinstance(inner, cst.SimpleString | cst.FormattedString):
            where = scene.ranges.get(inner)
            if where is not None and where.start.line != where.end.line:
                raise CannotMoveError("a text over several lines would change its indentation")


def _all(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in children(node):
        yield from _all(child)


def _body(scene: Scene, written: Sequence[cst.CSTNode], copied: Sequence[cst.CSTNode]) -> list[str]:
    """The lines of the statements that move, with a blank one behind the last import."""
    lines: list[str] = []
    for node, after in zip_longest(written, written[1:]):
        lines += _lines(scene, node, with_comments=node not in copied)
        if is_import(node) and (after is None or not is_import(after)):
            lines.append("")
    return lines


def _lines(scene: Scene, node: cst.CSTNode, *, with_comments: bool) -> list[str]:
    first, last = _rows(scene, node) if with_comments else _bare_rows(scene, node)
    line = scene.text[_bare_rows(scene, node)[0] - 1]
    prefix = line[: len(line) - len(line.lstrip())]
    _forbid_long_texts(scene, node, prefix)
    return [_dedented(scene.text[row - 1], prefix) for row in range(first, last + 1)]


def _bare_rows(scene: Scene, node: cst.CSTNode) -> tuple[int, int]:
    where = scene.ranges[node]
    last = where.end.line - (1 if where.end.column == 0 else 0)
    return where.start.line, last


def _rows(scene: Scene, node: cst.CSTNode) -> tuple[int, int]:
    """The rows of a statement with the comments directly above it."""
    first, last = _bare_rows(scene, node)
    while first > 1 and scene.text[first - 2].lstrip().startswith("#"):
        first -= 1
    return first, last


def _numbers(where: CodeRange) -> list[int]:
    return [where.start.line, where.start.column, where.end.line, where.end.column]
