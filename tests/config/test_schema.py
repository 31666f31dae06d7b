"""The published JSON schema says yes and no where the tool does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from celeryleak_lint.catalog.load import tables_from
from celeryleak_lint.config import Config, parse
from celeryleak_lint.config.parse import KEYS
from celeryleak_lint.report.codes import ENTRIES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "celeryleak-lint.schema.json").read_text())
CODES = [entry.code for entry in ENTRIES]

GOOD = [
    "",
    "select = ['CLK1']\nextend-select = ['CLK901']\nignore = ['CLK102']",
    "per-file-ignores = {'a/**' = ['CLK1']}\nexclude = ['/b']\nconfidence = 'possible'",
    "src = ['lib']\nhot = ['tick', 'a.b.tick']\nonce = ['boot']\nbaseline = 'known.toml'",
    "processes = {'tools' = 'script', 'x.py' = 'long-running', 'y.py' = 'rerun'}",
    (
        "[[resource]]\nname = 'corp.Client'\nwhy = 'sockets'\ncost-ms = 1.5\nunless = "
        "[{argument = 'pool', then = 'silent', why = 'shared'}]"
    ),
    "[[entry-point]]\nnames = ['corp.job']\nwhy = 'often'\nheat = 'hot'\narguments = ['0']",
    "[[memo]]\nname = 'corp.once'\nwhy = 'keeps'\nscope = 'process'",
    "[vocabulary]\nentity-key = ['order_id', '=type']\nonce = ['boot']",
]
BAD = [
    "selct = []",
    "select = 'CLK1'",
    "select = ['E501']",
    "confidence = 'sure'",
    "hot = ['a b']",
    "processes = {'a' = 'daemon'}",
    "baseline = ''",
    "baseline = 1",
    "per-file-ignores = ['a']",
    "[[resource]]\nname = 'corp.Client'",
    "[[resource]]\nname = 'a'\nnames = ['b']\nwhy = 'x'",
    "[[resource]]\nname = 'corp.Client'\nwhy = 'x'\nnmae = 'y'",
    "[[resource]]\nname = 'corp client'\nwhy = 'x'",
    "[[resource]]\nname = 'a'\nwhy = 'x'\ncost-ms = -1",
    "[[resource]]\nname = 'a'\nwhy = 'x'\nunless = [{argument = 'a'}]",
    "[[entry-point]]\nname = 'a'\nwhy = 'x'\nheat = 'warm'",
    "[vocabulary]\nonce = ['Boot']",
]


def document(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def tool_accepts(table: dict[str, Any]) -> bool:
    config = parse(table, codes=CODES)
    return isinstance(config, Config) and not tables_from(config.tables, "x")[1]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_in_the_schema() -> None:
    assert set(SCHEMA["properties"]) == set(KEYS)


@pytest.mark.parametrize("text", GOOD)
def test_both_accept(text: str) -> None:
    jsonschema.validate(document(text), SCHEMA)
    assert tool_accepts(document(text))


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(text: str) -> None:
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document(text))
    assert not tool_accepts(document(text))
