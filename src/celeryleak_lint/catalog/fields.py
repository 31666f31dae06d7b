"""What each key of a catalog table must hold, and how to say that it does not.

Knows types, allowed values and the wording of complaints; must not know which tables exist
in a document nor how two of them are merged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import msgspec

from celeryleak_lint.catalog.schema import (
    Condition,
    EntryKind,
    Exemption,
    FixVerdict,
    Heat,
    HeavyKind,
    Instance,
    Kind,
    MemoScope,
    Safety,
)
from celeryleak_lint.model.findings import CONFIDENCES, Effect

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_GLOB = re.compile(r"[\w*]+(\.[\w*]+)*")
_METHOD = re.compile(r"[\w*]+")
_WORD = re.compile(r"=?[a-z0-9]+(_[a-z0-9]+)*")
#: Beyond this many characters a wrong value is cut short in messages.
_SHOWN = 60
#: No construction takes longer, in milliseconds; also keeps out NaN and infinity.
_SLOWEST = 1e9
_ARGUMENT = re.compile(r"\d+|[^\W\d]\w*")


class Field(msgspec.Struct, frozen=True):
    """One key: what it must hold, in words, and a reader that gives ``None`` for anything else.

    ``schema`` says the same as a JSON schema.
    """

    expected: str
    read: Callable[[object], object | None]
    schema: Mapping[str, object]
    choices: tuple[str, ...] = ()


def nearest(word: object, known: Iterable[str]) -> str:
    """Give ``, did you mean 'x'?`` for the closest known word, or nothing."""
    import difflib  # only bad input pays for it

    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _free_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= _SLOWEST else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        return None
    return tuple(value)


def _matching(shape: re.Pattern[str]) -> Callable[[object], tuple[str, ...] | None]:
    def read(value: object) -> tuple[str, ...] | None:
        items = _texts(value)
        if items is None or not all(map(shape.fullmatch, items)):
            return None
        return items

    return read


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _DOTTED.fullmatch(value) else None


def _globs(value: object) -> tuple[str, ...] | None:
    items = _matching(_GLOB)(value)
    return items if items is None or all("*" in item for item in items) else None


def _argument(value: object) -> str | None:
    return value if isinstance(value, str) and _ARGUMENT.fullmatch(value) else None


def _literals(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


def _tables(value: object) -> list[object] | None:
    return value if isinstance(value, list) else None


def _words(value: object) -> tuple[str, ...] | None:
    return _matching(_WORD)(value)


def _choice(values: tuple[str, ...]) -> Field:
    def read(value: object) -> str | None:
        return value if isinstance(value, str) and value in values else None

    return Field("one of " + ", ".join(map(repr, values)), read, {"enum": list(values)}, values)


def _text_like(shape: re.Pattern[str]) -> Mapping[str, object]:
    return {"type": "string", "pattern": f"^(?:{shape.pattern})$"}


def _list_of(shape: re.Pattern[str]) -> Mapping[str, object]:
    return {"type": "array", "items": _text_like(shape)}


_STRING: Mapping[str, object] = {"type": "string"}
_FULL_STRING: Mapping[str, object] = {"type": "string", "minLength": 1}
_BOOLEAN: Mapping[str, object] = {"type": "boolean"}


_TEXT = Field("a text that is not empty", _text, _FULL_STRING)
_FREE_TEXT = Field("a text", _free_text, _STRING)
_FLAG = Field("true or false", _flag, _BOOLEAN)
_NUMBER = Field(
    "a number of milliseconds that is not negative",
    _number,
    {"type": "number", "minimum": 0, "maximum": _SLOWEST},
)
_TEXTS = Field("a list of texts", _texts, {"type": "array", "items": _FULL_STRING})
_NAME = Field("a dotted name such as 'package.Class'", _name, _text_like(_DOTTED))
_NAMES = Field(
    "a list of dotted names such as 'package.Class'", _matching(_DOTTED), _list_of(_DOTTED)
)
_GLOBS = Field(
    "a list of dotted patterns with '*', such as 'package.*.Client'", _globs, _list_of(_GLOB)
)
_METHODS = Field(
    "a list of method names, with '*' for any characters", _matching(_METHOD), _list_of(_METHOD)
)
_ARGUMENTS = Field(
    "a list of keyword names or positions such as '0'", _matching(_ARGUMENT), _list_of(_ARGUMENT)
)
_SAFETY = _choice(get_args(Safety))

EXEMPTION: Mapping[str, Field] = {
    "argument": Field("a keyword name or a position such as '0'", _argument, _text_like(_ARGUMENT)),
    "equals": Field(
        "a list of texts (an empty text included)", _literals, {"type": "array", "items": _STRING}
    ),
    "then": _choice(("silent", "possible")),
    "why": _TEXT,
}


CONDITION: Mapping[str, Field] = {key: EXEMPTION[key] for key in ("argument", "equals")}


_WHEN = Field(
    "a list of tables with 'argument'",
    _tables,
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {key: field.schema for key, field in CONDITION.items()},
            "required": ["argument"],
            "additionalProperties": False,
        },
    },
)


_UNLESS = Field(
    "a list of tables with 'argument', 'then' and 'why'",
    _tables,
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {key: field.schema for key, field in EXEMPTION.items()},
            "required": ["argument", "then", "why"],
            "additionalProperties": False,
        },
    },
)


RESOURCE: Mapping[str, Field] = {
    "id": _TEXT,
    "name": _NAME,
    "names": _NAMES,
    "patterns": _GLOBS,
    "distribution": _FREE_TEXT,
    "kind": _choice(get_args(Kind)),
    "report": _FLAG,
    "effect": _choice(get_args(Effect)),
    "ceiling": _choice(CONFIDENCES),
    "why": _TEXT,
    "source": _TEXTS,
    "is-async": _FLAG,
    "returns": _NAME,
    "close-methods": _NAMES,
    "with-closes": _FLAG,
    "with-effect": _FREE_TEXT,
    "thread-safe": _SAFETY,
    "fork-safe": _SAFETY,
    "loop-bound": _FLAG,
    "fix": _choice(get_args(FixVerdict)),
    "instead": _FREE_TEXT,
    "on-drop": _FREE_TEXT,
    "cost-ms": _NUMBER,
    "derives": _NAMES,
    "opens": _NAMES,
    "unless": _UNLESS,
    "when": _WHEN,
}
ENTRY_POINT: Mapping[str, Field] = {
    "id": _TEXT,
    "framework": _FREE_TEXT,
    "kind": _choice(get_args(EntryKind)),
    "heat": _choice(get_args(Heat)),
    "why": _TEXT,
    "source": _TEXTS,
    "name": _NAME,
    "names": _NAMES,
    "patterns": _GLOBS,
    "receivers": _NAMES,
    "methods": _METHODS,
    "once-methods": _METHODS,
    "instance": _choice(get_args(Instance)),
    "arguments": _ARGUMENTS,
    "parameters": _NAMES,
    "paths": _TEXTS,
    "imports": _NAMES,
    "long-lived": _FLAG,
    "kept-by": _NAMES,
}
MEMO: Mapping[str, Field] = {
    "id": _TEXT,
    "name": _NAME,
    "names": _NAMES,
    "scope": _choice(get_args(MemoScope)),
    "why": _TEXT,
    "source": _TEXTS,
    "async-ok": _FLAG,
    "pins-instance": _FLAG,
}
HEAVY: Mapping[str, Field] = {
    "id": _TEXT,
    "library": _FREE_TEXT,
    "kind": _choice(get_args(HeavyKind)),
    "better": _TEXT,
    "why": _TEXT,
    "source": _TEXTS,
    "name": _NAME,
    "names": _NAMES,
    "patterns": _GLOBS,
    "methods": _NAMES,
    "needs": _NAMES,
    "bounded-by": _ARGUMENTS,
    "bounding-calls": _NAMES,
    "filters": _NAMES,
    "iterates": _FLAG,
    "ceiling": _choice(CONFIDENCES),
}
_WORDS = Field(
    "a list of lower-case words or phrases such as 'assume_role'", _words, _list_of(_WORD)
)


VOCABULARY: Mapping[str, Field] = {
    "once": _WORDS,
    "settings": _WORDS,
    "credential": _WORDS,
    "per-call": _WORDS,
    "entity-key": _WORDS,
    "configuration-key": _WORDS,
    "job-runners": _WORDS,
    "identity-types": _NAMES,
    "frequent": _WORDS,
    "seldom": _WORDS,
    "administration": _WORDS,
    "administered": _WORDS,
    "growing-table": _WORDS,
}


def read_fields(
    raw: object, where: str, fields: Mapping[str, Field], errors: list[str]
) -> dict[str, Any]:
    """Check one table key by key and give the good values by their Python names.

    Complaints are appended to ``errors``, each led by ``where`` and the key.
    """
    if not isinstance(raw, Mapping):
        errors.append(f"{where}: expected a table, got {_shown(raw)}")
        return {}
    values: dict[str, Any] = {}
    for key, given in raw.items():
        field = fields.get(key)
        if field is None:
            errors.append(f"{where}.{key}: unknown key{nearest(key, fields)}")
            continue
        value = field.read(given)
        if value is None:
            hint = nearest(given, field.choices)
            errors.append(f"{where}.{key}: expected {field.expected}, got {_shown(given)}{hint}")
            continue
        values[key.replace("-", "_")] = value
    return values


def read_exemptions(raw: list[object], where: str, errors: list[str]) -> tuple[Exemption, ...]:
    """Check the ``unless`` tables of one resource; bad ones are left out and named."""
    found: list[Exemption] = []
    for index, item in enumerate(raw):
        here = f"{where}[{index}]"
        before = len(errors)
        values = read_fields(item, here, EXEMPTION, errors)
        errors.extend(
            f"{here}: missing key {key!r}"
            for key in ("argument", "then", "why")
            if isinstance(item, Mapping) and key not in item
        )
        if len(errors) == before:
            found.append(Exemption(**{"equals": (), **values}))
    return tuple(found)


def read_conditions(raw: list[object], where: str, errors: list[str]) -> tuple[Condition, ...]:
    """Check the ``when`` tables of one resource; bad ones are left out and named."""
    found: list[Condition] = []
    for index, item in enumerate(raw):
        here = f"{where}[{index}]"
        before = len(errors)
        values = read_fields(item, here, CONDITION, errors)
        if isinstance(item, Mapping) and "argument" not in item:
            errors.append(f"{here}: missing key 'argument'")
        if len(errors) == before:
            found.append(Condition(**{"equals": (), **values}))
    return tuple(found)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
