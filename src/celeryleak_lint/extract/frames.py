"""The state of one function while it is read: bindings, guards, loops and collected facts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from celeryleak_lint.extract.names import BUILTINS
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import (
    LOOP,
    NESTED_LOOP,
    SMALL_LOOP,
    VARIES,
    WHILE_LOOP,
    CallFact,
    ClassFact,
    ExitFact,
    FunctionFact,
    SettingFact,
    StoreFact,
)


@dataclass(slots=True)
class ModuleState:
    """What is shared by all functions of a file: its name, its names, its finished facts."""

    module: str
    is_package: bool
    imports: dict[str, str] = field(default_factory=dict)
    weak_imports: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)
    mentioned: dict[str, None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    functions: list[FunctionFact] = field(default_factory=list)
    classes: list[ClassFact] = field(default_factory=list)
    settings: list[SettingFact] = field(default_factory=list)
    _values: dict[str, str] = field(default_factory=dict)

    def declare(self, name: str) -> None:
        """A name that some function declares global is one of the module, whatever it was before."""
        self.names.add(name)
        self._values.pop(name, None)

    def global_value(self, name: str) -> str:
        """The value of a name that no function scope binds; imports are known by then."""
        value = self._values.get(name)
        if value is None:
            value = self._values[name] = self._find_global(name)
        return value

    def _find_global(self, name: str) -> str:
        dotted = self.imports.get(name)
        if dotted is not None:
            return "@" + dotted
        if name in self.names or name not in BUILTINS:
            return f"@{self.module}.{name}" if self.module else f"@{name}"
        return "@builtins." + name


@dataclass(slots=True)
class Loop:
    """One loop around the current place: the names that change from turn to turn."""

    changing: frozenset[str]
    small: bool
    nested: bool
    is_while: bool = False


@dataclass(slots=True)
class Frame:
    """One function (or lambda, class body, module body) under extraction."""

    state: ModuleState
    qualname: str
    cls: str
    parent: Frame | None
    flags: int
    bindings: dict[str, str] = field(default_factory=dict)
    calls: list[CallFact | None] = field(default_factory=list)
    stores: list[StoreFact] = field(default_factory=list)
    locals: dict[str, dict[str, None]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    uses: dict[str, dict[str, None]] = field(default_factory=dict)
    returns: dict[str, None] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)
    exits: list[ExitFact] = field(default_factory=list)
    guards: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    options: set[str] = field(default_factory=set)
    context: int = 0
    loops: list[Loop] = field(default_factory=list)
    is_class_body: bool = False

    def prefix(self, name: str) -> str:
        """The qualified name of something called ``name`` defined here."""
        return f"{self.qualname}.{name}" if self.qualname else name

    def lookup(self, name: str) -> str:
        """The value of a loaded name."""
        found = self.bindings.get(name)
        if found is not None:
            return found
        frame = self.parent
        while frame is not None:
            if not frame.is_class_body:
                found = frame.bindings.get(name)
                if found is not None:
                    return self._captured(frame, found)
            frame = frame.parent
        return self.state.global_value(name)

    def _captured(self, owner: Frame, value: str) -> str:
        if value[0] in "@!^>":
            return value
        owner.use(value, ("cap",))
        return ">" + value[1:]

    def use(self, value: str, sinks: tuple[str, ...]) -> None:
        """Remember where a local or a parameter goes."""
        if value[:1] not in "%$":
            return
        name = value[1:]
        known = self.uses.get(name)
        if known is None:
            known = self.uses[name] = {}
        for sink in sinks:
            known[sink] = None

    def assign(self, name: str, value: str) -> None:
        """Remember one value of a local variable."""
        self.locals.setdefault(name, {})[value] = None

    def loop_flags(self, mentioned: list[str]) -> int:
        """``LOOP`` and its refinements for a call whose expression mentions these roots."""
        if not self.loops:
            return 0
        flags = LOOP | SMALL_LOOP
        for loop in self.loops:
            if not loop.small:
                flags &= ~SMALL_LOOP
            if loop.is_while:
                flags |= WHILE_LOOP
        if self.loops[-1].nested:
            flags |= NESTED_LOOP
        for root in mentioned:
            if root[:1] in "%$#" and self._varies(root):
                return flags | VARIES
        return flags

    def _varies(self, root: str) -> bool:
        mark = root[:1]
        if mark == "#":
            call = self.calls[int(values.split(root)[0][1:])]
            return call is None or bool(call.flags & VARIES)
        if mark not in "%$":
            return False
        name = values.split(root)[0][1:]
        return any(name in loop.changing for loop in self.loops)


#: Reads a function-like node in a child frame; given to expressions so that lambdas need no cycle.
ReadFunction = Callable[[Frame, ast.AST], str]
