"""Which statements need a handle that is about to be closed, and whether none is left outside.

Names are followed through the statements after the opening: what reads from the handle needs
it, what is complete does not. Only jobs import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import libcst as cst
import msgspec

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.held import holds, is_last, looks_up_by_text
from celeryleak_lint.fixes.laziness import Kind, Values, items_of
from celeryleak_lint.fixes.trees import Tree, dotted, has_comment, mentions, names_in, within

_LOOPS = (cst.For, cst.While)


class NoWay(Exception):  # noqa: N818  not an error: the reason why there is no fix
    """Carries the reason for a refusal out of the search."""


class Asked(msgspec.Struct, frozen=True):
    """What the strategy asks: the range of the call, how it is closed, and how to write.

    ``closing`` is how the file spells ``contextlib.closing``, empty for a plain ``with``;
    ``names`` are proposals for a new name; ``words`` are all words of the file, for names
    at module level. ``again`` says that closing twice is allowed; ``readers`` are functions
    that are done with the handle when they return.
    """

    where: tuple[int, int, int, int]
    closing: str
    keeps_with: bool
    is_executor: bool
    again: bool
    indent: str
    names: tuple[str, ...]
    words: frozenset[str]
    readers: frozenset[str]


@dataclass(slots=True)
class Opening:
    """Where the call stands: the path to it, its statement, and the statements beside that."""

    tree: Tree
    asked: Asked
    path: tuple[cst.CSTNode, ...]
    block: Sequence[cst.BaseStatement] = ()
    index: int = 0
    safe: bool = True
    values: Values = field(init=False)

    def __post_init__(self) -> None:
        self.values = Values(self.call, self.asked.readers, is_executor=self.asked.is_executor)

    @property
    def call(self) -> cst.Call:
        """The call that opens."""
        return cast("cst.Call", self.path[-1])

    @property
    def indent(self) -> str:
        """The indentation of its block."""
        return self.tree.indentation(self.tree.range(self.statement).start.line)

    @property
    def statement(self) -> cst.BaseStatement:
        """The statement in which it stands."""
        return self.block[self.index]

    @property
    def function(self) -> cst.FunctionDef | None:
        """The function around it."""
        return next((n for n in reversed(self.path) if isinstance(n, cst.FunctionDef)), None)


def follow(place: Opening, first: Sequence[cst.CSTNode], name: str) -> None:
    """Learn what each name in some statements has to do with the handle."""
    place.values.learn(name, "bound")
    known: dict[str, Kind] = {}
    while known != place.values.names:
        known = dict(place.values.names)
        for statement in first:
            _read(place, statement)
    for statement in first:
        _yields(place, statement)


def _read(place: Opening, node: cst.CSTNode) -> None:
    if isinstance(node, cst.Global | cst.Nonlocal):
        if {item.name.value for item in node.names} & set(place.values.names):
            raise NoWay("the name is shared with other functions")
    elif isinstance(node, cst.FunctionDef | cst.ClassDef):
        if mentions(node, needing_names(place.values)):
            raise NoWay("a function defined there uses it, perhaps after it is closed")
    elif isinstance(node, cst.Assign | cst.AnnAssign | cst.AugAssign | cst.Return):
        _read_value(place, node)
    elif isinstance(node, cst.For):
        _store(place, node.target, items_of(place.values.of(node.iter)))
        _read_all(place, (node.body, node.orelse))
    elif isinstance(node, cst.With):
        _read_items(place, node)
        _read(place, node.body)
    elif isinstance(node, cst.BaseExpression):
        place.values.of(node)
    else:
        _read_all(place, children(node))


def _read_value(
    place: Opening, node: cst.Assign | cst.AnnAssign | cst.AugAssign | cst.Return
) -> None:
    if node.value is None:
        return
    kind = place.values.of(node.value)
    if isinstance(node, cst.Return):
        _leave(kind, "returned")
        return
    targets = [t.target for t in node.targets] if isinstance(node, cst.Assign) else [node.target]
    for target in targets:
        _store(place, target, kind)


def _read_items(place: Opening, node: cst.With) -> None:
    for item in node.items:
        kind = place.values.of(item.item)
        if item.asname is not None:
            _store(place, item.asname.name, kind)


def _read_all(place: Opening, nodes: Sequence[cst.CSTNode | None]) -> None:
    for node in nodes:
        if node is not None:
            _read(place, node)


def _yields(place: Opening, node: cst.CSTNode) -> None:
    """What a context manager yields is on loan; any other generator hands it out."""
    for found in within(node):
        if not isinstance(found, cst.Yield) or found.value is None:
            continue
        given = found.value
        kind = (
            items_of(place.values.of(given.item))
            if isinstance(given, cst.From)
            else place.values.of(given)
        )
        if kind != "clean" and _is_context_manager(place.function):
            place.safe = False
        else:
            _leave(kind, "yielded")


def _is_context_manager(function: cst.FunctionDef | None) -> bool:
    return function is not None and any(
        dotted(decorator.decorator).endswith("contextmanager") for decorator in function.decorators
    )


def _leave(kind: Kind, how: str) -> None:
    if kind == "bound":
        raise NoWay(f"something that still reads from it is {how}")
    if kind == "unknown":
        raise NoWay(f"something is {how} that may still read from it")


def _store(place: Opening, target: cst.CSTNode, kind: Kind) -> None:
    if isinstance(target, cst.Name):
        if kind != "clean":
            place.values.learn(target.value, kind)
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            _store(place, element.value, kind)
    elif kind == "bound":
        raise NoWay("something that still reads from it is stored")
    elif kind == "unknown":
        raise NoWay("something is stored that may still read from it")


def needing_names(values: Values) -> set[str]:
    """The names whose values are not complete without the handle."""
    return {name for name, kind in values.names.items() if kind != "clean"}


def reach(
    place: Opening, first: Sequence[cst.BaseStatement], rest: Sequence[cst.BaseStatement], name: str
) -> tuple[int, cst.BaseStatement | None]:
    """How many of the statements ``rest`` need the handle, and the one that only closes it, last of all.

    ``first`` is the opening statement where it is more than an assignment.
    """
    follow(place, (*first, *rest), name)
    needing = needing_names(place.values)
    used = [number for number, each in enumerate(rest, start=1) if mentions(each, needing)]
    closing = rest[used[-1] - 1] if used and _is_plain_close(rest[used[-1] - 1], name) else None
    if closing is not None:
        used.pop()
    size = used[-1] if used else 0
    _check_bindings(rest[:size], name)
    check_closes(place, rest[:size], name)
    check_outside(place, needing - {name} if first else needing, rest)
    if closing is None:
        _check_held(place, (*first, *rest[:size]), needing, rest[size:])
    return size, closing


def _check_held(
    place: Opening, used: Sequence[cst.BaseStatement], needing: set[str],
    after: Sequence[cst.BaseStatement],
) -> None:  # fmt: skip
    """What is held by being open would be let go before the work that follows."""
    if looks_up_by_text(place.function):
        raise NoWay("the function looks names up by their text, perhaps this one after its end")
    if holds((*used, place.call), needing, place.call) and not is_last(place.path, after):
        raise NoWay("what it holds by being open, such as a lock or a port, would end too early")


def _check_bindings(moved: Sequence[cst.BaseStatement], name: str) -> None:
    """A branch or a loop that binds the name anew leaves one of the two open."""
    for statement in moved:
        for found in within(statement):
            bound: Sequence[cst.CSTNode] = ()
            if isinstance(found, cst.Assign):
                bound = [target.target for target in found.targets]
            elif isinstance(found, cst.AnnAssign | cst.NamedExpr | cst.For | cst.CompFor):
                bound = (found.target,)
            elif isinstance(found, cst.AsName):
                bound = (found.name,)
            if any(mentions(target, {name}) and not _is_part(target) for target in bound):
                raise NoWay("the name gets another value while it is open")


def _is_part(target: cst.CSTNode) -> bool:
    """True for ``conn.row_factory``: a part of the handle, not its name."""
    return isinstance(target, cst.Attribute | cst.Subscript)


def check_closes(place: Opening, moved: Sequence[cst.CSTNode], name: str) -> None:
    """Some connections refuse to be closed twice."""
    if place.asked.again:
        return
    for statement in moved:
        for found in within(statement):
            if isinstance(found, cst.Attribute) and dotted(found) == f"{name}.close":
                raise NoWay("it is closed already on some path, and may refuse to be closed twice")


def rebound(rest: Sequence[cst.BaseStatement], name: str) -> int:
    """The number of statements before one that binds the name anew."""
    for number, statement in enumerate(rest):
        node = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        if isinstance(node, cst.Assign) and not mentions(node.value, {name}):
            if any(isinstance(t.target, cst.Name) and t.target.value == name for t in node.targets):
                return number
    return len(rest)


def _is_plain_close(statement: cst.BaseStatement, name: str) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    node = statement.body[0]
    return (
        isinstance(node, cst.Expr)
        and isinstance(node.value, cst.Call)
        and not node.value.args
        and dotted(node.value.func) in (f"{name}.close", f"{name}.quit", f"{name}.release")
        and not has_comment(statement)
    )


def check_outside(place: Opening, needing: set[str], rest: Sequence[cst.BaseStatement]) -> None:
    """No name that needs the handle may be read where the block does not reach."""
    function = place.function
    if function is None:
        if needing:
            raise NoWay("other code of the module, or of another one, may use it")
        return
    inside = {id(found) for statement in (place.statement, *rest) for found in within(statement)}
    start = place.tree.range(place.statement).start.line
    loops = [node for node in place.path if isinstance(node, _LOOPS)]
    around = [{id(found) for found in within(loop)} for loop in loops]
    stored = {id(found) for found in _targets(function)}
    later = {id(found) for found in _run_later(function.body)}
    for found in names_in(function.body):
        if found.value not in needing or id(found) in inside or id(found) in stored:
            continue
        if id(found) in later:
            raise NoWay("a function defined there uses it, perhaps after it is closed")
        is_earlier = place.tree.range(found).start.line < start
        in_same_loop = any(id(found) in nodes for nodes in around)
        if not is_earlier or in_same_loop:
            if not _is_rebound_before(place, found, rest):
                raise NoWay("it is used outside of the block in which it is opened")


def _is_rebound_before(place: Opening, found: cst.Name, rest: Sequence[cst.BaseStatement]) -> bool:
    """Whether a statement of the same block binds the name anew before it is read there."""
    after = place.block[place.index + 1 + len(rest) :]
    for statement in after:
        node = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        if isinstance(node, cst.Assign) and any(
            isinstance(t.target, cst.Name) and t.target.value == found.value for t in node.targets
        ):
            return not mentions(node.value, {found.value})
        if mentions(statement, {found.value}):
            return False
    return False


def _run_later(body: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What stands in functions and lambdas that are defined in a body."""
    for node in within(body):
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            yield from within(node.body)


def _targets(function: cst.FunctionDef) -> Iterator[cst.Name]:
    for node in within(function.body):
        if isinstance(node, cst.Assign):
            yield from (t.target for t in node.targets if isinstance(t.target, cst.Name))
