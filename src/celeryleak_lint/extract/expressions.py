"""Reads expressions: their value, the calls inside them, and where each result goes.

One pass: ``read(frame, node, sinks)`` returns the value of ``node`` and records its calls;
``sinks`` say what the surrounding construct does with the result.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, ClassVar

from celeryleak_lint.catalog.celery_settings import SPELLINGS
from celeryleak_lint.extract import conditions, options
from celeryleak_lint.extract.frames import Frame, Loop, ReadFunction
from celeryleak_lint.extract.names import target_names
from celeryleak_lint.extract.queries import sql_piece
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import AWAITED, GENERATOR, UNDER_KEY, CallFact, SettingFact

Sinks = tuple[str, ...]
USE: Sinks = ("use",)
TEST: Sinks = ("test",)
#: Turns up to which a loop over literals counts as short.
_SMALL = 8
ITER: Sinks = ("iter",)

#: Longest literal text that a summary keeps (names for getattr and import_module, paths).
_KEPT_TEXT = 60


class Expressions:
    """Reads the expressions of one file; ``read_function`` reads lambdas in a child frame."""

    __slots__ = ("read_function",)

    def __init__(self, read_function: ReadFunction) -> None:
        self.read_function = read_function

    def read(self, frame: Frame, node: ast.expr, sinks: Sinks) -> str:
        """The value of an expression; records its calls with ``sinks`` for its own result."""
        reader = self._readers.get(type(node))
        return reader(self, frame, node, sinks) if reader is not None else self._other(frame, node)

    def _other(self, frame: Frame, node: ast.AST) -> str:
        parts: list[str] = []
        for name in node._fields:
            child = getattr(node, name, None)
            if isinstance(child, ast.expr):
                parts.append(self.read(frame, child, USE))
            elif isinstance(child, list):
                parts += [self.read(frame, c, USE) for c in child if isinstance(c, ast.expr)]
        return values.compound("?", parts)

    def _binary(self, frame: Frame, node: ast.BinOp, sinks: Sinks) -> str:
        left = self.read(frame, node.left, USE)
        return values.compound("?", (left, self.read(frame, node.right, USE)))

    def _comparison(self, frame: Frame, node: ast.Compare, sinks: Sinks) -> str:
        left = self.read(frame, node.left, USE)
        return values.compound("?", [left, *(self.read(frame, n, USE) for n in node.comparators)])

    def _unary(self, frame: Frame, node: ast.UnaryOp, sinks: Sinks) -> str:
        return values.compound("?", (self.read(frame, node.operand, USE),))

    def _joined(self, frame: Frame, node: ast.JoinedStr, sinks: Sinks) -> str:
        return values.compound("?", [self.read(frame, part, USE) for part in node.values])

    def _formatted(self, frame: Frame, node: ast.FormattedValue, sinks: Sinks) -> str:
        parts = [self.read(frame, node.value, USE)]
        if node.format_spec is not None:
            parts.append(self.read(frame, node.format_spec, USE))
        return values.compound("?", parts)

    def _name(self, frame: Frame, node: ast.Name, sinks: Sinks) -> str:
        name = node.id
        value = frame.bindings.get(name) or frame.lookup(name)
        if value[0] in "%$":
            frame.use(value, sinks)
        return value

    def _constant(self, frame: Frame, node: ast.Constant, sinks: Sinks) -> str:
        value = node.value
        if type(value) is str:
            if len(value) <= _KEPT_TEXT and " " not in value and value.isprintable():
                return values.LITERAL if value.startswith("~") else "=" + value
            return sql_piece(value)
        if value is None or isinstance(value, (bool, int)):
            return f"={value}" if value is None or abs(value) < 10**9 else values.LITERAL
        return values.LITERAL

    def _attribute(self, frame: Frame, node: ast.Attribute, sinks: Sinks) -> str:
        """``a.b.c``: most chains begin with a name, and are read without a step for each link."""
        inner = node.value
        if type(inner) is ast.Name:
            return self._attribute_of_name(frame, node, inner.id, sinks)
        names = [node.attr]
        while type(inner) is ast.Attribute:
            names.append(inner.attr)
            node, inner = inner, inner.value
        if type(inner) is ast.Name:
            base = frame.lookup(inner.id)
            if base[0] in "%$":
                frame.use(base, _through(names, sinks))
        else:
            base = self.read(frame, inner, _through(names, sinks))
        if base == values.SELF:
            frame.reads.setdefault(node.attr, node.lineno)
        if values.is_simple(base):
            names.append(base)
            names.reverse()
            return ".".join(names)
        return values.compound("?", (base,))

    @staticmethod
    def _attribute_of_name(frame: Frame, node: ast.Attribute, name: str, sinks: Sinks) -> str:
        """``a.b``, which most chains are."""
        attribute = node.attr
        base = frame.bindings.get(name) or frame.lookup(name)
        if base[0] in "%$":
            frame.use(base, tuple([f"read {attribute}>{sink}" for sink in sinks]))
        elif base == values.SELF:
            frame.reads.setdefault(attribute, node.lineno)
        return f"{base}.{attribute}" if values.is_simple(base) else values.compound("?", (base,))

    def _subscript(self, frame: Frame, node: ast.Subscript, sinks: Sinks) -> str:
        return self._item(frame, node, sinks)[0]

    def _item(self, frame: Frame, node: ast.Subscript, sinks: Sinks) -> tuple[str, str]:
        """The value of a subscript, and of its key."""
        base = self.read(frame, node.value, tuple(f"item>{sink}" for sink in sinks))
        key = self.read(frame, node.slice, USE)
        return values.element(base), key

    def _await(self, frame: Frame, node: ast.Await, sinks: Sinks) -> str:
        if isinstance(node.value, ast.Call):
            return self._call(frame, node.value, sinks, AWAITED)
        return self.read(frame, node.value, sinks)

    def _if_expression(self, frame: Frame, node: ast.IfExp, sinks: Sinks) -> str:
        self.read(frame, node.test, TEST)
        when_true, when_false = conditions.missing(frame, node.test)
        chosen, before = options.chosen(frame, node.test), frame.chosen
        frame.chosen = (*before, *chosen[0])
        body = self._guarded(frame, node.body, sinks, when_true)
        frame.chosen = (*before, *chosen[1])
        orelse = self._guarded(frame, node.orelse, sinks, when_false)
        frame.chosen = before
        return values.either([body, orelse])

    def _bool_operation(self, frame: Frame, node: ast.BoolOp, sinks: Sinks) -> str:
        parts: list[str] = []
        guards: tuple[str, ...] = ()
        for operand in node.values:
            parts.append(self._guarded(frame, operand, sinks, guards))
            if isinstance(node.op, ast.Or):
                answer = (parts[-1],) if isinstance(operand, ast.Call) else ()
                known = conditions.missing(frame, operand)[1] or answer
                guards = (*guards, *known)
        return values.either(parts)

    def _guarded(self, frame: Frame, node: ast.expr, sinks: Sinks, guards: Sinks) -> str:
        before = frame.guards
        frame.guards = (*before, *guards)
        value = self.read(frame, node, sinks)
        frame.guards = before
        return value

    def _lambda(self, frame: Frame, node: ast.Lambda, sinks: Sinks) -> str:
        return self.read_function(frame, node)

    def _display(self, frame: Frame, node: ast.List, sinks: Sinks) -> str:
        inner = tuple(f"el>{sink}" for sink in sinks)
        return values.compound("[", [self.read(frame, item, inner) for item in node.elts])

    def _dict(self, frame: Frame, node: ast.Dict, sinks: Sinks) -> str:
        inner = tuple(f"el>{sink}" for sink in sinks)
        parts = [self.read(frame, key, USE) for key in node.keys if key is not None]
        held = [self.read(frame, item, inner) for item in node.values]
        for key, item, value in zip(node.keys, node.values, held, strict=True):
            if isinstance(key, ast.Constant) and key.value in SPELLINGS:
                self._setting(frame, key, item, value)
        return values.compound("{", parts + held)

    @staticmethod
    def _setting(frame: Frame, key: ast.Constant, item: ast.expr, value: str) -> None:
        """Columns are still those of ``ast`` here; ``extract`` turns them into code points."""
        end_line, end_column = item.end_lineno or item.lineno, item.end_col_offset or 0
        frame.state.settings.append(
            SettingFact(
                str(key.value),
                value,
                frame.qualname,
                key.lineno,
                key.col_offset,
                end_line,
                end_column,
            )
        )

    def _walrus(self, frame: Frame, node: ast.NamedExpr, sinks: Sinks) -> str:
        name = node.target.id
        frame.bindings.setdefault(name, "%" + name)
        value = self.read(frame, node.value, (f"var {name}", *sinks))
        frame.assign(name, value)
        return value

    def _starred(self, frame: Frame, node: ast.Starred, sinks: Sinks) -> str:
        return values.element(self.read(frame, node.value, tuple(f"item>{s}" for s in sinks)))

    def _yield(self, frame: Frame, node: ast.Yield, sinks: Sinks) -> str:
        frame.flags |= GENERATOR
        if node.value is None:
            return values.LITERAL
        value = self.read(frame, node.value, ("yield",))
        if value:
            frame.returns[value] = None
        return values.UNKNOWN

    def _comprehension(self, frame: Frame, node: ast.expr, sinks: Sinks) -> str:
        depth = len(frame.loops)
        shadowed: list[tuple[str, str | None]] = []
        parts: list[str] = []
        for generator in node.generators:  # type: ignore[attr-defined]
            source = self.read(frame, generator.iter, ITER)
            names = list(target_names(generator.target))
            shadowed += [(name, frame.bindings.get(name)) for name in names]
            for name in names:
                frame.bindings[name] = "%" + name
                frame.assign(name, values.element(source))
            frame.loops.append(Loop(frozenset(names), is_small(generator.iter), nested=False))
            parts += [self.read(frame, test, TEST) for test in generator.ifs]
        inner = tuple(f"el>{sink}" for sink in sinks)
        for attribute in ("elt", "key", "value"):
            item = getattr(node, attribute, None)
            if item is not None:
                parts.append(self.read(frame, item, inner))
        del frame.loops[depth:]
        for name, before in reversed(shadowed):
            if before is not None:
                frame.bindings[name] = before
        return values.compound("{" if isinstance(node, ast.DictComp) else "[", parts)

    def _call(self, frame: Frame, node: ast.Call, sinks: Sinks, flags: int = 0) -> str:
        index = len(frame.calls)
        frame.calls.append(None)
        func = node.func
        under = ""
        if type(func) is ast.Attribute:
            received = (f"recv {index}",)
            if type(func.value) is ast.Subscript:
                base, under = self._item(frame, func.value, received)
            else:
                base = self.read(frame, func.value, received)
            callee, name = values.attribute(base, func.attr), func.attr
        else:
            callee = self.read(frame, func, USE)
            name = func.id if type(func) is ast.Name else ""
        args = self._arguments(frame, node, index) if node.args or node.keywords else []
        if under:
            args.append((UNDER_KEY, under))
        flags |= frame.context
        if frame.loops:
            flags |= _turning(frame, callee, args)
        frame.calls[index] = CallFact(
            callee, name, tuple(args), node.lineno, node.col_offset,
            node.end_lineno or node.lineno, 0, sinks, frame.guards, flags, frame.chosen,
        )  # fmt: skip
        return f"#{index}"

    def _arguments(self, frame: Frame, node: ast.Call, index: int) -> list[tuple[str, str]]:
        args: list[tuple[str, str]] = []
        for position, argument in enumerate(node.args):
            label = "*" if type(argument) is ast.Starred else str(position)
            args.append((label, self._argument(frame, argument, index, label)))
        for keyword in node.keywords:
            label = keyword.arg or "**"
            args.append((label, self._argument(frame, keyword.value, index, label)))
        return args

    def _argument(self, frame: Frame, node: ast.expr, index: int, label: str) -> str:
        """One argument; literals and names of modules go nowhere that anybody asks about."""
        kind = type(node)
        if kind is ast.Constant:
            return self._constant(frame, node, ())  # type: ignore[arg-type]
        if kind is ast.Name:
            name = node.id  # type: ignore[attr-defined]
            value = frame.bindings.get(name) or frame.lookup(name)
            if value[0] in "%$":
                frame.use(value, (f"arg {index} {label}",))
            return value
        return self.read(frame, node, (f"arg {index} {label}",))

    #: A plain dictionary: it is asked once for each node of each tree.
    _readers: ClassVar[dict[type[ast.AST], Callable[[Expressions, Frame, Any, Sinks], str]]] = {
        ast.BinOp: _binary,
        ast.Compare: _comparison,
        ast.UnaryOp: _unary,
        ast.JoinedStr: _joined,
        ast.FormattedValue: _formatted,
        ast.Name: _name,
        ast.Constant: _constant,
        ast.Attribute: _attribute,
        ast.Call: _call,
        ast.Subscript: _subscript,
        ast.Await: _await,
        ast.IfExp: _if_expression,
        ast.BoolOp: _bool_operation,
        ast.Lambda: _lambda,
        ast.List: _display,
        ast.Tuple: _display,
        ast.Set: _display,
        ast.Dict: _dict,
        ast.NamedExpr: _walrus,
        ast.Starred: _starred,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
        ast.Yield: _yield,
        ast.YieldFrom: _yield,
    }


def _turning(frame: Frame, callee: str, args: list[tuple[str, str]]) -> int:
    """The flags of a call that loops stand around."""
    mentioned = [root for _, value in args for root in values.roots(value)]
    mentioned += values.roots(callee)
    return frame.loop_flags(mentioned)


def _through(names: list[str], sinks: Sinks) -> Sinks:
    """Where the root of a chain goes when the chain, outermost name first, goes to ``sinks``."""
    path = "".join([f"read {name}>" for name in reversed(names)])
    return tuple([path + sink for sink in sinks])


def is_small(iterable: ast.expr) -> bool:
    """True for a loop over a short literal or ``range`` of a small literal."""
    if isinstance(iterable, (ast.Tuple, ast.List, ast.Set)):
        return len(iterable.elts) <= _SMALL
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name):
        arguments = iterable.args
        if iterable.func.id == "range" and arguments:
            return all(isinstance(a, ast.Constant) and a.value in range(_SMALL) for a in arguments)
    return False
