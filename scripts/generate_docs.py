"""Writes what follows from the code: references of rules, configuration and catalog, the schema.

python scripts/generate_docs.py            write docs/rules/index.md, docs/configuration.md,
                                           docs/catalog/ and celeryleak-lint.schema.json
python scripts/generate_docs.py --check    exit code 1 when writing would change any of them
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from catalog_pages import catalog_pages

from celeryleak_lint.catalog.fields import VOCABULARY, Field
from celeryleak_lint.config import Config
from celeryleak_lint.config.parse import FIELDS
from celeryleak_lint.frontends.config_schema import TABLES, WORDS, config_schema
from celeryleak_lint.report.codes import ENTRIES

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "rules"
INDEX = PAGES / "index.md"
REFERENCE = ROOT / "docs" / "configuration.md"
CATALOG_PAGES = ROOT / "docs" / "catalog"
SCHEMA = ROOT / "celeryleak-lint.schema.json"
NOTICE = "<!-- Written by scripts/generate_docs.py; change the code instead. -->\n"
INTRODUCTION = """\
Each page says what is found, why it hurts, what to write instead, and what is deliberately
not reported.
"""
FAMILIES = {
    "CLK1": "Built too often",
    "CLK2": "Kept too long",
    "CLK3": "Not closed",
    "CLK4": "Held in memory by a task",
    "CLK5": "Configured to leak",
    "CLK9": "About the run itself",
}


def page_name(code: str, slug: str) -> str:
    """The file name of a rule's page."""
    return f"{code}-{slug}.md"


def index() -> str:
    """The whole index as Markdown; raises `FileNotFoundError` for a rule without a page."""
    parts = [
        "# Rules\n",
        "<!-- Written by scripts/generate_docs.py; change the pages instead. -->\n",
        INTRODUCTION,
    ]
    for family, title in FAMILIES.items():
        rules = [rule for rule in ENTRIES if rule.code.startswith(family)]
        if not rules:
            continue
        parts.append(f"## {family}xx: {title}\n\n| code | rule | finds |\n| --- | --- | --- |")
        for rule in rules:
            page = page_name(rule.code, rule.slug)
            if not (PAGES / page).is_file():
                raise FileNotFoundError(f"{rule.code} has no page: write docs/rules/{page}")
            parts.append(f"| [{rule.code}]({page}) | {rule.slug} | {rule.summary} |")
        parts.append("")
    return "\n".join(parts)


SETTINGS = """\
In `pyproject.toml` these keys stand in `[tool.celeryleak-lint]`, in a `celeryleak-lint.toml` at the top.
The file nearest to the first path that is checked holds, alone; `--config FILE` names one, `--isolated` reads none.
An option of the same name on the command line replaces a key, and `extend-select` adds to it.
`celeryleak-lint config PATH` shows what holds for a path, and where each value comes from.

Everything that is wrong is told at once, with the key and the nearest valid name, and the exit code is 2.
Editors can check it, too: `celeryleak-lint.schema.json` at the top of the repository is its JSON schema.
"""
CATALOG = """\
Each of these is an array of tables, written as `[[tool.celeryleak-lint.resource]]` and so on.
Names are what an import means, however the call is spelled.
Rows of yours come before the bundled ones and take over the names they share.
"""
IN_FLAKE8 = """\
flake8 selects, ignores and excludes by its own `select`, `ignore`, `per-file-ignores` and `exclude`, on top of the settings above.
These options may stand in its files and on its command line: `clk-confidence`, `clk-config`, `clk-baseline`, `clk-diff-base`, and the lists `clk-exclude`, `clk-src`, `clk-hot` and `clk-once`.
"""


def reference() -> str:
    """The reference of the configuration as Markdown."""
    parts = ["# Configuration\n", NOTICE, SETTINGS, "## Keys\n"]
    defaults = Config()
    for key, field in FIELDS.items():
        value = getattr(defaults, field.attribute)
        shown = json.dumps(dict(value) if key in ("per-file-ignores", "processes") else value)
        parts.append(f"### `{key}`\n\n{field.help}\n\nDefault: `{shown}`\n")
    parts += ["## The catalog\n", CATALOG]
    for table, (fields, text) in TABLES.items():
        parts.append(f"### `{table}`\n\n{text}\n\n" + "\n".join(rows(fields)) + "\n")
    parts.append(f"### `vocabulary`\n\nOne table. {WORDS}\n\n" + "\n".join(rows(VOCABULARY)))
    parts += ["\n## In flake8\n", IN_FLAKE8]
    return "\n".join(parts)


def rows(fields: Mapping[str, Field]) -> Iterator[str]:
    """The rows of a Markdown table of keys."""
    yield "| key | holds |\n| --- | --- |"
    yield from (f"| `{key}` | {field.expected} |" for key, field in fields.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or tell whether they are as they would be written."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    texts = {
        INDEX: index(),
        REFERENCE: reference(),
        SCHEMA: json.dumps(config_schema(), indent=2) + "\n",
        **{CATALOG_PAGES / name: text for name, text in catalog_pages().items()},
    }
    if not options.check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for name in stale:
        print(f"{name} is stale: run python scripts/generate_docs.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
