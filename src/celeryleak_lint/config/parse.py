"""From a table of settings to a ``Config``, or to everything that is wrong with it at once.

It must not read files, and it learns from its caller which codes exist.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from celeryleak_lint.config.settings import CATALOG_KEYS, Config
from celeryleak_lint.model.findings import CONFIDENCES


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One thing wrong with the configuration: the file, the key path in it, and the remedy."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        """The error as one line, as the user reads it."""
        return ": ".join(part for part in (self.file, self.key, self.message) if part)


@dataclass(slots=True)
class _Reader:
    """Reads values of one table and collects what is wrong instead of stopping."""

    file: str
    prefix: str
    codes: Collection[str]
    errors: list[ConfigError]

    def complain(self, key: str, message: str) -> None:
        self.errors.append(ConfigError(self.file, self.prefix + key, message))

    def strings(self, key: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self.complain(key, f"expected a list of strings, found {_kind(value)}")
            return ()
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.complain(f"{key}[{index}]", f"expected a string, found {_kind(item)}")
        return tuple(item for item in value if isinstance(item, str))

    def rule_codes(self, key: str, value: object) -> tuple[str, ...]:
        found = self.strings(key, value)
        for message in unknown_codes(found, self.codes):
            self.complain(key, message)
        return found

    def patterns(self, key: str, value: object) -> tuple[str, ...]:
        found = self.strings(key, value)
        for pattern in found:
            self.check_pattern(key, pattern)
        return found

    def check_pattern(self, key: str, pattern: str) -> None:
        import pathspec  # imported late: most projects configure no pattern

        try:
            pathspec.GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error) as error:
            self.complain(key, f"`{pattern}` is no gitignore pattern: {error}")

    def folders(self, key: str, value: object) -> tuple[str, ...]:
        found = self.strings(key, value)
        for folder in found:
            if folder.startswith(("/", "\\")) or ".." in folder.split("/"):
                self.complain(key, f"`{folder}` leaves the project; give a folder inside it")
        return tuple(_normalised(folder) for folder in found)

    def choice(self, key: str, value: object, allowed: tuple[str, ...]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        shown = f"`{value}`" if isinstance(value, str) else _kind(value)
        self.complain(key, f"expected one of {_listed(allowed)}, found {shown}")
        return allowed[0]

    def per_file(self, key: str, value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not isinstance(value, dict):
            self.complain(
                key, f"expected a table from pattern to list of codes, found {_kind(value)}"
            )
            return ()
        for pattern in value:
            self.check_pattern(f"{key}.{pattern}", pattern)
        return tuple(
            (pattern, self.rule_codes(f'{key}."{pattern}"', codes))
            for pattern, codes in value.items()
        )


_FIELDS: Mapping[str, tuple[str, Callable[[_Reader, str, object], object]]] = MappingProxyType(
    {
        "select": ("select", _Reader.rule_codes),
        "extend-select": ("extend_select", _Reader.rule_codes),
        "ignore": ("ignore", _Reader.rule_codes),
        "per-file-ignores": ("per_file_ignores", _Reader.per_file),
        "exclude": ("exclude", _Reader.patterns),
        "confidence": (
            "confidence",
            lambda reader, key, value: reader.choice(key, value, CONFIDENCES),
        ),
        "src": ("src", _Reader.folders),
    }
)

#: Every key a configuration table may have.
KEYS = (*_FIELDS, *CATALOG_KEYS)


def parse(
    table: Mapping[str, object], *, codes: Collection[str], file: str = "", prefix: str = ""
) -> Config | tuple[ConfigError, ...]:
    """Turn a table into a ``Config``; every error in it is returned, not only the first.

    ``codes`` are the codes that exist. ``file`` and ``prefix`` (``tool.celeryleak-lint.``)
    only name the place in messages. Catalog tables are carried along unread.
    """
    reader = _Reader(file, prefix, codes, [])
    values: dict[str, object] = {}
    for key, value in table.items():
        if key in CATALOG_KEYS:
            continue
        if key not in _FIELDS:
            reader.complain(key, "unknown key" + nearest(key, KEYS))
            continue
        name, read = _FIELDS[key]
        values[name] = read(reader, key, value)
    if reader.errors:
        return tuple(reader.errors)
    extra = {key: table[key] for key in CATALOG_KEYS if key in table}
    return Config(**values, tables=MappingProxyType(extra))  # type: ignore[arg-type]


def unknown_codes(given: Iterable[str], codes: Collection[str]) -> tuple[str, ...]:
    """One message for each of ``given`` that is neither a code nor the beginning of one."""
    return tuple(
        f"`{code}` is no code of celeryleak-lint" + nearest(code, codes)
        for code in given
        if not (code and any(known.startswith(code) for known in codes))
    )


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a message that offers the nearest valid name, empty when nothing is near."""
    valid = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name.casefold(), valid, n=1)
    return f"; did you mean `{valid[close[0]]}`?" if close else ""


def _normalised(folder: str) -> str:
    return "/".join(part for part in folder.split("/") if part not in ("", "."))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _kind(value: object) -> str:
    names = {bool: "a boolean", str: "a string", int: "a number", float: "a number"}
    collections = {list: "a list", dict: "a table"}
    return (names | collections).get(type(value), f"a {type(value).__name__}")
