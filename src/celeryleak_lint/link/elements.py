"""What a project consists of: functions, classes, and calls as places in functions."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from celeryleak_lint.model.facts import (
    CLASS_BODY,
    LAMBDA,
    CallFact,
    ClassFact,
    FunctionFact,
    ModuleSummary,
)


@dataclass(slots=True, eq=False)
class Function:
    """One function of the project; ``id`` is its dotted name, ``number`` its place among all. Compared by identity."""

    id: str
    fact: FunctionFact
    module: ModuleSummary
    number: int = 0

    @property
    def locals(self) -> dict[str, tuple[str, ...]]:
        """All values assigned to each local variable."""
        return self.fact.body.values_of

    @property
    def uses(self) -> dict[str, tuple[str, ...]]:
        """The sinks of each local variable and parameter."""
        return self.fact.body.sinks_of

    @property
    def types(self) -> dict[str, str]:
        """The annotations of local variables and of attributes of ``self``."""
        return self.fact.body.annotation_of

    @property
    def name(self) -> str:
        """The last component of the qualified name; empty for a module body."""
        return self.fact.qualname.rpartition(".")[2]

    @property
    def is_module_body(self) -> bool:
        """True for the statements of a module that are in no function."""
        return self.fact.qualname == ""

    @property
    def is_class_body(self) -> bool:
        """True for the statements of a class that are in no method."""
        return bool(self.fact.flags & CLASS_BODY)

    @property
    def runs_once(self) -> bool:
        """True for the statements of a module or class: they run when it is imported."""
        return self.is_module_body or self.is_class_body

    @property
    def is_lambda(self) -> bool:
        """True for a ``lambda``."""
        return bool(self.fact.flags & LAMBDA)

    @property
    def spot_function(self) -> str:
        """The qualified name as the finder sees it: lambdas add no level."""
        return ".".join(p for p in self.fact.qualname.split(".") if not p.startswith("<"))


@dataclass(slots=True, eq=False)
class Class:
    """One class of the project; ``methods`` are its own, by name."""

    id: str
    fact: ClassFact
    module: ModuleSummary
    methods: dict[str, Function] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last component of the qualified name."""
        return self.fact.qualname.rpartition(".")[2]


class Site(msgspec.Struct, frozen=True, gc=False):
    """One call of one function, with the value of what is called; there are so many that it counts how fast one is made."""

    function: Function
    index: int
    callee: str

    @property
    def call(self) -> CallFact:
        """What is known about the call."""
        return self.function.fact.calls[self.index]


class Mention(msgspec.Struct, frozen=True, gc=False):
    """One argument of a call: its label and its value."""

    site: Site
    label: str
    value: str
