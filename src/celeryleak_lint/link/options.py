"""Whether a call makes the code it calls build something: what it hands in, and which options it turns on."""

from __future__ import annotations

from celeryleak_lint.link.arguments import parameter_name
from celeryleak_lint.link.index import Function
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


def leaves_off(
    function: Function, call: CallFact, needs: tuple[str, ...], caller: Function
) -> bool:
    """True when ``call``, a call of ``function`` in ``caller``, surely does not do what is needed there.

    What a call does not pass has the default that the signature gives. An attribute that is
    passed may itself be missing; what the caller has just made, or keeps in a module, is not.
    """
    return any(
        _is_handed(function, call, need[1:], caller)
        if need[0] == "-"
        else _is_off(_given(function, call, *_named(need)))
        for need in needs
    )


def _is_handed(function: Function, call: CallFact, name: str, caller: Function) -> bool:
    given = (value for label, value in call.args if parameter_name(function, label) == name)
    return any(_is_there(caller, value) for value in given)


def _is_there(caller: Function, value: str) -> bool:
    if value[:1] == "%" and value[1:].isidentifier():
        assigned = caller.locals.get(value[1:], ())
        return bool(assigned) and all(_is_there(caller, v) for v in assigned)
    if value[:1] == "=":
        return value not in _OFF
    return value[:1] in ("#", "@", "[", "{") and value == values.split(value)[0]


def _named(option: str) -> tuple[str, str]:
    name, _, text = option.partition("=")
    return name, text


def _given(function: Function, call: CallFact, name: str, text: str) -> tuple[str, str]:
    """The value that a call gives to a parameter (empty when that cannot be told), and the text asked for."""
    for label, value in call.args:
        if label in ("*", "**"):
            return "", text
        if parameter_name(function, label) == name:
            return value, text
    return next((p.default for p in function.fact.params if p.name == name), ""), text


def _is_off(given: tuple[str, str]) -> bool:
    value, text = given
    if not value:
        return False
    for choice in values.choices(value):
        written = values.literal_text(choice)
        if written is None or (text == written if text else choice not in _OFF):
            return False
    return True
