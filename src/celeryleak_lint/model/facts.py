"""What extraction remembers of one file: small facts that never change, no trees.

Every expression is a value in the grammar of ``model.values``. Where a value goes is a
sink, one string:

``drop``            the value is thrown away (an expression statement)
``ret`` ``yield``   handed to the caller
``var x``           assigned to the local ``x``
``glob @m.X``       assigned to a module-level name
``attr V.name``     assigned to an attribute; ``V`` is the owner's value
``sub V``           assigned to an item of ``V``
``arg 3 timeout``   argument of call 3, by position or keyword
``recv 3``          call 3 is a method call on it
``with``            managed by a ``with`` statement
``iter`` ``test`` ``use`` ``raise`` ``cap``   iterated, tested, used otherwise, raised, captured by a closure

``el>S``, ``item>S`` and ``read name>S`` mean that a container holding it, an item of it or
its attribute ``name`` goes to ``S``.
"""

from __future__ import annotations

from collections import deque

import msgspec

# Flags of a call or a store.
AWAITED = 1
LOOP = 2
VARIES = 4  #: inside a loop, with arguments that change from turn to turn
FINALLY = 8
CONDITIONAL = 16
MAIN = 32  #: under ``if __name__ == "__main__"``
EXCEPT = 64
SMALL_LOOP = 128  #: the innermost loop runs over a short literal
DECORATES = 256
TYPING = 512  #: under ``if TYPE_CHECKING``
NESTED_LOOP = 1024  #: the loop holds one of its own, or ends once it has worked: it connects anew

DELETES = 2048  #: a store that is a ``del``
WHILE_LOOP = (
    4096  #: some loop around it is a ``while``: it may turn for as long as the process lives
)

#: The guard of what runs only while a file or folder is missing.
ON_DISK = "=on disk"

#: Label of the key under which the receiver of a method call was found (``X[key].append(v)``).
UNDER_KEY = "[]"

# Flags of a function.
ASYNC = 1
GENERATOR = 2
LAMBDA = 4
CLASS_BODY = 8
STATIC = 16
CLASSMETHOD = 32
DEFAULTED = 64  #: some default is more than a literal


class CallFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call. ``args`` pairs a position (``"0"``), a keyword, ``*``, ``**`` or ``UNDER_KEY`` with a value.

    ``name`` is the last name as written; ``column`` counts UTF-8 bytes from 0; ``ordinal``
    counts equal names on one line from the left. ``guards`` are values known to be missing
    (``None``, false or absent) when the call runs. ``flags`` are the call flags above.
    ``options`` are parameters with a default that must be true (``name``) or a text
    (``name=text``) for the call to run.
    """

    callee: str
    name: str
    args: tuple[tuple[str, str], ...]
    line: int
    column: int
    end_line: int
    ordinal: int
    sinks: tuple[str, ...]
    guards: tuple[str, ...]
    flags: int
    options: tuple[str, ...] = ()


class StoreFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An assignment to an attribute, an item or a module-level name.

    ``target`` is ``V.name``, ``V[]`` or ``@m.X``; ``key`` is the value of the subscript
    (``=:`` for a slice), empty otherwise; ``augmented`` marks ``+=`` and the like, and the
    key of an augmented name is ``=+`` when the operation adds. ``del`` has ``DELETES`` set.
    """

    target: str
    value: str
    key: str
    line: int
    column: int
    guards: tuple[str, ...]
    flags: int
    augmented: bool = False


class DecoratorFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One decorator: its value (for ``@f(x)`` the value of ``f``), last name, place and arguments."""

    value: str
    name: str
    line: int
    column: int
    args: tuple[tuple[str, str], ...]
    called: bool


class ParameterFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One parameter; ``annotation`` and ``default`` are values or empty; ``kind`` is ``""``, ``*``, ``**`` or ``kw``."""

    name: str
    annotation: str
    default: str
    kind: str


class ExitFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One ``return`` under a condition and outside of handlers, with what is known to be missing there."""

    line: int
    guards: tuple[str, ...]


class FunctionBody(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """What a function does.

    ``locals`` pairs a name with all values assigned to it; ``uses`` pairs a local or
    parameter with the sinks it goes to. ``types`` are annotations of locals and of
    attributes of ``self``. ``reads`` are attributes of ``self`` that are read, with their
    first line. ``exits`` are the early returns. The last three are no facts but tables of
    them, and never encoded.
    """

    calls: tuple[CallFact, ...]
    stores: tuple[StoreFact, ...]
    locals: tuple[tuple[str, tuple[str, ...]], ...]
    types: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, tuple[str, ...]], ...]
    returns: tuple[str, ...]
    reads: tuple[tuple[str, int], ...]
    exits: tuple[ExitFact, ...]
    by_local: dict[str, tuple[str, ...]] | None = None
    by_use: dict[str, tuple[str, ...]] | None = None
    by_type: dict[str, str] | None = None

    @property
    def values_of(self) -> dict[str, tuple[str, ...]]:
        """``locals`` by name; like the tables below made on demand, since few bodies are asked."""
        if self.by_local is None:
            self.by_local = dict(self.locals)
        return self.by_local

    @property
    def sinks_of(self) -> dict[str, tuple[str, ...]]:
        """``uses`` by name."""
        if self.by_use is None:
            self.by_use = dict(self.uses)
        return self.by_use

    @property
    def annotation_of(self) -> dict[str, str]:
        """``types`` by name."""
        if self.by_type is None:
            self.by_type = dict(self.types)
        return self.by_type


class FunctionFact(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One function, lambda, class body or (with an empty ``qualname``) module body.

    ``cls`` and ``parent`` are qualified names of the class and the function around it.
    ``signature`` are its parameters and ``packed`` is its ``FunctionBody``, both encoded: of
    most functions nobody asks for them, and decoded they take many times as much memory.
    """

    qualname: str
    line: int
    end_line: int
    cls: str
    parent: str
    flags: int
    signature: bytes
    decorators: tuple[DecoratorFact, ...]
    returns_annotation: str
    packed: bytes
    parameters: tuple[ParameterFact, ...] | None = None
    opened: FunctionBody | None = None
    was_opened: bool = False

    @property
    def params(self) -> tuple[ParameterFact, ...]:
        """The parameters, decoded."""
        if self.parameters is None:
            self.parameters = unpacked_signature(self.signature)
        return self.parameters

    @property
    def body(self) -> FunctionBody:
        """What the function does, decoded; only the bodies opened last are kept."""
        return self.opened or self._open()

    def _open(self) -> FunctionBody:
        self.opened, self.was_opened = unpacked(self.packed), True
        _open.append(self)
        while len(_open) > MOST_OPEN:
            _open.popleft().opened = None
        assert self.opened is not None
        return self.opened

    @property
    def calls(self) -> tuple[CallFact, ...]:
        """The calls, in the order in which they were met."""
        return (self.opened or self._open()).calls

    @property
    def stores(self) -> tuple[StoreFact, ...]:
        """Assignments to what outlives the function, or may."""
        return (self.opened or self._open()).stores

    @property
    def locals(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The values of each local variable."""
        return (self.opened or self._open()).locals

    @property
    def types(self) -> tuple[tuple[str, str], ...]:
        """The annotations of variables."""
        return (self.opened or self._open()).types

    @property
    def returns(self) -> tuple[str, ...]:
        """The values returned or yielded."""
        return (self.opened or self._open()).returns

    @property
    def reads(self) -> tuple[tuple[str, int], ...]:
        """The attributes of ``self`` that are read, with their first line."""
        return (self.opened or self._open()).reads

    @property
    def exits(self) -> tuple[ExitFact, ...]:
        """The early returns."""
        return (self.opened or self._open()).exits


#: How many decoded bodies are kept: about 20 MB.
MOST_OPEN = 1_200
_open: deque[FunctionFact] = deque()
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FunctionBody)
_signature_decoder = msgspec.msgpack.Decoder(tuple[ParameterFact, ...])


def packed(part: FunctionBody | tuple[ParameterFact, ...]) -> bytes:
    """A body, or parameters, as ``FunctionFact`` keeps them."""
    return _encoder.encode(part)


def unpacked(data: bytes) -> FunctionBody:
    """The body that ``packed`` was given; raises ``msgspec.DecodeError`` for anything else."""
    return _decoder.decode(data)


def unpacked_signature(data: bytes) -> tuple[ParameterFact, ...]:
    """The parameters that ``packed`` was given; raises ``msgspec.DecodeError`` for anything else."""
    return _signature_decoder.decode(data)


class ClassFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One class: bases and metaclass as values; ``attributes`` pairs a class-level name with value and annotation."""

    qualname: str
    line: int
    bases: tuple[str, ...]
    metaclass: str
    decorators: tuple[DecoratorFact, ...]
    attributes: tuple[tuple[str, str, str], ...]
    parent: str


class SettingFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One item of a dictionary display whose key is a setting of Celery.

    The range runs from key to value; lines and columns count from 1, columns in code points.
    """

    name: str
    value: str
    function: str
    line: int
    column: int
    end_line: int
    end_column: int


class ModuleSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything linking and rules know of one file.

    ``imports`` pairs a module-level name with the dotted name it stands for; ``stars`` are
    modules imported with ``*``; ``mentioned`` are all dotted names that the file imports
    anywhere. ``lines`` counts physical lines. ``functions`` starts with the module body.
    ``fresh`` are lines on which the author says that something is meant to be a fresh one.
    Without ``is_excused`` no comment can name a code of ours.
    """

    path: str
    module: str
    is_package: bool
    is_test: bool
    lines: int
    imports: tuple[tuple[str, str], ...]
    stars: tuple[str, ...]
    mentioned: tuple[str, ...]
    functions: tuple[FunctionFact, ...]
    classes: tuple[ClassFact, ...]
    settings: tuple[SettingFact, ...] = ()
    fresh: tuple[int, ...] = ()
    is_excused: bool = True
