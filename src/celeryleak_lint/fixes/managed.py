"""The job of the closing strategy: puts a ``with`` statement around what a handle is used for.

Only the containment calls it. What follows the opening is followed by name: the block ends
with the last statement that still needs the handle, and nothing that needs it may be left
outside. Whatever cannot be told from the text is a reason, never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import libcst as cst

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.block_edits import (
    Writing,
    header_above,
    header_for,
    indented,
    joined_header,
    place_of,
    removed,
    wrapped_item,
)
from celeryleak_lint.fixes.reach import (
    Asked,
    NoWay,
    Opening,
    check_closes,
    check_outside,
    follow,
    needing_names,
    reach,
    rebound,
)
from celeryleak_lint.fixes.trees import (
    Change,
    Tree,
    dotted,
    has_comment,
    parsed,
    within,
)

_LOOPS = (cst.For, cst.While)
_CONDITIONAL = (cst.IfExp, cst.BooleanOperation, cst.Lambda, cst.BaseComp, cst.Assert)
_PURE = (cst.Name, cst.Attribute, cst.BaseNumber, cst.SimpleString, cst.Arg, cst.Comma)


def manage(text: str, argument: Sequence[object]) -> list[object]:
    """The job: one mapping with ``edits`` and ``safe``, or one text with the reason for none."""
    where, closing, keeps_with, is_executor, again, indent, names, words, readers = argument
    asked = Asked(
        cast("tuple[int, int, int, int]", tuple(cast("list[int]", where))),
        str(closing), bool(keeps_with), bool(is_executor), bool(again), str(indent),
        tuple(cast("list[str]", names)), frozenset(cast("list[str]", words)),
        frozenset(cast("list[str]", readers)),
    )  # fmt: skip
    try:
        edits, safe = _managed(parsed(text), asked)
    except NoWay as reason:
        return [str(reason)]
    return [{"edits": [list(edit) for edit in edits], "safe": safe}]


def _managed(tree: Tree, asked: Asked) -> tuple[list[Change], bool]:
    path = tree.path_to(asked.where)
    if not path or not isinstance(path[-1], cst.Call):
        raise NoWay("the call is not where it was expected")
    place = Opening(tree, asked, path)
    _locate(place)
    item = _own_item(place)
    if item is not None:
        edits = _wrapped(place, *item)
    else:
        name = _assigned_name(place)
        edits = _opened_inside(place) if name is None else _assigned(place, name)
    if place.values.captured:
        raise NoWay("something that may live longer holds it")
    return edits, place.safe and not place.values.handed


# -- the place -------------------------------------------------------------------------------


def _locate(place: Opening) -> None:
    """Find the statement of the call and the block it stands in."""
    for depth in range(len(place.path) - 1, 0, -1):
        block, node = place.path[depth - 1], place.path[depth]
        if isinstance(block, cst.SimpleStatementSuite):
            raise NoWay("the statement stands on the line of its header")
        if isinstance(block, cst.Module | cst.IndentedBlock):
            place.block = block.body
            place.index = place.block.index(cast("cst.BaseStatement", node))
            _check_scope(place, depth)
            _check_statement(place.statement, place.path[depth + 1])
            return
    raise NoWay("the call stands in no statement")


def _check_scope(place: Opening, depth: int) -> None:
    scopes = [n for n in place.path[:depth] if isinstance(n, cst.FunctionDef | cst.ClassDef)]
    if scopes and isinstance(scopes[-1], cst.ClassDef):
        raise NoWay("it stands in the body of a class")
    if "\t" in place.indent and " " in place.indent:
        raise NoWay("its indentation mixes tabs and spaces")


def _check_statement(node: cst.BaseStatement, inside: cst.CSTNode) -> None:
    """Only statements that evaluate the call once, and before anything else in them."""
    if isinstance(node, cst.SimpleStatementLine):
        if len(node.body) != 1:
            raise NoWay("other statements stand on its line")
        if isinstance(inside, cst.Import | cst.ImportFrom | cst.Assert | cst.Global):
            raise NoWay("the statement cannot stand in a block of its own")
        return
    if isinstance(node, cst.If | cst.For | cst.With) and not isinstance(inside, cst.IndentedBlock):
        expected = {cst.If: "test", cst.For: "iter"}.get(type(node), "")
        if not expected or getattr(node, expected) is inside:
            return
    raise NoWay(
        "it stands in the header of a statement that evaluates it more than once or elsewhere"
    )


def _check_expression(place: Opening) -> None:
    """The call inside an expression: nothing may decide whether it runs, or run before it unseen."""
    inside = place.path[place.path.index(place.statement) + 1 :]
    for outer, inner in pairwise(inside):
        if isinstance(outer, _CONDITIONAL):
            raise NoWay("it is evaluated under a condition or more than once")
        is_chain = isinstance(outer, cst.Comparison) and len(outer.comparisons) > 1
        if is_chain and getattr(outer, "left", None) is not inner:
            raise NoWay("it is evaluated under a condition or more than once")
        if isinstance(outer, cst.FormattedString | cst.ConcatenatedString):
            raise NoWay("it stands inside a string")
        if isinstance(outer, cst.Await) and inner is place.call:
            raise NoWay("it is awaited, and has to be closed by an asynchronous block")
        for child in children(outer):
            if child is inner:
                break
            if not all(_is_pure(found) for found in within(child)):
                place.safe = False  # what ran before the opening will run after it


def _is_pure(node: cst.CSTNode) -> bool:
    return isinstance(node, _PURE) or not isinstance(
        node, cst.Call | cst.Subscript | cst.Await | cst.Yield | cst.NamedExpr
    )


def _assigned_name(place: Opening) -> str | None:
    """``x`` of ``x = open(...)``; none when the call is a part of something larger."""
    statement = place.statement
    if not isinstance(statement, cst.SimpleStatementLine):
        return None
    node = statement.body[0]
    if isinstance(node, cst.AnnAssign) and node.value is place.call:
        raise NoWay("the name has an annotation, which a `with` statement cannot have")
    if not isinstance(node, cst.Assign) or node.value is not place.call:
        return None
    target = node.targets[0].target
    if len(node.targets) != 1 or not isinstance(target, cst.Name):
        raise NoWay("it is assigned to something other than one plain name")
    if place.call.lpar:
        raise NoWay("it stands in parentheses of its own")
    return target.value


def _own_item(place: Opening) -> tuple[cst.With, cst.WithItem] | None:
    """The ``with`` item that is the call itself."""
    statement = place.statement
    if not isinstance(statement, cst.With):
        return None
    item = next((item for item in statement.items if item.item is place.call), None)
    if item is None:
        return None
    if statement.asynchronous is not None:
        raise NoWay("it is closed by an asynchronous block")
    if not place.asked.keeps_with:
        raise NoWay("it stands in a `with` statement already")
    return statement, item


# -- the three forms -------------------------------------------------------------------------


def _wrapped(place: Opening, statement: cst.With, item: cst.WithItem) -> list[Change]:
    """``with connect() as x:`` keeps its block and its commit, and closes besides."""
    given = item.asname.name if item.asname is not None else None
    if given is not None and not isinstance(given, cst.Name):
        raise NoWay("the connection gets no plain name")
    name = given.value if given is not None else _new_name(place)
    follow(place, (statement.body,), name)
    check_closes(place, (statement.body,), name)
    needing = needing_names(place.values)
    check_outside(place, needing if given is not None else needing - {name}, ())
    return wrapped_item(place.tree, item, place.call, _writing(place), name)


def _assigned(place: Opening, name: str) -> list[Change]:
    """``x = open(...)`` becomes the header of a block."""
    rest = place.block[place.index + 1 :]
    rest = rest[: rebound(rest, name)]
    size, closing = reach(place, (), rest, name)
    moved = rest[:size]
    if not moved:
        raise NoWay("nothing is done with it")
    writing = _writing(place)
    if place.asked.keeps_with and _is_own_block(place, moved, name):
        return joined_header(place.tree, place.statement, place.call, moved[0], writing, name)
    return [
        *header_for(place.tree, place.statement, place.call, writing, name),
        *indented(place.tree, place.statement, moved, writing),
        *(removed(place.tree, closing, is_last=closing is place.block[-1]) if closing else ()),
    ]


def _is_own_block(place: Opening, moved: Sequence[cst.BaseStatement], name: str) -> bool:
    """``with x:`` right below, and nothing else."""
    block = moved[0]
    if len(moved) > 1 or not isinstance(block, cst.With) or block.asynchronous is not None:
        return False
    return (
        len(block.items) == 1
        and block.items[0].asname is None
        and dotted(block.items[0].item) == name
        and not block.leading_lines
        and not has_comment(place.statement)
    )


def _opened_inside(place: Opening) -> list[Change]:
    """``return open(...).read()`` gets a block around it and a name for what is opened."""
    _check_expression(place)
    name = _new_name(place)
    rest = place.block[place.index + 1 :]
    size, _ = reach(place, (place.statement,), rest, name)
    writing = _writing(place)
    where = place_of(place.tree, place.path)
    return [
        *header_above(place.tree, place.statement, place.path, writing, name),
        *indented(place.tree, place.statement, rest[:size], writing, (where[0], where[2])),
    ]


def _new_name(place: Opening) -> str:
    function = place.function
    taken = (
        {found.value for found in within(function) if isinstance(found, cst.Name)}
        if function
        else place.asked.words
    )
    for name in place.asked.names:
        if name not in taken:
            return name
    raise NoWay("every short name for it is taken")


def _writing(place: Opening) -> Writing:
    return Writing(place.indent, place.asked.indent, place.asked.closing)
