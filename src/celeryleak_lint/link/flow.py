"""Where an object goes after it is built: dropped, closed, returned, kept, handed on.

Follows local names, containers, derived objects and arguments of project functions for a
few steps; what cannot be followed counts as handed over, which is silence.
"""

from __future__ import annotations

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.schema import Resource
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.arguments import (
    LISTED,
    PASSING,
    attribute_name,
    calls_of_result,
    closes_name,
    closes_result,
    collects_keywords,
    is_duplicated,
    is_fluent,
    is_fresh,
    parameter_name,
    uses_of_items,
)
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.fates import CLOSED, Fate
from celeryleak_lint.link.order import place_of_close, uses_until_rebound
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.link.takers import (
    CLOSERS,
    CONSUMERS,
    EMPTIERS,
    FILLERS,
    KEEPER_WORDS,
    RUNNERS,
    WRAPPER_WORDS,
    is_closer,
    may_hold,
    meant_name,
)
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import GENERATOR, CallFact

#: Sinks that settle the question by themselves.
_ENDS = {"ret": "returned", "yield": "yielded", "raise": "handed", "default": "default"}

_DEPTH = 6
_CLOSING = frozenset({"close", "aclose", "shutdown", "disconnect"})


class Flow:
    """Follows objects through one function and into the functions they are given to."""

    def __init__(self, resolver: Resolver, catalog: Catalog) -> None:
        self.resolver = resolver
        self.catalog = catalog

    def fate(
        self,
        function: Function,
        index: int,
        resource: Resource | None,
        parts: frozenset[str] = frozenset(),
    ) -> Fate:
        """What happens to the result of call ``index`` of ``function``.

        ``parts`` are the attributes in which the result keeps its resource: closing one closes it.
        """
        fate = Fate()
        trail = _Trail(self, fate, resource)
        trail.parts = parts
        trail.start = (function, index)
        trail.follow(function, function.fact.calls[index].sinks, 0)
        return fate

    def fate_of_parameter(self, function: Function, name: str, resource: Resource | None) -> Fate:
        """What a function does with what it is given as ``name``."""
        fate = Fate()
        _Trail(self, fate, resource).follow(function, function.uses.get(name, ()), 1)
        return fate


class _Trail:
    """One question being followed: the object's sinks, and what was already visited."""

    def __init__(self, flow: Flow, fate: Fate, resource: Resource | None) -> None:
        self.flow = flow
        self.resolver = flow.resolver
        self.fate = fate
        self.resource = resource
        self.derives = frozenset(resource.derives) if resource is not None else frozenset()
        self.is_handle = resource is not None and resource.kind == "handle"
        self.is_opened = resource is not None and resource.kind in ("handle", "connection")
        self.start: tuple[Function, int] | None = None
        self.parts: frozenset[str] = frozenset()
        self.closes = frozenset(resource.close_methods) if resource is not None else frozenset()
        self.ends_when_read = bool(self.closes & {"read", "content"})
        self.seen: set[tuple[int, str]] = set()

    def follow(self, function: Function, sinks: tuple[str, ...], depth: int) -> None:
        for sink in sinks:
            if (id(function), sink) in self.seen or depth > _DEPTH:
                continue
            self.seen.add((id(function), sink))
            self._sink(function, sink, depth)

    def _end(self, word: str, place: str = "") -> None:
        self.fate.ends.add(word)
        if place:
            self.fate.places.append(place)

    def _sink(self, function: Function, sink: str, depth: int) -> None:
        word, _, rest = sink.partition(" ")
        if ">" in sink and (word == "read" or sink.startswith(("el>", "item>"))):
            self._wrapped(function, sink, depth)
        elif word in _ENDS:
            self._end(_ENDS[word])
        elif word == "glob":
            self._end("global", rest)
            if function.is_module_body and closes_name(function, rest, self.closes | _CLOSING):
                self._end("closed")
        elif word == "with":
            self._managed()
        elif word == "iter" and self.ends_when_read:
            self.fate.ends |= {"closed", "plainly"}
        elif word == "cap":
            self._end("closure" if rest else "captured")
        else:
            self._onward(function, word, rest, depth)

    def _onward(self, function: Function, word: str, rest: str, depth: int) -> None:
        """The sinks that lead on: a name, an attribute, an item, an argument, a receiver."""
        if word == "var":
            self._variable(function, rest, depth)
        elif word == "attr":
            self._attribute(function, rest, depth)
        elif word == "sub":
            self._item(function, rest, depth)
        elif word == "arg":
            number, _, label = rest.partition(" ")
            self._argument(function, int(number), label, depth)
        elif word == "recv":
            self._received(function, int(rest), depth)
        else:
            self._end("local")

    def _wrapped(self, function: Function, sink: str, depth: int) -> None:
        wrapper, _, inner = sink.partition(">")
        kind, _, name = wrapper.partition(" ")
        if kind == "el":
            self._element(function, inner, depth)
        elif kind == "read" and (name in self.closes or name in _CLOSING):
            # `callback(f.close)` and `addCleanup(f.close)` leave it to somebody who calls it for sure
            self._end("with" if inner.startswith("arg ") else "closed")
        elif name in self.parts and inner.startswith("recv "):
            call = function.fact.calls[int(inner[5:])]
            self._end("closed" if call.name in _CLOSING else "local")
        elif kind == "item" or name in self.derives or "__getattr__" in self.derives:
            self._sink(function, inner, depth)
        else:
            self._end("local")

    def _element(self, function: Function, inner: str, depth: int) -> None:
        self.fate.in_container = True
        if inner.partition(" ")[0] in ("drop", "use", "iter", "test"):
            self._end("local")
        else:
            self._sink(function, inner, depth + 1)

    def _variable(self, function: Function, name: str, depth: int) -> None:
        if depth == 0 and self.is_opened and self.start is not None and self.start[0] is function:
            uses = uses_until_rebound(function, self.start[1], name)
        else:
            uses = function.uses.get(name, ())
        if self.fate.in_container or LISTED in uses:
            uses += tuple(uses_of_items(function, name))
        if not uses:
            self._end("local")
        self.follow(function, uses, depth)

    def _attribute(self, function: Function, target: str, depth: int) -> None:
        root, _ = values.split(target)
        if target.startswith("!."):
            self._end("self", target[2:])
        elif target.startswith("^."):
            self._end("class", target[2:])
        elif root[:1] == "%":
            self._owner(function, root[1:], depth)
        else:
            self._end("global" if root[:1] == "@" else "foreign", target)

    def _item(self, function: Function, container: str, depth: int) -> None:
        root, _ = values.split(container) if values.is_simple(container) else ("", ())
        if root == "!":
            self._end("self", f"{container[2:]}[]")
        elif root[:1] in ("@", "^"):
            self._end("global", f"{container}[]")
        elif root[:1] == "%":
            self._owner(function, root[1:], depth)
        elif root[:1] == "$" and collects_keywords(function, root[1:]):
            self.follow(function, function.uses.get(root[1:], ()), depth + 1)
        else:
            self._end("foreign", container)

    def _owner(self, function: Function, name: str, depth: int) -> None:
        """It was put into a local object: where that goes, it goes too."""
        self.fate.in_container = True
        if not all(is_fresh(function, value) for value in function.locals.get(name, ())):
            self._end("foreign", name)
            return
        fresh = [use for use in function.uses.get(name, ()) if not use.startswith("fill")]
        fresh += uses_of_items(function, name)
        if fresh:
            self.follow(function, tuple(fresh), depth + 1)
        else:
            self._end("local")

    def _managed(self) -> None:
        closes = self.resource is None or self.resource.with_closes is not False
        self._end("with" if closes else "unclosed-with")

    def _received(self, function: Function, number: int, depth: int) -> None:
        call = function.fact.calls[number]
        if call.name in self.closes or call.name in _CLOSING:
            self._closed_by(call)
        elif call.name == "release" and self._releases(function, number):
            self._closed_by(call)
        elif call.name in self.derives and self.is_opened:
            self._part(function, call, depth)
        elif call.name in self.derives or call.name.startswith("with_") or self._is_taken(call):
            self.follow(function, call.sinks, depth + 1)
        elif call.name in ("__enter__", "__aenter__"):
            self._end("closed")
        elif is_fluent(call):
            self.follow(function, call.sinks, depth + 1)
        elif call.name == "fileno" and any(sink.startswith("arg ") for sink in call.sinks):
            # ``os.dup2(f.fileno(), 1)`` hands the file over; ``os.fsync(f.fileno())`` does not
            self._end("handed" if is_duplicated(function, call) else "local")
        else:
            self._end("local")

    def _is_taken(self, call: CallFact) -> bool:
        """``handles.pop().close()``: what comes out of the collection is what was put there."""
        return self.fate.in_container and call.name in EMPTIERS

    def _releases(self, function: Function, number: int) -> bool:
        """True unless a method of the project is known to release nothing."""
        methods = [m.function for m in self.resolver.callees(function, number) if m.function]
        return all(map(self._ends_some, methods))

    def _closed_by(self, call: CallFact) -> None:
        self._end("closed")
        self._end(place_of_close(call))
        self.fate.closings.append(call.line)

    def _part(self, function: Function, call: CallFact, depth: int) -> None:
        """A cursor or a member: where it goes its connection goes, and closing it closes nothing else."""
        inner = _Trail(self.flow, Fate(), self.resource)
        inner.seen = self.seen
        inner.follow(function, call.sinks, depth + 1)
        self.fate.ends |= (inner.fate.ends - CLOSED) or {"local"}
        self.fate.places += inner.fate.places

    def _argument(self, function: Function, number: int, label: str, depth: int) -> None:
        call = function.fact.calls[number]
        if meant_name(call) in CLOSERS:
            self._end("with")
            return
        if call.name in ("setattr", "__setattr__") and label == "2":
            self._set(call)
            return
        if call.name == "__init__" and call.callee[:1] == "#":
            self._end("self", "super().__init__")
            return
        if call.name in FILLERS and "." in call.callee and label.isdigit():
            self._item(function, call.callee.rpartition(".")[0], depth)
            return
        self._given(function, number, label, depth)

    def _given(self, function: Function, number: int, label: str, depth: int) -> None:
        """It was given to something of which it is asked what it is."""
        known, call = False, function.fact.calls[number]
        for meaning in self.resolver.callees(function, number):
            if meaning.function is not None:
                known = True
                self._into(meaning.function, function, number, label, depth)
            elif meaning.cls is not None and meaning.kind == "class":
                known = True
                self._into_class(function, meaning.cls.id, number, label, depth)
        if not known and is_closer(call, label):
            self._closed_by(call)
        elif not known:
            self._outside(function, number, label, depth)

    def _ends_some(self, function: Function) -> bool:
        return any(c.name in self.closes or c.name in _CLOSING for c in function.fact.calls)

    def _set(self, call: CallFact) -> None:
        """``object.__setattr__(self, "file", f)``."""
        given = dict(call.args)
        name = values.literal_text(given.get("1", "")) or ""
        self._end("self" if given.get("0") == values.SELF else "foreign", name)

    def _into(
        self, callee: Function, function: Function, number: int, label: str, depth: int
    ) -> None:
        """Follow it into a project function; what that returns comes back here."""
        name = parameter_name(callee, label)
        if name is None:
            self._end("handed")
            return
        call = function.fact.calls[number]
        if self.fate.in_container and is_closer(call, label) and self._ends_some(callee):
            self._closed_by(call)  # what it does with a part of what it is given is not followed
        inner = self._inside(callee, name, depth)
        ends = inner.ends
        if ends & {"closed", "with"}:
            self.fate.closings.append(call.line)
        if callee.fact.flags & GENERATOR and self.is_opened and not ends & {"closed", "with"}:
            ends.add("returned")  # the generator holds it until it is exhausted
        if "returned" in ends or "yielded" in ends:
            ends -= {"returned", "yielded", "local"}
            self.fate.part_of.append(number)
            self.follow(function, call.sinks, depth + 1)
        if "self" in ends:
            ends = (ends - {"self", "local"}) | {"foreign"}
        self.fate.ends |= ends or ({"local"} if not self.fate.ends else set())
        self.fate.places += inner.places

    def _inside(self, callee: Function, name: str, depth: int) -> Fate:
        """What ``callee`` does with what it is given as ``name``."""
        inner = _Trail(self.flow, Fate(), self.resource)
        inner.seen = self.seen
        inner.follow(callee, callee.uses.get(name, ()), depth + 1)
        return inner.fate

    def _into_class(
        self, function: Function, class_id: str, number: int, label: str, depth: int
    ) -> None:
        """It was given to a constructor: when the instance keeps it, it goes where that goes."""
        cls = self.resolver.index.classes[class_id]
        init = self.resolver.method(cls, "__init__")
        name = parameter_name(init, label) if init is not None else None
        if init is not None and name is not None:
            ends = self._inside(init, name, depth).ends
            if ends <= {"local"}:
                self._end("local")
                return
            if ends & {"global", "class"}:
                self._end("foreign")
                return
        self.fate.part_of.append(number)
        self.follow(function, function.fact.calls[number].sinks, depth + 1)

    def _outside(self, function: Function, number: int, label: str, depth: int) -> None:
        """It was given to a library: judged by the callee's name, result followed if it may hold it."""
        call = function.fact.calls[number]
        name = meant_name(call)
        words = set(split_words(name))
        if call.callee == "@builtins.getattr":
            self._looked_up(function, number, depth)
        elif name in RUNNERS:
            self._end("handed")
        elif name in CONSUMERS and self.ends_when_read:
            self.fate.ends |= {"closed", "plainly"}
        elif (
            self.is_handle
            and not words & WRAPPER_WORDS
            and (name[:1].isupper() or not label.isdigit())
        ):
            self._end("local")
        elif call.callee.startswith("@builtins.") and name not in PASSING:
            self._end("local")
        elif may_hold(call):
            self.fate.part_of.append(number)
            if call.sinks == ("drop",):
                self._end("handed")
            else:
                self.follow(function, call.sinks, depth + 1)
        elif words & KEEPER_WORDS:
            self._end("handed")
        elif self.is_opened and closes_result(function, number, self.closes):
            # ``f = written(open(path)); f.close()``: what is closed stands for what it was given
            self.follow(function, call.sinks, depth + 1)
        else:
            self._end("local")

    def _looked_up(self, function: Function, number: int, depth: int) -> None:
        """``getattr(session, name)()``: what a method that only the run knows returns may be a part of it."""
        name = attribute_name(function.fact.calls[number])
        self._end("local")
        for call in calls_of_result(function, number):
            if name is not None and (name in self.closes or name in _CLOSING):
                self._end("closed")
            elif name is None or name in self.derives:
                self.follow(function, call.sinks, depth + 1)
