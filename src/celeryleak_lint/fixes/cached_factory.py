"""The call moves into a memoized helper at module level: with nothing, or with what computes its arguments.

What the moved code needs from outside becomes the parameters of the helper, and so the key
of its memo: a cached factory without any, a keyed slice otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec

from celeryleak_lint.catalog.words import WordSet, split_words
from celeryleak_lint.fixes.annotations import written as written_type
from celeryleak_lint.fixes.factories import Helper, Written, write
from celeryleak_lint.fixes.naming import helper_name, wished
from celeryleak_lint.fixes.place import Place, Style
from celeryleak_lint.fixes.sheet import Passage, Refusal, Sheet, Sheets, passage_at
from celeryleak_lint.model.edits import Applicability, Edit, Fix
from celeryleak_lint.model.remedies import CachedFactory

_JOB = "celeryleak_lint.fixes.moving:move"
_ALIAS = re.compile(
    r"^\s*(?:type\s+(?P<new>\w+)\s*=|(?P<name>\w+)\s*(?::\s*[\w.]*TypeAlias\s*)?=)\s*(?P<value>[^=].*)$",
    re.DOTALL,
)
_TYPE = re.compile(r"[\w.\"'\[\], |]+(?:\.\.\.)?[\w.\"'\[\], |]*")


#: Last words of names that hold an object rather than a value.
_OBJECT_WORDS = frozenset(
    {"app", "args", "batch", "client", "conf", "config", "configuration", "conn", "connection", "context",
     "credential", "credentials", "ctx", "data", "db", "dict", "engine", "executor", "factory",
     "handler", "headers", "kwargs", "list", "logger", "loop", "manager", "map", "model", "object",
     "options", "params", "payload", "pool", "props", "provider", "registry", "session", "settings",
     "spec", "store"}
)  # fmt: skip


class _Key(msgspec.Struct, frozen=True):
    """One parameter of the helper: its name, what the call passes, its type text, and its rank."""

    name: str
    argument: str
    type: str
    rank: int


def cached_factory(
    remedy: CachedFactory, place: Place, sheets: Sheets, style: Style
) -> Fix | Refusal:
    """Move the reported call; refused when its key could not hit, or must not be shared."""
    span = place.span
    passage = passage_at(sheets, place.path, span.line)
    if isinstance(passage, Refusal):
        return passage
    sheet = passage.sheet
    at = (passage.row(span.line), passage.column(span.line, span.column))
    until = (passage.row(span.end_line), passage.column(span.end_line, span.end_column))
    plan = passage.ask(_JOB, [*at, *until, _aliases(sheet)])
    if isinstance(plan, Refusal):
        return plan
    keys = [_Key(*row) for row in cast("list[tuple[str, str, str, int]]", plan["live"])]
    wrong = _forbidden(keys, style)
    if wrong:
        return Refusal(wrong)
    return _fix(remedy, place, passage, style, keys, cast("dict[str, object]", plan))


def _forbidden(keys: Sequence[_Key], style: Style) -> str:
    """Why a key must not be one; empty when nothing speaks against it."""
    secrets = WordSet.of(style.vocabulary.credential)
    per_call = WordSet.of(style.vocabulary.per_call)
    for key in keys:
        if secrets.match(key.name):
            return (
                f"`{key.argument}` looks like a credential of the caller: a shared object could "
                "serve one caller with the rights of another"
            )
        if per_call.match(key.name):
            return f"`{key.argument}` belongs to one call: a cache keyed by it would never hit"
        if key.rank and split_words(key.name)[-1:] and split_words(key.name)[-1] in _OBJECT_WORDS:
            return (
                f"`{key.argument}` looks like an object: as the key of a cache it would be pinned, "
                "and hit only while it is the same one"
            )
    return ""


def _fix(
    remedy: CachedFactory, place: Place, passage: Passage, style: Style, keys: Sequence[_Key],
    plan: dict[str, object],
) -> Fix | Refusal:  # fmt: skip
    sheet, line = passage.sheet, place.span.line
    expression = tuple(cast("list[str]", plan["expression"]))
    naming = {
        "resource": remedy.resource, "noun": remedy.noun,
        "assigned": cast("str", plan["assigned"]), "expression": expression[0],
    }  # fmt: skip
    arguments = ", ".join(key.argument for key in keys)
    call = cast("tuple[int, int, int, int]", tuple(cast("list[int]", plan["call"])))
    removals = _removals(passage, cast("list[tuple[int, int]]", plan["removed"]))
    parts = _Parts(
        parameters=tuple((key.name, written_type(sheet, key.type, line=line)) for key in keys),
        annotation=written_type(sheet, remedy.annotation, line=line, is_library=True),
        body=tuple(cast("list[str]", plan["body"])),
        expression=expression,
        unit=cast("str", plan["unit"]),
        is_bounded=all(_is_bounded(key, style) for key in keys),
    )
    existing = _existing(sheet, parts, f"_{wished(**naming)}", style, place)
    if existing:
        edits = (passage.edit(*call, f"{existing}({arguments})"), *removals)
        return Fix(_trust(remedy, keys, plan), f"call `{existing}`, which builds it once", edits)
    name = helper_name(sheet, **naming)
    written = write(parts.helper(name), style.memoizer, sheet, line=place.span.line)
    if isinstance(written, Refusal):
        return written
    edits = (
        *written.imports,
        sheet.insert_above(place.span.line, written.block),
        *removals,
        passage.edit(*call, f"{name}({arguments})"),
    )
    title = f"build it once in a cached factory, `{name}`"
    if keys:
        title = f"build it once for each {_listed(keys)} in a cached factory, `{name}`"
    return Fix(_trust(remedy, keys, plan), title, edits, written.names)


class _Parts(msgspec.Struct, frozen=True):
    """A helper that has no name yet."""

    parameters: tuple[tuple[str, str], ...]
    annotation: str
    body: tuple[str, ...]
    expression: tuple[str, ...]
    unit: str
    is_bounded: bool

    def helper(self, name: str) -> Helper:
        return Helper(
            name, self.parameters, self.annotation, self.body, self.expression, self.unit,
            self.is_bounded,
        )  # fmt: skip


def _existing(sheet: Sheet, parts: _Parts, name: str, style: Style, place: Place) -> str:
    """The name of a helper with this very text that the file has already; empty when it has none."""
    if name not in sheet.words:
        return ""
    bare = Sheet(sheet.path, sheet.layout, ignored=frozenset({name}))
    written = write(parts.helper(name), style.memoizer, bare, line=place.span.line)
    if isinstance(written, Written) and not written.imports:
        text = "\n" + sheet.layout.source.text
        if f"\n{written.block}\n" in text:
            return name
    return ""


def _trust(remedy: CachedFactory, keys: Sequence[_Key], plan: dict[str, object]) -> Applicability:
    if remedy.ceiling != "safe" or keys or plan["removed"] or plan["body"]:
        return "unsafe"
    return "safe"


def _is_bounded(key: _Key, style: Style) -> bool:
    """A configuration noun takes few values; everything else may take any number."""
    return (
        WordSet.of(style.vocabulary.configuration_key).match(key.name) is not None
        and WordSet.of(style.vocabulary.entity_key).match(key.name) is None
    )


def _listed(keys: Sequence[_Key]) -> str:
    return " and ".join(f"`{key.argument}`" for key in keys)


def _removals(passage: Passage, ranges: Sequence[tuple[int, int]]) -> tuple[Edit, ...]:
    """Edits that delete whole rows; of two blank rows that would meet, one goes as well."""
    rows = sorted({row for first, last in ranges for row in range(first, last + 1)})
    text = ["", *passage.piece.text.split("\n")]
    edits: list[Edit] = []
    while rows:
        first = last = rows.pop(0)
        while rows and (
            rows[0] == last + 1 or not any(text[r].strip() for r in range(last + 1, rows[0]))
        ):
            last = rows.pop(0)
        before, after = text[first - 1], text[last + 1] if last + 1 < len(text) else ""
        opens = before.rstrip().endswith(":")
        if not after.strip() and (not before.strip() or opens) and last + 2 < len(text):
            last += 1
        edits.append(passage.edit(first, 0, last + 1, 0, ""))
    return tuple(edits)


def _aliases(sheet: Sheet) -> dict[str, str]:
    """The type aliases of a file, wherever they stand, as source text."""
    found: dict[str, str] = {}
    physical = sheet.layout.physical
    for logical in sheet.layout.logical:
        if not (logical.word == "type" or logical.word[:1].isupper()):
            continue
        text = "\n".join(physical[logical.line - 1 : logical.end_line])
        match = _ALIAS.match(text)
        if match is None:
            continue
        value = " ".join(match["value"].split())
        if _TYPE.fullmatch(value):
            found[match["new"] or match["name"]] = value
    return found
