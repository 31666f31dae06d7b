"""Extraction: the bytes of one file become a ``ModuleSummary`` in one visit.

Raises nothing of its own: what ``ast`` refuses is the caller's to handle.
"""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict

from celeryleak_lint.extract.annotations import annotation_value
from celeryleak_lint.extract.expressions import USE, Expressions
from celeryleak_lint.extract.frames import Frame, ModuleState
from celeryleak_lint.extract.intents import fresh_lines
from celeryleak_lint.extract.names import (
    blocks,
    bound_names,
    flat,
    imported,
    lazily_imported,
    never_holds,
)
from celeryleak_lint.extract.statements import Statements
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import (
    ASYNC,
    CLASS_BODY,
    CLASSMETHOD,
    DECORATES,
    DEFAULTED,
    LAMBDA,
    STATIC,
    CallFact,
    ClassFact,
    DecoratorFact,
    FunctionBody,
    FunctionFact,
    ModuleSummary,
    ParameterFact,
    SettingFact,
    packed,
)
from celeryleak_lint.model.source import SourceFile
from celeryleak_lint.suppressions import may_name_codes, physical_lines

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def extract(file: SourceFile, data: bytes) -> ModuleSummary:
    """The summary of one file.

    Raises SyntaxError, ValueError, RecursionError or MemoryError when ``ast`` refuses ``data``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(data, filename=file.path)
    reader = _Reader(file)
    reader.read(tree)
    state = reader.state
    reader.close()
    return ModuleSummary(
        path=file.path,
        module=file.module,
        is_package=file.is_package,
        is_test=file.is_test,
        lines=data.count(b"\n") + (not data.endswith(b"\n") and bool(data)),
        imports=tuple(state.imports.items()),
        stars=tuple(state.stars),
        mentioned=tuple(state.mentioned),
        functions=tuple(state.functions),
        classes=tuple(state.classes),
        settings=_in_code_points(state.settings, data),
        fresh=fresh_lines(data),
        is_excused=may_name_codes(data),
    )


def _in_code_points(settings: list[SettingFact], data: bytes) -> tuple[SettingFact, ...]:
    """The same places with columns from 1 in code points instead of UTF-8 bytes from 0."""
    if not settings:
        return ()
    lines = physical_lines(data)

    def column(line: int, offset: int) -> int:
        text = lines[line - 1].encode() if line <= len(lines) else b""
        return len(text[:offset].decode("utf-8", "replace")) + 1

    return tuple(
        SettingFact(
            fact.name, fact.value, fact.function, fact.line, column(fact.line, fact.column),
            fact.end_line, column(fact.end_line, fact.end_column),
        )
        for fact in settings
    )  # fmt: skip


class _Reader:
    """Reads one module: collects its names, then its bodies, outermost first."""

    def __init__(self, file: SourceFile) -> None:
        self.state = ModuleState(file.module, file.is_package)
        self.expressions = Expressions(self._lambda)
        self.statements = Statements(self.expressions, self._definition)

    def read(self, tree: ast.Module) -> None:
        self._module_names(tree.body)
        frame = Frame(self.state, "", "", None, 0)
        self.statements.block(frame, tree.body)
        self._finish(frame, 1, len(tree.body) and (tree.body[-1].end_lineno or 1), "")
        self.state.functions.insert(0, self.state.functions.pop())

    def close(self) -> None:
        """Let go of what points back here: nobody searches for cycles, and there are many files."""
        del self.expressions, self.statements

    def _module_names(self, body: list[ast.stmt], *, weak: bool = False) -> None:
        for statement in body:
            if isinstance(statement, ast.If) and never_holds(statement.test):
                self._module_names(statement.body, weak=True)
                self._module_names(statement.orelse)
                continue
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._module_import(statement, weak=weak)
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if weak:
                    continue
                self._define(statement.name)
            elif not weak:
                for name in bound_names(statement):
                    self._define(name)
                if type(statement) is ast.Assign:
                    self.state.imports.update(lazily_imported(statement))
            for block in blocks(statement):
                self._module_names(block, weak=weak)

    def _define(self, name: str) -> None:
        state = self.state
        state.names.add(name)
        if name in state.weak_imports:
            state.weak_imports.discard(name)
            del state.imports[name]

    def _module_import(self, statement: ast.Import | ast.ImportFrom, *, weak: bool) -> None:
        state = self.state
        for name, dotted in imported(statement, state.module, is_package=state.is_package):
            if name == "*":
                state.stars.append(dotted)
            elif name not in state.imports or (not weak and name in state.weak_imports):
                if weak and name in state.names:
                    continue
                state.imports[name] = dotted
                (state.weak_imports.add if weak else state.weak_imports.discard)(name)

    def _definition(self, frame: Frame, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef):
            self._class(frame, node)
        else:
            self._function(frame, node)  # type: ignore[arg-type]

    def _decorators(self, frame: Frame, nodes: list[ast.expr]) -> tuple[DecoratorFact, ...]:
        found: list[DecoratorFact] = []
        context = frame.context
        frame.context = context | DECORATES
        for node in nodes:
            value = self.expressions.read(frame, node, USE)
            target = node.func if isinstance(node, ast.Call) else node
            call = frame.calls[int(value[1:])] if isinstance(node, ast.Call) else None
            name = getattr(target, "attr", getattr(target, "id", ""))
            found.append(
                DecoratorFact(
                    call.callee if call else value, name, node.lineno, node.col_offset,
                    call.args if call else (), call is not None,
                )
            )  # fmt: skip
        frame.context = context
        return tuple(found)

    def _class(self, frame: Frame, node: ast.ClassDef) -> None:
        decorators = self._decorators(frame, node.decorator_list)
        bases = [self.expressions.read(frame, base, USE) for base in node.bases]
        metaclass = ""
        for keyword in node.keywords:
            value = self.expressions.read(frame, keyword.value, USE)
            metaclass = value if keyword.arg == "metaclass" else metaclass
        qualname = frame.prefix(node.name)
        self._bind_local(frame, node.name)
        body = Frame(self.state, qualname, qualname, frame, CLASS_BODY, is_class_body=True)
        owner = f"@{self._dotted(qualname)}"
        for statement in flat(node.body):
            for name in bound_names(statement):
                body.bindings[name] = f"{owner}.{name}"
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                body.bindings[statement.name] = f"{owner}.{statement.name}"
        body.context = frame.context
        self.statements.block(body, node.body)
        self._finish(body, node.lineno, node.end_lineno or node.lineno, frame.qualname)
        self.state.classes.append(
            ClassFact(
                qualname, node.lineno, tuple(bases), metaclass, decorators,
                _attributes(node, owner, body), frame.qualname,
            )
        )  # fmt: skip

    def _dotted(self, qualname: str) -> str:
        return f"{self.state.module}.{qualname}" if self.state.module else qualname

    def _bind_local(self, frame: Frame, name: str) -> None:
        if frame.parent is not None and not frame.is_class_body:
            frame.bindings[name] = f"@{self._dotted(frame.prefix(name))}"

    def _function(self, frame: Frame, node: _Function) -> None:
        decorators = self._decorators(frame, node.decorator_list)
        self._bind_local(frame, node.name)
        flags = ASYNC if isinstance(node, ast.AsyncFunctionDef) else 0
        for decorator in decorators:
            flags |= {"@builtins.staticmethod": STATIC, "@builtins.classmethod": CLASSMETHOD}.get(
                decorator.value, 0
            )
        child = self._child(frame, node.name, flags)
        params = self._parameters(frame, child, node.args)
        self._bindings(child, node.body)
        returns = annotation_value(frame, node.returns) if node.returns is not None else ""
        self.statements.block(child, node.body)
        self._finish(
            child, node.lineno, node.end_lineno or node.lineno, _parent(frame),
            params=params, decorators=decorators, returns=returns,
        )  # fmt: skip

    def _child(self, frame: Frame, name: str, flags: int) -> Frame:
        cls = frame.qualname if frame.is_class_body else frame.cls
        return Frame(self.state, frame.prefix(name), cls, frame, flags)

    def _lambda(self, frame: Frame, node: ast.AST) -> str:
        assert isinstance(node, ast.Lambda)
        name = f"<lambda:{node.lineno}:{node.col_offset}>"
        child = self._child(frame, name, LAMBDA)
        params = self._parameters(frame, child, node.args)
        value = self.expressions.read(child, node.body, ("ret",))
        child.returns[value] = None
        self._finish(
            child, node.lineno, node.end_lineno or node.lineno, _parent(frame), params=params
        )
        return f"@{self._dotted(child.qualname)}"

    def _parameters(
        self, frame: Frame, child: Frame, arguments: ast.arguments
    ) -> tuple[ParameterFact, ...]:
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
        rows: list[tuple[ast.arg, ast.expr | None, str]] = [
            (arg, default, "") for arg, default in zip(positional, defaults, strict=True)
        ]
        if arguments.vararg:
            rows.append((arguments.vararg, None, "*"))
        rows += [
            (arg, default, "kw")
            for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ]
        if arguments.kwarg:
            rows.append((arguments.kwarg, None, "**"))
        is_method = frame.is_class_body and not child.flags & STATIC
        found: list[ParameterFact] = []
        for position, (arg, default, kind) in enumerate(rows):
            bound = "$" + arg.arg
            if is_method and position == 0 and kind == "":
                bound = values.CLASS if _takes_class(child) else values.SELF
            child.bindings[arg.arg] = bound
            annotation = value = ""
            if arg.annotation is not None:
                self._metadata(frame, arg.annotation)
                annotation = annotation_value(frame, arg.annotation)
            if default is not None:
                if type(default) is ast.Constant:
                    child.options.add(arg.arg)
                value = self.expressions.read(frame, default, ("default",))
            found.append(ParameterFact(arg.arg, annotation, value, kind))
        return tuple(found)

    def _metadata(self, frame: Frame, annotation: ast.expr | None) -> None:
        """``Annotated[T, Depends(f)]``: a call beside the type runs when the function is defined."""
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
            for part in annotation.slice.elts:
                if isinstance(part, ast.Call):
                    self.expressions.read(frame, part, USE)

    def _bindings(self, frame: Frame, body: list[ast.stmt]) -> None:
        """Bind what the function assigns, imports and declares global, before reading it."""
        outer: set[str] = set()
        bindings = frame.bindings
        for statement in flat(body):
            kind = type(statement)
            if kind is ast.Global:
                for name in statement.names:  # type: ignore[attr-defined]
                    bindings[name] = f"@{self._dotted(name)}"
                    self.state.declare(name)
                outer.update(statement.names)  # type: ignore[attr-defined]
            elif kind is ast.Nonlocal:
                outer.update(statement.names)  # type: ignore[attr-defined]
            for name in bound_names(statement):
                if name not in outer and name not in bindings:
                    bindings[name] = "%" + name

    def _finish(
        self, frame: Frame, line: int, end_line: int, parent: str, *,
        params: tuple[ParameterFact, ...] = (), decorators: tuple[DecoratorFact, ...] = (),
        returns: str = "",
    ) -> None:  # fmt: skip
        body = FunctionBody(
            _numbered(frame.calls),
            tuple(frame.stores),
            tuple([(name, tuple(found)) for name, found in frame.locals.items()]),
            tuple([(name, value) for name, value in frame.types.items() if value]),
            tuple([(name, tuple(found)) for name, found in frame.uses.items()]),
            tuple(frame.returns),
            tuple(frame.reads.items()),
            tuple(frame.exits),
        )
        fact = FunctionFact(
            frame.qualname, line, end_line, frame.cls, parent, frame.flags | _defaulted(params),
            packed(params), decorators, returns, packed(body),
        )  # fmt: skip
        self.state.functions.append(fact)


def _defaulted(params: tuple[ParameterFact, ...]) -> int:
    """``DEFAULTED`` when a default may be a collection or another object made once."""
    return DEFAULTED if any(param.default[:1] in ("[", "{", "#", "|") for param in params) else 0


def _parent(frame: Frame) -> str:
    """The function that runs a definition in ``frame``: class bodies belong to what is around them."""
    while frame.is_class_body and frame.parent is not None:
        frame = frame.parent
    return frame.qualname


def _takes_class(frame: Frame) -> bool:
    name = frame.qualname.rpartition(".")[2]
    return bool(frame.flags & CLASSMETHOD) or name in (
        "__new__",
        "__init_subclass__",
        "__class_getitem__",
    )


def _attributes(node: ast.ClassDef, owner: str, body: Frame) -> tuple[tuple[str, str, str], ...]:
    annotations = {
        statement.target.id: annotation_value(body, statement.annotation)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    prefix = owner + "."
    assigned = {
        store.target[len(prefix) :]: store.value
        for store in body.stores
        if store.target.startswith(prefix) and "[]" not in store.target
    }
    names = dict.fromkeys([*assigned, *annotations])
    return tuple((name, assigned.get(name, ""), annotations.get(name, "")) for name in names)


def _numbered(met: list[CallFact | None]) -> tuple[CallFact, ...]:
    """Give equal names on one line their ordinals, from the left."""
    calls = [call for call in met if call is not None]
    if len(calls) == 1 or len({(call.line, call.name) for call in calls}) == len(calls):
        return tuple(calls)
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for index, call in enumerate(calls):
        groups[call.line, call.name].append(index)
    numbered = list(calls)
    for members in groups.values():
        if len(members) == 1:
            continue
        members.sort(
            key=lambda index: (calls[index].column, index)
        )  # of two that start together the outer comes first
        for ordinal, index in enumerate(members):
            numbered[index] = _with_ordinal(calls[index], ordinal)
    return tuple(numbered)


def _with_ordinal(call: CallFact, ordinal: int) -> CallFact:
    if ordinal == 0:
        return call
    return CallFact(
        call.callee, call.name, call.args, call.line, call.column, call.end_line, ordinal,
        call.sinks, call.guards, call.flags, call.options,
    )  # fmt: skip
