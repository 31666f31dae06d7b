"""Which configuration holds: files, the command line over them, and where each value came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from celeryleak_lint.config import Config, ConfigError, catalog_tables, parse
from celeryleak_lint.system.discover import Place
from celeryleak_lint.system.root import folders_upwards
from celeryleak_lint.system.settings import SettingsFile, find_settings, read_settings

_COMMAND_LINE = "command line"
_CODE_KEYS = frozenset({"select", "extend-select", "ignore", "per-file-ignores"})


class Settings(msgspec.Struct, frozen=True):
    """The configuration of a run; ``origins`` says for each key that was set where it was set.

    ``file`` is the configuration file as shown to the user, empty when there is none, and
    ``prefix`` leads our keys in it. ``baseline`` is the absolute path of the baseline, or
    empty. ``tables`` are all of the user's rows for the catalog, short settings included.
    """

    config: Config
    origins: Mapping[str, str]
    file: str
    prefix: str
    baseline: str
    tables: Mapping[str, object]


def settings_for(
    place: Place, options: Mapping[str, object], *, config: str | None, isolated: bool
) -> Settings | tuple[str, ...]:
    """The settings for a place, or one message for each thing wrong with them.

    ``options`` come from a command line and replace configured keys of the same name.
    """
    found = _settings_file(place, config, isolated=isolated)
    if isinstance(found, str):
        return (found,)
    shown = os.path.relpath(found.path, place.working_directory) if found.path else ""
    if found.problem:
        return (f"{shown}: {found.problem}",)
    codes = known_codes() if _names_codes(found.table) or _names_codes(options) else ()
    configured = parse(found.table, codes=codes, file=shown, prefix=found.prefix)
    given = parse(_as_options(options), codes=codes, prefix="--")
    errors = (*_errors(configured), *_errors(given), *_catalog_errors(found, shown))
    if isinstance(configured, tuple) or isinstance(given, tuple) or errors:
        return errors
    merged = _merged(configured, given, options)
    origins = dict.fromkeys(found.table, shown) | dict.fromkeys(options, _COMMAND_LINE)
    anchor = _anchor(found.path, place.root) if found.path and not config else ""
    holding = replace(merged, anchor=anchor)
    folder = place.working_directory if "baseline" in options else os.path.dirname(found.path)
    baseline = os.path.join(folder, holding.baseline) if holding.baseline else ""
    return Settings(holding, origins, shown, found.prefix, baseline, catalog_tables(holding))


def known_codes() -> tuple[str, ...]:
    """Every code that may be selected or ignored."""
    from celeryleak_lint.model.run_codes import RUN_CODES
    from celeryleak_lint.rules import RULES

    return (*(rule.code for rule in RULES), *(entry.code for entry in RUN_CODES))


def _names_codes(table: Mapping[str, object]) -> bool:
    """Whether anything in a table has to be compared with the codes; learning them costs a moment."""
    return not _CODE_KEYS.isdisjoint(table)


def _settings_file(place: Place, config: str | None, *, isolated: bool) -> SettingsFile | str:
    nothing = SettingsFile("", "", {})
    if config is not None:
        path = os.path.join(place.working_directory, config)
        if not os.path.isfile(path):
            return f"--config: no such file: {config!r}"
        return read_settings(path)
    if isolated:
        return nothing
    found = (find_settings(folder) for folder in folders_upwards(place.paths[0]))
    return next((settings for settings in found if settings is not None), nothing)


def _catalog_errors(found: SettingsFile, shown: str) -> tuple[str, ...]:
    """What is wrong with the user's catalog tables, to be told together with the rest."""
    from celeryleak_lint.config.settings import CATALOG_KEYS

    tables = {key: found.table[key] for key in CATALOG_KEYS if key in found.table}
    if not tables:
        return ()
    from celeryleak_lint.catalog.load import tables_from

    return tables_from(tables, shown, prefix=found.prefix)[1]


def _as_options(options: Mapping[str, object]) -> dict[str, object]:
    """Options as the parser expects them from TOML: lists, not tuples."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in options.items()
    }


def _errors(parsed: Config | tuple[ConfigError, ...]) -> Sequence[str]:
    if isinstance(parsed, Config):
        return ()
    return tuple(map(str, parsed))


def _merged(configured: Config, given: Config, options: Mapping[str, object]) -> Config:
    names = set(Config.__struct_fields__)
    keys = {key.replace("-", "_") for key in options}
    merged = replace(configured, **{key: getattr(given, key) for key in keys & names})
    return replace(merged, extend_select=(*configured.extend_select, *given.extend_select))


def _anchor(file: str, root: str) -> str:
    inner = os.path.relpath(root, os.path.dirname(file)).replace(os.sep, "/")
    return "" if inner == "." or inner.startswith("..") else inner
