"""What may happen to one object after it is built, in the words that rules ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Where an object can end, from what settles the question to what leaves it open.
KEPT = ("global", "class", "closure", "foreign", "handed", "default")
#: Ends that say something about closing, and so only about the very object that is closed.
CLOSED = frozenset({"closed", "finally", "handled", "plainly", "with", "unclosed-with"})


@dataclass(slots=True)
class Fate:
    """Everything that may happen to one object; ``places`` names what keeps it.

    ``ends`` holds words of ``KEPT`` and ``self``, ``returned``, ``yielded``, ``closed``
    (besides ``finally`` or ``handled`` when it is closed there or in a handler, else
    ``plainly``), ``with``, ``unclosed-with`` for a ``with`` that ends something else,
    ``captured``, ``local``. ``part_of`` are calls of the same function that got the object
    as an argument and may hold it; ``closings`` are the lines of the function on which it
    is closed. ``in_container`` is set when it is put into a collection of the function.
    """

    ends: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    part_of: list[int] = field(default_factory=list)
    closings: list[int] = field(default_factory=list)
    in_container: bool = False

    @property
    def is_kept(self) -> bool:
        """True when something that outlives the call may hold it."""
        return any(end in self.ends for end in KEPT)

    @property
    def is_closed(self) -> bool:
        """True when the function that got it closes it, on some path at least."""
        return bool(self.ends & {"closed", "with"})

    @property
    def is_local(self) -> bool:
        """True when nothing of it outlives the call and nobody closes it."""
        return self.ends <= {"local", "unclosed-with"}

    def describe(self) -> str:
        """The fate in words, for ``why``."""
        return ", ".join(sorted(self.ends)) or "local"
