"""From a table of settings to a ``Config``, or to everything that is wrong with it at once.

It must not read files, and it learns from its caller which codes exist.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from celeryleak_lint.config.settings import CATALOG_KEYS, MEMOIZERS, PROFILES, Config
from celeryleak_lint.model.findings import CONFIDENCES

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class ConfigError(msgspec.Struct, frozen=True):
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

    def text(self, key: str, value: object) -> str:
        if isinstance(value, str) and value.strip():
            return value
        self.complain(key, f"expected a text that is not empty, found {_kind(value)}")
        return ""

    def names(self, key: str, value: object) -> tuple[str, ...]:
        found = self.strings(key, value)
        for name in found:
            if not _DOTTED.fullmatch(name):
                self.complain(
                    key, f"`{name}` is no name of a function, such as `tick` or `app.tick`"
                )
        for name in dict.fromkeys(name for name in found if found.count(name) > 1):
            self.complain(key, f"`{name}` is listed twice")
        return found

    def profiles(self, key: str, value: object) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict):
            self.complain(key, f"expected a table from pattern to profile, found {_kind(value)}")
            return ()
        for pattern in value:
            self.check_pattern(f"{key}.{pattern}", pattern)
        return tuple(
            (pattern, self.choice(f'{key}."{pattern}"', profile, PROFILES))
            for pattern, profile in value.items()
        )

    def compare(self, values: Mapping[str, object]) -> None:
        """Complain about values that contradict each other."""
        hot, once = values.get("hot", ()), values.get("once", ())
        if isinstance(hot, tuple) and isinstance(once, tuple):
            for name in hot:
                if name in once:
                    self.complain("once", f"`{name}` is listed under `hot`, too; drop one of them")

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


class Key(msgspec.Struct, frozen=True):
    """One key of the configuration: where its value goes, how it is read, and how it is described.

    ``schema`` is its JSON schema, ``help`` one or two sentences for people.
    """

    attribute: str
    read: Callable[[_Reader, str, object], object]
    schema: Mapping[str, object]
    help: str


_CODE = {"type": "string", "pattern": "^CLK[0-9]{0,3}$"}
_CODES = {"type": "array", "items": _CODE}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_NAMES = {"type": "array", "items": {"type": "string", "pattern": f"^{_DOTTED.pattern}$"}}

#: Every key but the tables of the catalog.
FIELDS: Mapping[str, Key] = MappingProxyType(
    {
        "select": Key(
            "select",
            _Reader.rule_codes,
            _CODES,
            "Codes or beginnings of codes to report. Between this and `ignore` the longer one "
            "wins.",
        ),
        "extend-select": Key(
            "extend_select", _Reader.rule_codes, _CODES, "Codes to report as well."
        ),
        "ignore": Key(
            "ignore", _Reader.rule_codes, _CODES, "Codes or beginnings of codes not to report."
        ),
        "per-file-ignores": Key(
            "per_file_ignores",
            _Reader.per_file,
            {"type": "object", "additionalProperties": _CODES},
            "From a pattern, as in a `.gitignore` beside the configuration, to the codes not to "
            "report in files that match.",
        ),
        "exclude": Key(
            "exclude",
            _Reader.patterns,
            _STRINGS,
            "Patterns, as in a `.gitignore`, of what is no part of the project. `.gitignore` "
            "files are respected, too.",
        ),
        "confidence": Key(
            "confidence",
            lambda reader, key, value: reader.choice(key, value, CONFIDENCES),
            {"enum": list(CONFIDENCES)},
            "The least confidence with which a finding is reported.",
        ),
        "src": Key(
            "src",
            _Reader.folders,
            _STRINGS,
            "Folders that imports start from, where neither imports nor build settings tell.",
        ),
        "hot": Key(
            "hot",
            _Reader.names,
            _NAMES,
            "Functions that run again and again: a simple name, or a dotted name with its module.",
        ),
        "once": Key(
            "once",
            _Reader.names,
            _NAMES,
            "Functions that run once in a process: a simple name, or a dotted name with its "
            "module.",
        ),
        "processes": Key(
            "processes",
            _Reader.profiles,
            {"type": "object", "additionalProperties": {"enum": list(PROFILES)}},
            "From a pattern to the process that runs the files: a `script` runs once and ends, "
            "`long-running` overrules what a path seems to say, and the module level of what is "
            "`rerun` is executed for each event.",
        ),
        "baseline": Key(
            "baseline",
            _Reader.text,
            {"type": "string", "minLength": 1},
            "The baseline to compare with, seen from the folder of the configuration.",
        ),
        "memoizer": Key(
            "memoizer",
            lambda reader, key, value: reader.choice(key, value, MEMOIZERS),
            {"enum": list(MEMOIZERS)},
            "How fixes keep what is built once: `cache` is `functools.cache`, which may build "
            "twice when two threads ask at once, `locked` adds a lock, and `module-dict` is a "
            "plain dictionary.",
        ),
    }
)

#: Every key a configuration table may have.
KEYS = (*FIELDS, *CATALOG_KEYS)


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
        if key not in FIELDS:
            reader.complain(key, "unknown key" + nearest(key, KEYS))
            continue
        field = FIELDS[key]
        values[field.attribute] = field.read(reader, key, value)
    if not reader.errors:
        reader.compare(values)
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
