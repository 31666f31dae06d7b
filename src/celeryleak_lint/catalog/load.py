"""Reads the bundled tables and validates anybody's, telling all errors at once.

Knows the shape of a catalog document; must not know how a catalog is searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, TypeVar

from msgspec.structs import replace

from celeryleak_lint.catalog.fields import (
    ENTRY_POINT,
    HEAVY,
    MEMO,
    RESOURCE,
    VOCABULARY,
    Field,
    nearest,
    read_conditions,
    read_exemptions,
    read_fields,
)
from celeryleak_lint.catalog.schema import EntryPoint, Heavy, Memo, Resource, Tables, Vocabulary

Row = TypeVar("Row", Resource, EntryPoint, Memo, Heavy)
AnyRow = Resource | EntryPoint | Memo | Heavy

_FIELDS: Mapping[str, Mapping[str, Field]] = {
    "resource": RESOURCE,
    "entry-point": ENTRY_POINT,
    "memo": MEMO,
    "heavy": HEAVY,
}
_ROWS: Mapping[str, type[AnyRow]] = {
    "resource": Resource,
    "entry-point": EntryPoint,
    "memo": Memo,
    "heavy": Heavy,
}
#: Keys that our own rows must spell out, with what a user's row means without them.
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "resource": {"distribution": "", "kind": "other", "report": True, "effect": "cost"},
    "entry-point": {"framework": "", "kind": "decorator", "heat": "hot"},
    "memo": {"scope": "process"},
    "heavy": {"library": "", "kind": "reader", "better": "read it in pieces"},
}
_USER_SOURCE = ("user configuration",)
#: Releases known to leak have a reader of their own: they describe versions, not names.
LEAKS_FILE = "known_leaks.toml"


def bundled() -> Tables:
    """Read the tables that ship with the tool.

    Raises ValueError, with all errors in its text, when the shipped data are damaged.
    """
    # its wheels are compiled, and this is a tenth of the time of a small run with `tomllib`
    import tomli

    parts: list[Tables] = []
    errors: list[str] = []
    for entry in sorted((files(__package__) / "data").iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml") or entry.name == LEAKS_FILE:
            continue
        document = tomli.loads(entry.read_text(encoding="utf-8"))
        part, trouble = tables_from(document, entry.name, is_bundled=True)
        parts.append(part)
        errors.extend(trouble)
    tables = _joined(parts)
    errors.extend(_clashes(tables, "bundled catalog: "))
    if errors:
        raise ValueError("the bundled catalog is damaged:\n" + "\n".join(errors))
    return tables


def tables_from(
    document: Mapping[str, Any], origin: str, *, prefix: str = "", is_bundled: bool = False
) -> tuple[Tables, tuple[str, ...]]:
    """Validate the catalog tables of one decoded TOML document.

    ``origin`` names the file and ``prefix`` the path of the tables inside it
    (``tool.celeryleak-lint.``); both lead every error. Gives the good rows and all errors,
    one line each; nothing is raised. Outside the bundle ``source`` and most other keys may
    be left out, and ``id`` is the first name unless given.
    """
    where = f"{origin}: {prefix}"
    known = (*_FIELDS, "vocabulary")
    errors = [
        f"{where}{key}: unknown table{nearest(key, known)}" for key in document if key not in known
    ]
    words = read_fields(document.get("vocabulary", {}), f"{where}vocabulary", VOCABULARY, errors)
    tables = Tables(
        resources=tuple(_rows(document, "resource", where, errors, is_bundled=is_bundled)),
        entry_points=tuple(_rows(document, "entry-point", where, errors, is_bundled=is_bundled)),
        memos=tuple(_rows(document, "memo", where, errors, is_bundled=is_bundled)),
        heavy=tuple(_rows(document, "heavy", where, errors, is_bundled=is_bundled)),
        vocabulary=Vocabulary(**words),
    )
    if not is_bundled:
        errors.extend(_clashes(tables, where))
    return tables, tuple(errors)


def overlaid(base: Tables, own: Tables) -> Tables:
    """Give ``base`` with the rows of ``own`` before it, which take over the names they share.

    A row of ``base`` loses only the names that ``own`` lists, and vanishes when none is
    left. The words of ``own`` are added.
    """
    return Tables(
        resources=own.resources + _without(base.resources, own.resources),
        entry_points=own.entry_points + _without(base.entry_points, own.entry_points),
        memos=own.memos + _without(base.memos, own.memos),
        heavy=own.heavy + _without(base.heavy, own.heavy),
        vocabulary=_added((base.vocabulary, own.vocabulary)),
    )


def _joined(parts: Iterable[Tables]) -> Tables:
    listed = tuple(parts)
    return Tables(
        resources=tuple(row for part in listed for row in part.resources),
        entry_points=tuple(row for part in listed for row in part.entry_points),
        memos=tuple(row for part in listed for row in part.memos),
        heavy=tuple(row for part in listed for row in part.heavy),
        vocabulary=_added(part.vocabulary for part in listed),
    )


def _added(parts: Iterable[Vocabulary]) -> Vocabulary:
    listed = tuple(parts)
    return Vocabulary(
        **{
            name: tuple(word for part in listed for word in getattr(part, name))
            for name in Vocabulary.__struct_fields__
        }
    )


def _rows(
    document: Mapping[str, Any], table: str, where: str, errors: list[str], *, is_bundled: bool
) -> Iterator[Any]:
    raw = document.get(table, [])
    if not isinstance(raw, list):
        errors.append(f"{where}{table}: expected an array of tables, one [[...{table}]] for each")
        return
    for index, item in enumerate(raw):
        here = f"{where}{table}[{index}]"
        before = len(errors)
        values = read_fields(item, here, _FIELDS[table], errors)
        if "when" in values:
            values["when"] = read_conditions(values["when"], f"{here}.when", errors)
        if "unless" in values:
            values["unless"] = read_exemptions(values["unless"], f"{here}.unless", errors)
        if isinstance(item, Mapping):
            errors.extend(
                f"{here}: {text}" for text in _missing(item, table, is_bundled=is_bundled)
            )
        if len(errors) == before:
            yield _built(values, table)


def _missing(item: Mapping[str, Any], table: str, *, is_bundled: bool) -> Iterator[str]:
    """Say which required keys a row lacks, and which contradict each other."""
    required = ["why"]
    if is_bundled:
        required += ["id", "source", *(key for key in _KEYS[table] if key != "report")]
    yield from (f"missing key {key!r}" for key in required if key not in item)
    if "name" in item and "names" in item:
        yield "give either 'name' or 'names', not both"
    yield from (
        f"{key!r} must not be empty"
        for key in ("source", "names", "patterns")
        if item.get(key) == []
    )
    kind = item.get("kind", "decorator") if table == "entry-point" else ""
    if kind == "module-level":
        if not item.get("paths") and not item.get("imports"):
            yield "a module-level entry point needs 'paths' or 'imports'"
        return
    if table == "heavy" and item.get("methods"):
        return
    if not any(key in item for key in ("name", "names", "patterns")):
        yield "missing key 'names'"
    if kind == "call-argument" and not item.get("arguments"):
        yield "a call-argument entry point needs 'arguments'"


def _built(values: dict[str, Any], table: str) -> AnyRow:
    if "name" in values:
        values["names"] = (values.pop("name"),)
    first = tuple(
        name for key in ("names", "patterns", "methods", "paths") for name in values.get(key, ())
    )
    defaults = {
        "id": next(iter((*first, *values.get("imports", ()))), ""),
        "names": (),
        "source": _USER_SOURCE,
    }
    return _ROWS[table](**{**defaults, **_KEYS[table], **values})


def _clashes(tables: Tables, where: str) -> Iterator[str]:
    """Name ids that are used twice and names that two rows of one table claim."""
    rows: tuple[tuple[str, tuple[AnyRow, ...]], ...] = (
        ("resource", tables.resources),
        ("entry-point", tables.entry_points),
        ("memo", tables.memos),
        ("heavy", tables.heavy),
    )
    for table, listed in rows:
        ids: set[str] = set()
        claimed: dict[tuple[str, str], str] = {}
        for row in listed:
            if row.id in ids:
                yield f"{where}{table}: the id {row.id!r} is used twice"
            ids.add(row.id)
            for key in _claims(row):
                owner = claimed.setdefault(key, row.id)
                if owner != row.id or row.names.count(key[1]) > 1:
                    yield f"{where}{table}: {key[1]!r} is named by {owner!r} and by {row.id!r}"


def _claims(row: AnyRow) -> tuple[tuple[str, str], ...]:
    """Give what a row claims for itself: its names, for entry points within their kind.

    Functions are told apart by their parameters: ``app(scope, ...)`` and ``app(environ, ...)``,
    resources by the condition under which they speak.
    """
    group = ""
    if isinstance(row, EntryPoint):
        group = " ".join((row.kind, *row.parameters))
    elif isinstance(row, Resource):
        group = " ".join(condition.argument for condition in row.when)
    return tuple((group, name) for name in row.names)


def _without(base: tuple[Row, ...], own: tuple[Row, ...]) -> tuple[Row, ...]:
    taken = {claim for row in own for claim in _claims(row)}
    kept: list[Row] = []
    for row in base:
        names = tuple(claim[1] for claim in _claims(row) if claim not in taken)
        if names == row.names:
            kept.append(row)
        elif names:
            kept.append(replace(row, names=names))
    return tuple(kept)
