"""What would remove a finding, as intent: which remedy, where, and how far facts let it be trusted.

A rule knows remedies and no source text; a strategy knows source text and no project. A
``ceiling`` is the most that facts allow: the strategy that writes the edits may trust them
less, never more. Names of functions are qualified inside their module.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from celeryleak_lint.model.edits import Applicability


class CachedFactory(msgspec.Struct, frozen=True):
    """The reported call moves into a memoized helper, with what its arguments are computed from.

    ``resource`` is the dotted name of what is built, ``noun`` what kind of thing it is
    (``client``). ``annotation`` is how this file spells the type of the object, empty when
    it cannot.
    """

    resource: str
    noun: str
    annotation: str
    ceiling: Applicability


class MemoizedProducer(msgspec.Struct, frozen=True):
    """The function that builds is memoized where it stands: ``function`` in the file ``path``.

    ``line`` is that of its ``def``. ``is_bounded`` is false when nothing shows that its
    parameters take few values.
    """

    path: str
    function: str
    line: int
    is_bounded: bool
    ceiling: Applicability


class CachedProperty(msgspec.Struct, frozen=True):
    """The property ``function`` keeps its first result; ``line`` is that of its decorator."""

    function: str
    line: int


class Guard(msgspec.Struct, frozen=True):
    """The store of the reported call happens only while ``target`` is ``None``.

    ``target`` is as the source spells it: ``self.x``, or a global name. With ``declares``
    the class has to say first that there is none.
    """

    target: str
    declares: bool


class BoundedMemo(msgspec.Struct, frozen=True):
    """The get-or-create function around the reported place becomes an ``lru_cache``.

    ``name`` is the module-level dictionary that goes, created on ``line``.
    """

    name: str
    line: int


class BoundedDeque(msgspec.Struct, frozen=True):
    """The list ``name`` becomes a ``collections.deque`` with a ``maxlen``.

    ``line`` is that of its creation in the file ``path``; ``owner`` is the qualified name of
    the class on whose instances it is kept, empty for a module's.
    """

    path: str
    name: str
    owner: str
    line: int


class MemoBound(msgspec.Struct, frozen=True):
    """The memo decorator on ``line`` gets a size."""

    line: int
    ceiling: Applicability


class InstanceMemo(msgspec.Struct, frozen=True):
    """The memo of a method moves to the instance: the reported decorator of ``function`` goes.

    ``init_line`` is that of the ``def`` of the class's ``__init__``; 0 for a property, which
    becomes a ``cached_property``.
    """

    function: str
    line: int
    init_line: int


ClosingForm = Literal["with", "closing", "closing-and-with"]


class Closing(msgspec.Struct, frozen=True):
    """The handle of the reported call is closed by a ``with`` statement.

    ``with`` closes by itself, ``closing`` needs ``contextlib.closing``, and
    ``closing-and-with`` keeps the existing ``with``, which ends a transaction. ``names``
    are proposals for a variable. ``closes_again`` is true when closing twice does no harm;
    ``waits`` for executors, whose end waits for all they were given. ``readers`` are functions
    of the project, by last name, that are done with the handle when they return.
    """

    form: ClosingForm
    names: tuple[str, ...]
    closes_again: bool
    waits: bool
    readers: tuple[str, ...]
    ceiling: Applicability


class SettingValue(msgspec.Struct, frozen=True):
    """The value of the reported setting ``spelling`` is replaced by the source text ``text``."""

    spelling: str
    text: str
    title: str


Remedy = (
    CachedFactory | MemoizedProducer | CachedProperty | Guard | BoundedMemo | BoundedDeque
    | MemoBound | InstanceMemo | Closing | SettingValue
)  # fmt: skip
