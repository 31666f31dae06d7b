"""What the source of one function shows about the values of its names, as keys of a memo.

Judges by annotations, through aliases and positions of tuples, and by literals. Only jobs
import it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import libcst as cst
import msgspec

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.uses import parameters

#: How well a value serves as a key: shown to, unknown, an object somebody built, shown not to.
PLAIN, UNKNOWN, OBJECT, UNHASHABLE = 0, 1, 2, 9

#: Classes whose instances compare by what they hold.
_VALUE_TYPES = frozenset({"UUID", "Path", "Decimal", "date", "datetime", "timedelta"})
_VALUE_MAKERS = _VALUE_TYPES | {"PurePath", "urlparse", "urlsplit"}
_PLAIN_TYPES = _VALUE_TYPES | {
    "str", "int", "float", "bool", "bytes", "complex", "None", "uuid.UUID", "pathlib.Path", "AnyStr",
    "LiteralString",
}  # fmt: skip
_UNHASHABLE_TYPES = frozenset(
    {"list", "dict", "set", "bytearray", "List", "Dict", "Set", "MutableMapping", "defaultdict",
     "OrderedDict", "MutableSequence", "MutableSet", "DefaultDict", "Mapping", "Sequence", "Collection",
     "Iterable"}
)  # fmt: skip
_TEXT_METHODS = frozenset(
    {"lower", "upper", "strip", "rstrip", "lstrip", "format", "join", "title", "replace", "decode",
     "encode", "removeprefix", "removesuffix", "casefold", "hex", "isoformat"}
)  # fmt: skip
_TUPLES = frozenset({"tuple", "Tuple", "typing.Tuple"})
_DEPTH = 5


class Shown(msgspec.Struct, frozen=True):
    """How a value serves as a key, and the source text of its type where one is known."""

    rank: int
    type: str = ""


class Evidence:
    """Judges the names of one function; ``aliases`` are the type aliases of its file, as text."""

    def __init__(self, function: cst.FunctionDef, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases
        self._types = {
            param.name.value: param.annotation.annotation
            for param in parameters(function)
            if param.annotation is not None
        }
        given = function.params
        if isinstance(given.star_kwarg, cst.Param):
            self._types[given.star_kwarg.name.value] = cst.Name("dict")
        if isinstance(given.star_arg, cst.Param) and given.star_arg.annotation is not None:
            each = cst.SubscriptElement(cst.Index(given.star_arg.annotation.annotation))
            rest = cst.SubscriptElement(cst.Index(cst.Ellipsis()))
            self._types[given.star_arg.name.value] = cst.Subscript(cst.Name("tuple"), [each, rest])
        self._values: dict[str, list[tuple[cst.BaseExpression, tuple[int, ...]]]] = {}
        self._made = set(_made(function.body))
        for target, value in _assignments(function.body):
            self._assigned(target, value, ())

    def of(self, name: str) -> Shown:
        """What is shown about a local name or parameter."""
        return self._of(name, _DEPTH)

    def _assigned(
        self, target: cst.CSTNode, value: cst.BaseExpression, path: tuple[int, ...]
    ) -> None:
        if isinstance(target, cst.Name):
            self._values.setdefault(target.value, []).append((value, path))
        elif isinstance(target, cst.Tuple | cst.List):
            for position, element in enumerate(target.elements):
                if isinstance(element, cst.StarredElement):
                    return
                self._assigned(element.value, value, (*path, position))

    def _of(self, name: str, depth: int) -> Shown:
        if depth == 0:
            return Shown(UNKNOWN)
        annotation = self._types.get(name)
        if annotation is not None:
            return self._by_type(_code(annotation))
        if name in self._made:
            return Shown(OBJECT)
        values = self._values.get(name, [])
        if not values:
            return Shown(UNKNOWN)
        found = [self._of_value(value, path, depth) for value, path in values]
        worst = max(found, key=lambda shown: shown.rank)
        types = {shown.type for shown in found}
        return Shown(worst.rank, types.pop() if len(types) == 1 else "")

    def _of_value(self, value: cst.BaseExpression, path: tuple[int, ...], depth: int) -> Shown:
        if path:
            return self._of_item(value, path, depth)
        if isinstance(value, cst.Name):
            if value.value in ("None", "True", "False"):
                return Shown(PLAIN)
            return self._of(value.value, depth - 1)
        if isinstance(value, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString):
            return Shown(PLAIN, "str")
        if isinstance(value, cst.Integer | cst.Float):
            return Shown(PLAIN, "int" if isinstance(value, cst.Integer) else "float")
        if isinstance(
            value, cst.List | cst.Dict | cst.Set | cst.ListComp | cst.DictComp | cst.SetComp
        ):
            return Shown(UNHASHABLE)
        if isinstance(value, cst.Call):
            return _of_call(value)
        return Shown(UNKNOWN)

    def _of_item(self, value: cst.BaseExpression, path: tuple[int, ...], depth: int) -> Shown:
        """One position of an unpacked value, by the annotation of the whole."""
        if isinstance(value, cst.Tuple):
            position, *rest = path
            if position < len(value.elements):
                return self._of_value(value.elements[position].value, tuple(rest), depth)
        annotation = self._types.get(value.value) if isinstance(value, cst.Name) else None
        if annotation is None:
            return Shown(UNKNOWN)
        text = _code(annotation)
        for position in path:
            text = self._item_type(text, position)
        return self._by_type(text) if text else Shown(UNKNOWN)

    def _item_type(self, text: str, position: int) -> str:
        node = _parsed(self._resolved(text))
        if not isinstance(node, cst.Subscript) or _code(node.value) not in _TUPLES:
            return ""
        items = [_code(element.slice) for element in node.slice]
        return items[position] if position < len(items) and "..." not in items else ""

    def _resolved(self, text: str) -> str:
        text = _unquoted(text)
        for _ in range(_DEPTH):
            if text not in self._aliases:
                break
            text = _unquoted(self._aliases[text])
        return text

    def _by_type(self, text: str) -> Shown:
        text = _unquoted(text)
        return Shown(self._rank(text, _DEPTH), text)

    def _rank(self, text: str, depth: int) -> int:
        text = self._resolved(text)
        if text in _PLAIN_TYPES:
            return PLAIN
        node = _parsed(text) if depth else None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            sides = (_code(node.left), _code(node.right))
            return max(self._rank(side, depth - 1) for side in sides)
        if isinstance(node, cst.Subscript):
            return self._rank_generic(node, depth)
        last = text.rpartition(".")[2]
        if last in _UNHASHABLE_TYPES:
            return UNHASHABLE
        return UNKNOWN

    def _rank_generic(self, node: cst.Subscript, depth: int) -> int:
        head = _code(node.value).rpartition(".")[2]
        if head == "Literal":
            return PLAIN
        if head in _UNHASHABLE_TYPES:
            return UNHASHABLE
        items = [_code(element.slice) for element in node.slice]
        if head in (
            "Optional",
            "Union",
            "tuple",
            "Tuple",
            "frozenset",
            "FrozenSet",
            "Annotated",
            "Final",
        ):
            asked = items[:1] if head == "Annotated" else items
            return max((self._rank(item, depth - 1) for item in asked if item != "..."), default=0)
        return UNKNOWN


def _of_call(value: cst.Call) -> Shown:
    if isinstance(value.func, cst.Name):
        name = value.func.value
        if name in ("str", "int", "float", "bool", "bytes"):
            return Shown(PLAIN, name)
        if name in ("list", "dict", "set"):
            return Shown(UNHASHABLE)
    last = value.func.attr if isinstance(value.func, cst.Attribute) else value.func
    name = last.value if isinstance(last, cst.Name) else ""
    if name in _VALUE_MAKERS or (last is not value.func and name in _TEXT_METHODS):
        return Shown(PLAIN)
    return Shown(OBJECT)


def _assignments(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.BaseExpression]]:
    """Targets and values of all assignments of a scope; loops give values that nothing shows."""
    if isinstance(node, cst.Assign):
        for target in node.targets:
            yield target.target, node.value
    elif isinstance(node, cst.AnnAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, cst.For):
        yield node.target, cst.Ellipsis()
    for child in children(node):
        if not isinstance(child, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            yield from _assignments(child)


def _made(node: cst.CSTNode) -> Iterator[str]:
    """Names of functions, classes, context managers and errors: objects of this very call."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        yield node.name.value
        return
    if isinstance(node, cst.AsName) and isinstance(node.name, cst.Name):
        yield node.name.value
    for child in children(node):
        if not isinstance(child, cst.ImportAlias | cst.Lambda):
            yield from _made(child)


def _code(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Index):
        node = node.value
    return re.sub(r"\s+", " ", cst.Module(body=[]).code_for_node(node)).strip()


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _parsed(text: str) -> cst.BaseExpression | None:
    try:
        return cst.parse_expression(text)
    except cst.ParserSyntaxError:
        return None
