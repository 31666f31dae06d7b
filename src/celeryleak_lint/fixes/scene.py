"""Where a call stands: its function, the blocks around it, and which names are local. For jobs only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.evidence import Evidence
from celeryleak_lint.fixes.uses import Uses, locals_of, uses_of

#: Start and end of a range as row (from 1) and column (from 0).
Range = tuple[tuple[int, int], tuple[int, int]]


class CannotMoveError(Exception):
    """Why the call has to stay; the text is a clause for the user."""


@dataclass(slots=True)
class Scene:
    """The call in its function: the block it is in, what is local, and what is read where.

    ``is_in_text`` is true inside a formatted string, whose quotes the call had to avoid.
    """

    text: list[str]
    ranges: Mapping[cst.CSTNode, CodeRange]
    indent: str
    function: cst.FunctionDef
    call: cst.Call
    block: Sequence[cst.CSTNode]
    index: int
    outer: tuple[tuple[Sequence[cst.CSTNode], int], ...]
    local: set[str]
    closed_over: set[str]
    evidence: Evidence
    call_uses: Uses
    is_in_text: bool


def scene_of(text: str, place: Range, aliases: Mapping[str, str]) -> Scene:
    """The scene of the call whose range is ``place``; raises ``CannotMoveError``."""
    module = cst.parse_module(text)
    ranges = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    path = _path_to(module, ranges, place)
    call = path[-1]
    if not isinstance(call, cst.Call):
        raise CannotMoveError("the place of the call was not found again")
    functions = [node for node in path if isinstance(node, cst.FunctionDef)]
    if not functions:
        raise CannotMoveError(
            "it is built at module level, where a helper would change when it is built"
        )
    function = functions[-1]
    inside = path[path.index(function) + 1 :]
    blocks = _blocks_of(inside)
    block, index = blocks[-1]
    closed_over = {name for outer in functions[:-1] for name in locals_of(outer)}
    return Scene(
        text=text.split("\n"), ranges=ranges, indent=module.default_indent, function=function,
        call=call, block=block, index=index, outer=blocks[:-1], local=locals_of(function),
        closed_over=closed_over, evidence=Evidence(function, aliases),
        call_uses=_uses_of_call(call, inside),
        is_in_text=any(isinstance(node, cst.FormattedString) for node in inside),
    )  # fmt: skip


def _blocks_of(inside: Sequence[cst.CSTNode]) -> tuple[tuple[Sequence[cst.CSTNode], int], ...]:
    if any(isinstance(node, cst.ClassDef) for node in inside):
        raise CannotMoveError("it is built in the body of a class inside a function")
    blocks = tuple(_blocks(inside))
    if not blocks:
        raise CannotMoveError("it is part of the function's signature, or shares its line")
    return blocks


def _uses_of_call(call: cst.Call, inside: Sequence[cst.CSTNode]) -> Uses:
    uses = uses_of(call)
    if uses.effects or uses.binds:
        raise CannotMoveError("the call awaits, yields or binds a name")
    for node in inside:
        if isinstance(node, cst.Lambda | cst.BaseComp):
            around = uses_of(node).reads
            turning = [name for name, count in uses.reads.items() if around[name] < count]
            if turning:
                raise CannotMoveError(
                    f"it depends on `{turning[0]}`, which changes from turn to turn"
                )
    return uses


def _path_to(
    module: cst.Module, ranges: Mapping[cst.CSTNode, CodeRange],
    place: Range,
) -> list[cst.CSTNode]:  # fmt: skip
    """The nodes from the module down to the call whose range is ``place``."""
    start, end = place
    path: list[cst.CSTNode] = []
    node: cst.CSTNode | None = module
    while node is not None:
        path.append(node)
        where = ranges.get(node)
        is_here = where is not None and (where.start.line, where.start.column) == start
        if is_here and isinstance(node, cst.Call) and where is not None:
            if (where.end.line, where.end.column) == end:
                return path
        node = next((child for child in children(node) if _holds(ranges, child, start, end)), None)
    return path


def _holds(
    ranges: Mapping[cst.CSTNode, CodeRange],
    node: cst.CSTNode,
    start: tuple[int, int],
    end: tuple[int, int],
) -> bool:
    where = ranges.get(node)
    if where is None:
        return False
    first, last = where.start, where.end
    return (first.line, first.column) <= start and end <= (last.line, last.column)


def _blocks(path: Sequence[cst.CSTNode]) -> Iterator[tuple[Sequence[cst.CSTNode], int]]:
    """Each block on the way, outermost first, with the position of the statement that leads on."""
    for node, child in pairwise(path):
        if isinstance(node, cst.IndentedBlock):
            position = next(i for i, statement in enumerate(node.body) if statement is child)
            yield node.body, position
