"""Reads statements: assignments, branches, loops and handlers, in the order they run.

Keeps two things while it walks a block: which values are known to be missing (guards), and
in which kind of place it is (loop, ``finally``, handler, branch).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, ClassVar

from celeryleak_lint.extract import conditions, options
from celeryleak_lint.extract.annotations import annotation_value
from celeryleak_lint.extract.expressions import ITER, TEST, USE, Expressions, is_small
from celeryleak_lint.extract.frames import Frame, Loop
from celeryleak_lint.extract.names import (
    bound_names,
    flat,
    imported,
    is_main,
    leaves,
    mentioned_modules,
    never_holds,
    terminates,
)
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import (
    CONDITIONAL,
    DELETES,
    EXCEPT,
    FINALLY,
    MAIN,
    TYPING,
    ExitFact,
    StoreFact,
)

_LOOKUP_ERRORS = frozenset(
    {"KeyError", "AttributeError", "LookupError", "IndexError", "NameError", "RuntimeError"}
)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
#: Statements behind which something may be known that was not known before.
_PROVING = frozenset({ast.If, ast.Try, ast.With, ast.AsyncWith, ast.For, ast.AsyncFor})

#: ``except*`` is known from Python 3.11 on.
_TRIES = tuple(kind for name in ("Try", "TryStar") if (kind := getattr(ast, name, None)))

ReadDefinition = Callable[[Frame, ast.stmt], None]


class Statements:
    """Reads the statements of one file; ``read_definition`` reads functions and classes."""

    __slots__ = ("expressions", "read_definition")

    def __init__(self, expressions: Expressions, read_definition: ReadDefinition) -> None:
        self.expressions = expressions
        self.read_definition = read_definition

    def block(self, frame: Frame, body: list[ast.stmt]) -> None:
        """Read a block; what an early exit proves missing holds for the rest of the block."""
        before, chosen = frame.guards, frame.chosen
        for statement in body:
            kind = type(statement)
            reader = self._readers.get(kind)
            if reader is not None:
                reader(self, frame, statement)
            else:
                self._other(frame, statement)
            if kind in _PROVING:
                proven = self._proven_after(frame, statement)
                if proven:
                    frame.guards = (*frame.guards, *proven)
                if frame.options and kind is ast.If:
                    frame.chosen = (*frame.chosen, *options.chosen_after(frame, statement))
        frame.guards, frame.chosen = before, chosen

    def _branch(
        self, frame: Frame, body: list[ast.stmt], guards: tuple[str, ...], flag: int
    ) -> None:
        if not body:
            return
        before, context = frame.guards, frame.context
        frame.guards, frame.context = (*before, *guards) if guards else before, context | flag
        self.block(frame, body)
        frame.guards, frame.context = before, context

    def _proven_after(self, frame: Frame, statement: ast.stmt) -> tuple[str, ...]:
        """What is missing behind ``if hit: return`` and ``try: return CACHE[k] / except``."""
        if type(statement) is ast.If:
            if terminates(statement.body) and not terminates(statement.orelse):
                return conditions.missing(frame, statement.test)[1]
            if statement.orelse and terminates(statement.orelse):
                return conditions.missing(frame, statement.test)[0]
            return ()
        if isinstance(statement, ast.Try) and terminates(statement.body):
            return self._looked_up(frame, statement)
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            return conditions.not_found(frame, statement)
        if isinstance(statement, (ast.With, ast.AsyncWith)) and len(statement.body) == 1:
            return self._proven_after(frame, statement.body[0])
        return ()

    def _looked_up(self, frame: Frame, statement: ast.Try) -> tuple[str, ...]:
        """Values whose absence sends control into a lookup-error handler of this ``try``."""
        if not any(self._catches_lookup(handler) for handler in statement.handlers):
            return ()
        found: dict[str, None] = {}
        for inner in statement.body:
            value = getattr(inner, "value", None)
            held = conditions.peek(frame, value) if isinstance(value, ast.expr) else ""
            if held:
                found[held] = None
        return tuple(found)

    @staticmethod
    def _catches_lookup(handler: ast.ExceptHandler) -> bool:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = {getattr(kind, "id", getattr(kind, "attr", None)) for kind in kinds}
        return handler.type is None or bool(names & _LOOKUP_ERRORS)

    def _definition(self, frame: Frame, statement: ast.stmt) -> None:
        self.read_definition(frame, statement)

    def _other(self, frame: Frame, statement: ast.stmt) -> None:
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self.expressions.read(frame, child, USE)

    def _expression(self, frame: Frame, statement: ast.Expr) -> None:
        if not isinstance(statement.value, ast.Constant):
            self.expressions.read(frame, statement.value, ("drop",))

    def _raise(self, frame: Frame, statement: ast.Raise) -> None:
        for part in (statement.exc, statement.cause):
            if part is not None:
                self.expressions.read(frame, part, ("raise",))

    def _return(self, frame: Frame, statement: ast.Return) -> None:
        if frame.context & CONDITIONAL and not frame.context & EXCEPT:
            frame.exits.append(ExitFact(statement.lineno, frame.guards))
        if statement.value is not None:
            value = self.expressions.read(frame, statement.value, ("ret",))
            frame.returns[value] = None

    def _import(self, frame: Frame, statement: ast.Import | ast.ImportFrom) -> None:
        state = frame.state
        for module in mentioned_modules(statement, state.module, is_package=state.is_package):
            state.mentioned[module] = None
        if frame.parent is None:
            return
        for name, dotted in imported(statement, state.module, is_package=state.is_package):
            if name != "*":
                frame.bindings[name] = "@" + dotted

    def _assign(self, frame: Frame, statement: ast.Assign) -> None:
        targets, value = statement.targets, statement.value
        first = targets[0]
        if len(targets) > 1:
            self._bind(frame, targets, value)
            return
        if type(first) is ast.Name:
            name = first.id
            if frame.lookup(name)[:1] == "%":
                frame.assign(name, self.expressions.read(frame, value, (f"var {name}",)))
                return
        elif self._is_pairwise(first, value):
            for target, part in zip(first.elts, value.elts, strict=True):  # type: ignore[attr-defined]
                self._bind_one(frame, target, part)
            return
        self._bind_one(frame, first, value)

    @staticmethod
    def _is_pairwise(target: ast.expr, value: ast.expr) -> bool:
        return (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
            and not any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
        )

    def _bind_one(self, frame: Frame, target: ast.expr, value: ast.expr) -> None:
        kept, sinks, key = self._place(frame, target)
        self._record(frame, target, kept, key, self.expressions.read(frame, value, sinks or USE))

    def _bind(self, frame: Frame, targets: list[ast.expr], value: ast.expr) -> None:
        places = [self._place(frame, target) for target in targets]
        sinks = tuple(sink for place in places for sink in place[1])
        read = self.expressions.read(frame, value, sinks or USE)
        for target, (kept, _, key) in zip(targets, places, strict=True):
            self._record(frame, target, kept, key, read)

    def _place(self, frame: Frame, target: ast.expr) -> tuple[str, tuple[str, ...], str]:
        """The target value, the sinks of what is assigned, and the key of a subscript."""
        if isinstance(target, ast.Name):
            value = frame.lookup(target.id)
            mark = "glob" if value[:1] == "@" else "cap" if value[:1] == ">" else "var"
            return value, (f"{mark} {value if mark == 'glob' else value[1:]}",), ""
        if isinstance(target, ast.Attribute):
            owner = self.expressions.read(frame, target.value, (f"read {target.attr}>use",))
            kept = values.attribute(owner, target.attr)
            return kept, (f"attr {kept}",), ""
        if isinstance(target, ast.Subscript):
            owner = self.expressions.read(frame, target.value, ("fill",))
            key = self.expressions.read(frame, target.slice, USE)
            if isinstance(target.slice, ast.Slice):
                key = "=:"
            return values.element(owner), (f"sub {owner}",), key
        if isinstance(target, (ast.Tuple, ast.List)):
            sinks = [s for item in target.elts for s in self._place(frame, item)[1]]
            return "", tuple(f"item>{sink}" for sink in sinks), ""
        if isinstance(target, ast.Starred):
            return self._place(frame, target.value)
        return "", (), ""

    def _record(
        self, frame: Frame, target: ast.expr, kept: str, key: str, value: str,
        *, augmented: bool = False,
    ) -> None:  # fmt: skip
        kind = type(target)
        if kind is ast.Tuple or kind is ast.List:
            for item in target.elts:  # type: ignore[attr-defined]
                inner = item.value if isinstance(item, ast.Starred) else item
                if isinstance(inner, ast.Name):
                    self._record(frame, inner, frame.lookup(inner.id), "", values.element(value))
            return
        if kept[:1] == "%" and kind is ast.Name:
            frame.assign(target.id, value)  # type: ignore[attr-defined]
            return
        if not kept or (kept[:1] == "$" and kind is ast.Name):
            frame.options.discard(kept[1:])  # it is no longer what the caller chose
            return
        flags = frame.context
        if frame.loops:
            flags |= frame.loop_flags(list(values.roots(key)))
        frame.stores.append(
            StoreFact(
                kept, value, key, target.lineno, target.col_offset, frame.guards, flags, augmented
            )
        )

    def _annotated(self, frame: Frame, statement: ast.AnnAssign) -> None:
        target = statement.target
        if type(target) is ast.Name:
            if frame.lookup(target.id)[0] == "%":
                frame.types.setdefault(target.id, annotation_value(frame, statement.annotation))
        elif type(target) is ast.Attribute and conditions.peek(frame, statement.annotation):
            kept = conditions.peek(frame, target)
            if kept[:2] == "!.":
                frame.types.setdefault(kept, annotation_value(frame, statement.annotation))
        if statement.value is not None:
            self._bind_one(frame, statement.target, statement.value)

    def _augmented(self, frame: Frame, statement: ast.AugAssign) -> None:
        kept, sinks, key = self._place(frame, statement.target)
        value = self.expressions.read(frame, statement.value, tuple(f"el>{s}" for s in sinks))
        if not key and isinstance(statement.op, (ast.Add, ast.BitOr)):
            key = "=+"
        self._record(frame, statement.target, kept, key, value, augmented=True)

    def _delete(self, frame: Frame, statement: ast.Delete) -> None:
        context = frame.context
        frame.context = context | DELETES
        for target in statement.targets:
            kept, _, key = self._place(frame, target)
            self._record(frame, target, kept, key, values.LITERAL)
        frame.context = context

    def _if(self, frame: Frame, statement: ast.If) -> None:
        test, body, orelse = statement.test, statement.body, statement.orelse
        if never_holds(test):
            self._branch(frame, body, (), TYPING)
            self._branch(frame, orelse, (), 0)
            return
        flag = MAIN if frame.parent is None and is_main(test) else CONDITIONAL
        self.expressions.read(frame, test, TEST)
        when_true, when_false = conditions.missing(frame, test)
        when_true += conditions.changed(frame, test)
        if not frame.options:
            self._branch(frame, body, when_true, flag)
            self._branch(frame, orelse, when_false, flag)
            return
        (on, off), before = options.chosen(frame, test), frame.chosen
        frame.chosen = (*before, *on)
        self._branch(frame, body, when_true, flag)
        frame.chosen = (*before, *off)
        self._branch(frame, orelse, when_false, flag)
        frame.chosen = before

    def _loop(
        self, frame: Frame, statement: ast.stmt, body: list[ast.stmt], *, small: bool
    ) -> None:
        inside = flat(body)
        changing = frozenset(n for s in (statement, *inside) for n in bound_names(s))
        nested = any(isinstance(s, _LOOPS) for s in inside) or leaves(body)
        is_while = isinstance(statement, ast.While)
        frame.loops.append(Loop(changing, small, nested, is_while))
        self._branch(frame, body, (), 0)
        frame.loops.pop()

    def _for(self, frame: Frame, statement: ast.For) -> None:
        source = self.expressions.read(frame, statement.iter, ITER)
        self._place(frame, statement.target)
        self._record(frame, statement.target, *self._loop_target(frame, statement.target, source))
        self._loop(frame, statement, statement.body, small=is_small(statement.iter))
        self._branch(frame, statement.orelse, (), 0)

    @staticmethod
    def _loop_target(frame: Frame, target: ast.expr, source: str) -> tuple[str, str, str]:
        kept = frame.lookup(target.id) if isinstance(target, ast.Name) else ""
        return kept, "", values.element(source)

    def _while(self, frame: Frame, statement: ast.While) -> None:
        frame.loops.append(Loop(frozenset(), small=False, nested=False))
        self.expressions.read(frame, statement.test, TEST)
        frame.loops.pop()
        guards = conditions.missing(frame, statement.test)[0]
        before = frame.guards
        frame.guards = (*before, *guards)
        self._loop(frame, statement, statement.body, small=False)
        frame.guards = before
        self._branch(frame, statement.orelse, (), 0)

    def _with(self, frame: Frame, statement: ast.With) -> None:
        for item in statement.items:
            value = self.expressions.read(frame, item.context_expr, ("with",))
            if item.optional_vars is not None:
                kept = self._place(frame, item.optional_vars)[0]
                self._record(frame, item.optional_vars, kept, "", value)
        self.block(frame, statement.body)

    def _try(self, frame: Frame, statement: ast.Try) -> None:
        self._branch(frame, statement.body, (), 0)
        looked_up = self._looked_up(frame, statement)
        for handler in statement.handlers:
            if handler.type is not None:
                self.expressions.read(frame, handler.type, USE)
            guards = looked_up if self._catches_lookup(handler) else ()
            self._branch(frame, handler.body, guards, EXCEPT)
        self._branch(frame, statement.orelse, (), 0)
        self._branch(frame, statement.finalbody, (), FINALLY)

    def _match(self, frame: Frame, statement: ast.Match) -> None:
        subject = self.expressions.read(frame, statement.subject, TEST)
        for case in statement.cases:
            for name in bound_names(ast.Match(subject=statement.subject, cases=[case])):
                frame.assign(name, values.element(subject))
            if case.guard is not None:
                self.expressions.read(frame, case.guard, TEST)
            self._branch(frame, case.body, self._matched(frame, statement, case), CONDITIONAL)

    @staticmethod
    def _matched(frame: Frame, statement: ast.Match, case: ast.match_case) -> tuple[str, ...]:
        """What ``case None:`` says to be missing."""
        pattern = case.pattern
        if isinstance(pattern, ast.MatchSingleton) and pattern.value is None:
            held = conditions.peek(frame, statement.subject)
            return (held,) if held else ()
        return ()

    #: A plain dictionary: it is asked once for each statement of each file.
    _readers: ClassVar[dict[type[ast.AST], Callable[[Statements, Frame, Any], None]]] = {
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.Return: _return,
        ast.If: _if,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.While: _while,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.Import: _import,
        ast.ImportFrom: _import,
        ast.Delete: _delete,
        ast.Match: _match,
        ast.Raise: _raise,
        ast.FunctionDef: _definition,
        ast.AsyncFunctionDef: _definition,
        ast.ClassDef: _definition,
        **dict.fromkeys(_TRIES, _try),
    }
