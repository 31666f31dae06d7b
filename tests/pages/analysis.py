"""Runs the engine on files in memory, as the doors run it on a project."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping

from msgspec.structs import replace

from celeryleak_lint.catalog.lookup import Catalog, load
from celeryleak_lint.config import Config, catalog_tables, parse
from celeryleak_lint.engine import analyse as analyse_scope
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Confidence, Failure, Report
from celeryleak_lint.model.run_codes import RUN_CODES
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.repair import Repaired, Wanted, repair
from celeryleak_lint.rules import RULES
from celeryleak_lint.summarising import summarise
from celeryleak_lint.system.discover import is_test_path
from tests.pages.names import module_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = "/case"
Options = tuple[Config, Catalog]


def analyse(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
    """Check files by path; `options` is TOML, `confidence` overrides what it says."""
    data = {path: text.encode("utf-8") for path, text in files.items()}
    return _analysed(data, options, confidence, with_fixes=False)


def mend(
    files: Mapping[str, bytes], *, options: str = "", confidence: Confidence | None = None
) -> Repaired:
    """Apply every fix, unsafe ones included, as `--fix --unsafe-fixes` does."""

    def look(changed: Mapping[str, bytes]) -> Report:
        return _analysed({**files, **changed}, options, confidence, with_fixes=True)

    return repair(look, files.__getitem__, Wanted(frozenset({"safe", "unsafe"})))


def _analysed(
    data: Mapping[str, bytes], options: str, confidence: Confidence | None, *, with_fixes: bool
) -> Report:
    config, catalog = _settings(options)
    if confidence is not None:
        config = replace(config, confidence=confidence)
    sources = tuple(_source(path, config.src) for path in sorted(data) if path.endswith(".py"))
    deploy = tuple(path for path in sorted(data) if not path.endswith(".py"))
    scope = Scope(ROOT, config.src or ("",), sources, deploy=deploy)
    return analyse_scope(
        scope,
        config=config,
        catalog=catalog,
        read=data.__getitem__,
        summaries=[_summarised(source, data[source.path]) for source in sources],
        with_fixes=with_fixes,
    )


@functools.lru_cache(maxsize=256)
def _summarised(source: SourceFile, data: bytes) -> ModuleSummary | Failure:
    return summarise(source, data)


def hot_decorators() -> frozenset[str]:
    """Last names of the decorators by which the catalog makes a function hot."""
    _, catalog = _settings("")
    return frozenset(
        name.split(".")[-1]
        for entry in catalog.tables.entry_points
        if entry.kind == "decorator" and entry.heat == "hot"
        for name in entry.names
    ) - {"*"}


@functools.lru_cache(maxsize=256)
def _settings(options: str) -> Options:
    table = tomllib.loads(options)
    codes = [entry.code for entry in (*RULES, *RUN_CODES)]
    config = parse(table, codes=codes, file="options")
    wrong = config if isinstance(config, tuple) else ()
    settings = config if isinstance(config, Config) else Config()
    catalog, errors = load(catalog_tables(settings), "options")
    if wrong or errors:
        raise ValueError("\n".join([*map(str, wrong), *errors]))
    return settings, catalog


def _source(path: str, roots: tuple[str, ...]) -> SourceFile:
    inside = [root for root in roots if root and path.startswith(root + "/")]
    seen = path.removeprefix(max(inside, key=len) + "/") if inside else path
    return SourceFile(path, module_of(seen), path.endswith("__init__.py"), is_test_path(path))
