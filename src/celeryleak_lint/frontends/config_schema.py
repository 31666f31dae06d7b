"""The JSON schema of the configuration, made from the tables that read it."""

from __future__ import annotations

from collections.abc import Mapping

from celeryleak_lint.catalog.fields import ENTRY_POINT, HEAVY, MEMO, RESOURCE, VOCABULARY, Field
from celeryleak_lint.config.parse import FIELDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: The tables of the catalog: their keys, and what they are for.
TABLES: Mapping[str, tuple[Mapping[str, Field], str]] = {
    "resource": (RESOURCE, "Something expensive to build or to keep, by its resolved name."),
    "entry-point": (ENTRY_POINT, "How a framework says how often a function runs."),
    "memo": (MEMO, "A decorator or wrapper that keeps a result."),
    "heavy": (HEAVY, "A call that holds a whole data set in memory."),
}
WORDS = "Whole words of identifiers that hint at frequency, at secrets, or at what a key holds."


def config_schema() -> dict[str, object]:
    """The schema of a ``celeryleak-lint.toml``, which is that of our table in ``pyproject.toml``."""
    properties: dict[str, object] = {
        key: {**field.schema, "description": field.help} for key, field in FIELDS.items()
    }
    for table, (fields, text) in TABLES.items():
        properties[table] = {"type": "array", "items": _row(fields), "description": text}
    properties["vocabulary"] = {**_table(VOCABULARY), "description": WORDS}
    return {
        "$schema": DIALECT,
        "title": "celeryleak-lint",
        "description": "The configuration of celeryleak-lint.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _row(fields: Mapping[str, Field]) -> dict[str, object]:
    """A user's row: a reason, and either one name or several."""
    return {**_table(fields), "required": ["why"], "not": {"required": ["name", "names"]}}


def _table(fields: Mapping[str, Field]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {
            key: {**field.schema, "description": f"Holds {field.expected}."}
            for key, field in fields.items()
        },
        "additionalProperties": False,
    }
