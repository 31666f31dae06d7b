"""All calls of a project by the value of what is called, kept small: most of them nobody asks for.

A call is kept as one number, its place, and becomes a ``Site`` when somebody asks. What a
name means is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from celeryleak_lint.link.bodies import callee_tails, last_name
from celeryleak_lint.link.elements import Function, Site
from celeryleak_lint.model.facts import FunctionBody

#: A place is the number of a function times two to this power, plus the number of the call
#: in it. No file that is read is long enough to hold more calls.
_BITS = 24
_INDEX = (1 << _BITS) - 1

#: Marks of values that may have several last names: of variables and of alternatives.
_VARIABLES = frozenset("%>")
_WITH_SEVERAL = frozenset("|[{?=") | _VARIABLES


class Calls:
    """Places by callee; every list of them is in the order of the functions and their calls."""

    def __init__(self, functions: Sequence[Function]) -> None:
        self._functions = functions
        self._places: dict[str, list[int]] = {}
        self._callees_named: dict[str, list[str]] = defaultdict(list)
        self._through_variables: dict[str, list[Site]] = defaultdict(list)

    def take(self, function: Function, body: FunctionBody) -> None:
        """Take in the calls of one function; functions come in the order of their numbers."""
        known, place = self._places, (function.number << _BITS) - 1
        for call in body.calls:
            place += 1
            places = known.get(call.callee)
            if places is None:
                places = self._new(call.callee)
            places.append(place)
            if call.callee[0] in _WITH_SEVERAL:
                self._through(function, body, place, call.callee)

    def _new(self, callee: str) -> list[int]:
        if _has_one_name(callee):
            self._callees_named[last_name(callee)].append(callee)
        return self._places.setdefault(callee, [])

    def _through(self, function: Function, body: FunctionBody, place: int, callee: str) -> None:
        if not _has_one_name(callee):
            for tail in dict.fromkeys(callee_tails(body, callee)):
                self._through_variables[tail].append(Site(function, place & _INDEX, callee))

    def callees(self) -> Iterator[tuple[str, Function]]:
        """Every value that is called, with a function in which it is."""
        for callee, places in self._places.items():
            yield callee, self._functions[places[0] >> _BITS]

    def numbers(self, callee: str) -> Iterator[int]:
        """The numbers of the functions that call a value, once for each call."""
        return (place >> _BITS for place in self._places.get(callee, ()))

    def of(self, callees: Iterable[str]) -> list[Site]:
        """The calls of any of these values."""
        return [self._site(place, callee) for place, callee in self._in_order(callees)]

    def named(self, tails: Sequence[str]) -> list[Site]:
        """The calls of what has one of these last names, directly or through a local variable."""
        direct = self.of(callee for tail in tails for callee in self._callees_named.get(tail, ()))
        indirect = [self._through_variables[t] for t in tails if t in self._through_variables]
        return in_order([direct, *indirect]) if indirect else direct

    def _in_order(self, callees: Iterable[str]) -> list[tuple[int, str]]:
        found = [(place, callee) for callee in callees for place in self._places.get(callee, ())]
        found.sort()
        return found

    def _site(self, place: int, callee: str) -> Site:
        return Site(self._functions[place >> _BITS], place & _INDEX, callee)


def place_of(function: Function, index: int) -> int:
    """The place of a call."""
    return (function.number << _BITS) + index


def in_order(lists: Iterable[list[Site]]) -> list[Site]:
    """The sites of all lists, each once, in the order of the functions and their calls."""
    places = {place_of(site.function, site.index): site for sites in lists for site in sites}
    return [places[place] for place in sorted(places)]


def _has_one_name(callee: str) -> bool:
    """Whether the last name does not depend on local variables: an attribute of one has its own."""
    mark = callee[0]
    return mark not in _WITH_SEVERAL or (mark in _VARIABLES and "." in callee)
