"""Words and values that the rules about configuration share."""

from __future__ import annotations

from collections.abc import Iterable

from celeryleak_lint.link.configuration import Setting
from celeryleak_lint.model import values
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.model.remedies import SettingValue

_OFF = frozenset({"=None", "=0", "=False"})


def is_off(value: str) -> bool:
    """True when every alternative of a value is a literal ``None``, ``0`` or ``False``."""
    return all(choice in _OFF for choice in values.choices(value))


def texts(value: str) -> tuple[str, ...]:
    """The literal texts that a value names, also inside a list; others are left out."""
    return tuple(
        root[1:]
        for root in values.roots(value)
        if root[:1] == "=" and not root.startswith(values.LITERAL)
    )


def shown(setting: Setting) -> str:
    """A setting as its author wrote it."""
    return f"`{setting.spelling}`"


def from_setting(
    code: str, setting: Setting, confidence: Confidence, message: str, *,
    no_fix: str | None = None, value: tuple[str, str] | None = None,
) -> Suspect:  # fmt: skip
    """A suspect at the place where a setting is given; unsure places lower the confidence.

    ``value`` is the text that would be right, with the title of such a fix.
    """
    remedies = (SettingValue(setting.spelling, *value),) if value is not None else ()
    return Suspect(
        code=code,
        path=setting.module.path,
        spot=setting.spot,
        message=message,
        confidence=confidence if setting.is_sure else "possible",
        resource=setting.name,
        effect=None,
        no_fix=no_fix,
        span=setting.span,
        remedies=remedies,
    )


def is_set(settings: Iterable[Setting]) -> bool:
    """True when one of the settings switches something on, or may do so."""
    return any(not is_off(setting.value) for setting in settings)
