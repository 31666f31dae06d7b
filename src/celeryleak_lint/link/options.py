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


def leaves_off(function: Function, call: CallFact, options: tuple[str, ...]) -> bool:
    """True when ``call``, a call of ``function``, surely leaves one of its ``options`` off.

    An option is a parameter that must be true (``name``) or a text (``name=text``). What a
    call does not pass has the default that the signature gives.
    """
    return any(_is_off(_given(function, call, *_named(option))) for option in options)


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
