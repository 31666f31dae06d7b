"""Whether a call makes the code it calls build something: what it hands in, and which options it turns on."""

from __future__ import annotations

from celeryleak_lint.link.arguments import parameter_name
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact

#: Values that turn an option off.
_OFF = frozenset({"=None", "=False", "=0", "="})


def mentions(call: CallFact, argument: str) -> bool:
    """True when a call passes an argument, or may pass it through ``**``."""
    return any(label in (argument, "**") for label, _ in call.args)


def hands_in(function: Function, call: CallFact, guards: tuple[str, ...]) -> bool:
    """True when ``call`` passes what ``function`` builds only while it is missing (``session=None``)."""
    optional = {
        root[1:]
        for guard in guards
        for root in values.roots(guard)
        if root[:1] == "$" and root == values.split(root)[0]
    }
    return any(
        value != "=None" and parameter_name(function, label) in optional
        for label, value in call.args
    )


def needs_of(call: CallFact) -> tuple[str, ...]:
    """What a caller must turn on (``name``, ``name=text``) or leave out (``-name``) for a call to run."""
    left_out = {
        root[1:]
        for guard in call.guards
        for root in values.roots(guard)
        if root[:1] == "$" and root == values.split(root)[0]
    }
    return (*call.options, *(f"-{name}" for name in sorted(left_out)))


class Demands:
    """Tells from a call, and from who builds the object it is made on, whether it asks for something."""

    def __init__(self, resolver: Resolver, graph: CallGraph) -> None:
        self.resolver = resolver
        self.graph = graph

    def leaves_off(
        self, function: Function, call: CallFact, needs: tuple[str, ...], caller: Function
    ) -> bool:
        """True when ``call``, a call of ``function`` in ``caller``, surely does not do what is needed there.

        What a call does not pass has the default that the signature gives. An attribute that is
        passed may itself be missing; what the caller has just made, or keeps in a module, is not.
        """
        return any(
            _is_handed(function, call, need[1:], caller)
            if need[0] == "-"
            else self._is_off(_given(function, call, need.partition("=")[0]), need, caller)
            for need in needs
        )

    def _is_off(self, value: str, need: str, caller: Function) -> bool:
        if value[:2] == "!." and value[2:].isidentifier():
            return self._is_never_on(caller, value[2:], need)
        return bool(value) and all(_is_written_off(v, need) for v in values.choices(value))

    def _is_never_on(self, method: Function, attribute: str, need: str) -> bool:
        """True when a constructor keeps an option that nobody who builds the object turns on."""
        owner = self.graph.owner(method)
        setters = self.resolver.attribute_values(owner, attribute) if owner is not None else []
        if owner is None or len(setters) != 1 or setters[0][1][:1] != "$":
            return False
        init, value = setters[0]
        edges = [e for e in self.graph.builders(owner) if not e.function.module.is_test]
        return (
            init.name == "__init__"
            and bool(edges)
            and all(
                edge.site is not None
                and _is_written_off(_given(init, edge.site.call, value[1:]), need)
                for edge in edges
            )
        )


def _is_handed(function: Function, call: CallFact, name: str, caller: Function) -> bool:
    given = (value for label, value in call.args if parameter_name(function, label) == name)
    return any(_is_there(caller, value) for value in given)


def _is_there(caller: Function, value: str) -> bool:
    """True for a literal, and for what the caller has just made or keeps in a module."""
    is_local = value[:1] == "%" and value[1:].isidentifier()
    assigned = caller.locals.get(value[1:], ()) if is_local else (value,)
    return bool(assigned) and all(
        v not in _OFF and v[:1] in ("=", "#", "@", "[", "{") and v == values.split(v)[0]
        for v in assigned
    )


def _given(function: Function, call: CallFact, name: str) -> str:
    """The value that a call gives to a parameter; empty when that cannot be told."""
    for label, value in call.args:
        if label in ("*", "**"):
            return ""
        if parameter_name(function, label) == name:
            return value
    return next((p.default for p in function.fact.params if p.name == name), "")


def _is_written_off(value: str, need: str) -> bool:
    """True for a literal that turns an option off, or chooses another text."""
    text, written = need.partition("=")[2], values.literal_text(value)
    return written is not None and (written != text if text else value in _OFF)
