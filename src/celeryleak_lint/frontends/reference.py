"""Commands that tell what the tool knows: rules, catalog and settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping

import click

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.schema import EntryPoint, Heavy, Memo, Resource, Tables, Vocabulary
from celeryleak_lint.config import Config
from celeryleak_lint.config.parse import FIELDS, KEYS, nearest
from celeryleak_lint.frontends.checking import complain
from celeryleak_lint.frontends.run import (
    Prepared,
    Request,
    Trouble,
    catalog_of,
    prepare,
    summaries_for,
)
from celeryleak_lint.frontends.unused import unused_rows
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.report.codes import ENTRIES
from celeryleak_lint.report.escape import escaped
from celeryleak_lint.report.pages import page

CLEAN, FOUND = 0, 1

_KINDS = {Resource: "resource", EntryPoint: "entry point", Memo: "memo", Heavy: "heavy"}
_Row = Resource | EntryPoint | Memo | Heavy


def show_rule(name: str) -> int:
    """Print the page of the rule with this code or slug."""
    wanted = name.casefold()
    for rule in ENTRIES:
        if wanted in (rule.code.casefold(), rule.slug):
            text = page(rule.code, rule.slug)
            click.echo(text if text is not None else f"# {rule.code} {rule.slug}\n\n{rule.summary}")
            return CLEAN
    names = [name for rule in ENTRIES for name in (rule.code, rule.slug)]
    return complain(Trouble((f"there is no rule {name!r}{nearest(name, names)}",)))


def show_rules(output_format: str) -> int:
    """Print all rules, as a table or as JSON."""
    if output_format == "json":
        rows = [
            {"code": rule.code, "rule": rule.slug, "summary": rule.summary, "since": rule.since}
            for rule in ENTRIES
        ]
        click.echo(json.dumps(rows, indent=2))
        return CLEAN
    longest = max(len(rule.slug) for rule in ENTRIES)
    for rule in ENTRIES:
        click.echo(f"{rule.code}  {rule.slug:<{longest}}  {rule.summary}")
    return CLEAN


def show_catalog(request: Request, name: str | None) -> int:
    """Print the names in the catalog, or everything about those that answer to ``name``."""
    prepared = prepare(request)
    catalog = prepared if isinstance(prepared, Trouble) else catalog_of(prepared)
    if isinstance(catalog, Trouble):
        return complain(catalog)
    if name is None:
        for text in _listed(catalog.tables):
            click.echo(escaped(text))
        return CLEAN
    rows = _answering(catalog, name)
    if not rows:
        names = [known for row in _rows(catalog.tables) for known in row.names]
        message = f"nothing in the catalog answers to {name!r}{nearest(name, names)}"
        return complain(Trouble((message,)))
    click.echo("\n\n".join("\n".join(_described(row)) for row in rows))
    return CLEAN


def show_unused(request: Request) -> int:
    """Print the user's own catalog entries that nothing in the project leads to."""
    prepared = prepare(request)
    if isinstance(prepared, Trouble):
        return complain(prepared)
    made = summaries_for(prepared, request)
    facts = [summary for summary in made if isinstance(summary, ModuleSummary)]
    unused = unused_rows(prepared.config.tables, facts)
    for table, name in unused:
        click.echo(f"[[{table}]] {escaped(name)}: nothing in the project uses this name")
    if not unused:
        click.echo("every entry of yours is used", err=True)
    return FOUND if unused else CLEAN


def show_config(request: Request) -> int:
    """Print each key with its value and its origin, in TOML, and what holds for one file."""
    prepared = prepare(request)
    if isinstance(prepared, Trouble):
        return complain(prepared)
    settings = prepared.settings
    click.echo(f"# project root: {escaped(prepared.place.root)}")
    roots = ", ".join(root or "." for root in prepared.scope.source_roots)
    click.echo(f"# source roots: {escaped(roots)}")
    for key in KEYS:
        if key in settings.config.tables or key in FIELDS:
            origin = settings.origins.get(key, "default")
            click.echo(
                f"{key} = {escaped(_toml(_value(settings.config, key)))}  # {escaped(origin)}"
            )
    for line in _about_file(request, prepared):
        click.echo(escaped(line))
    return CLEAN


def _about_file(request: Request, prepared: Prepared) -> Iterator[str]:
    """What the settings mean for the one file that is asked for."""
    if not request.paths or not os.path.isfile(prepared.place.paths[0]):
        return
    path = os.path.relpath(prepared.place.paths[0], prepared.place.root).replace(os.sep, "/")
    known = {file.path: file for file in prepared.scope.files}
    yield f"# {path}:"
    if path in known and known[path].is_test:
        yield "#   test code: it is read, and nothing is reported in it"
    elif path in known:
        yield f"#   module {known[path].module}"
    config = prepared.config
    wanted = [entry.code for entry in ENTRIES if config.admits(entry.code, path)]
    yield f"#   reported: {', '.join(wanted) or 'nothing'}"
    ignored = [e.code for e in ENTRIES if config.selects(e.code) and e.code not in wanted]
    if ignored:
        yield f"#   ignored by per-file-ignores: {', '.join(ignored)}"


def _value(config: Config, key: str) -> object:
    if key in config.tables:
        return config.tables[key]
    value = getattr(config, FIELDS[key].attribute)
    return dict(value) if key in ("per-file-ignores", "processes") else value


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)


def _rows(tables: Tables) -> Iterator[_Row]:
    yield from tables.resources
    yield from tables.entry_points
    yield from tables.memos
    yield from tables.heavy


def _listed(tables: Tables) -> Iterator[str]:
    for row in sorted(_rows(tables), key=lambda row: (type(row).__name__, row.id)):
        kind = _KINDS[type(row)]
        yield f"{kind:<12} {', '.join(row.names) or row.id}"


def _answering(catalog: Catalog, name: str) -> tuple[_Row, ...]:
    found: Iterable[_Row | None] = (
        catalog.resource(name),
        catalog.decorator(name),
        catalog.base(name),
        catalog.call(name),
        catalog.signals.get(name),
        catalog.memos.get(name),
        catalog.heavy(name),
        *catalog.conditional(name),
        *catalog.heavy_methods.get(name, ()),
    )
    by_id = (row for row in _rows(catalog.tables) if row.id == name)
    return tuple(dict.fromkeys(row for row in (*found, *by_id) if row is not None))


def _described(row: _Row | Vocabulary) -> Iterator[str]:
    """Every field that says something, one a line; several values one below the other."""
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if value in ("", (), None):
            continue
        label = f"{name.replace('_', '-')}:"
        values = value if isinstance(value, tuple) else (value,)
        for part in values:
            yield f"{label:<16} {escaped(_shown(part))}"
            label = ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
