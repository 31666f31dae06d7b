"""Finding and reading configuration files; what their values mean is decided elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import msgspec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OWN_FILE = "celeryleak-lint.toml"
SHARED_FILE = "pyproject.toml"
TABLE = "celeryleak-lint"


class SettingsFile(msgspec.Struct, frozen=True):
    """A configuration file: its absolute path and the prefix of our keys in messages.

    ``table`` is what it sets; ``problem`` is the reason when it cannot be read, and the
    table is empty then.
    """

    path: str
    prefix: str
    table: Mapping[str, object]
    problem: str = ""


def find_settings(folder: str) -> SettingsFile | None:
    """The configuration in ``folder``: our own file first, then our table in the shared one."""
    own = os.path.join(folder, OWN_FILE)
    if os.path.isfile(own):
        return read_settings(own)
    shared = os.path.join(folder, SHARED_FILE)
    if os.path.isfile(shared) and _mentions_us(shared):
        found = read_settings(shared)
        return found if found.table or found.problem else None
    return None


def read_settings(path: str) -> SettingsFile:
    """Read one file: a ``pyproject.toml`` for its table, any other file as a whole."""
    is_shared = os.path.basename(path) == SHARED_FILE
    prefix = f"tool.{TABLE}." if is_shared else ""
    document = read_toml(path)
    if isinstance(document, str):
        return SettingsFile(path, prefix, {}, document)
    if not is_shared:
        return SettingsFile(path, prefix, document)
    tools = document.get("tool", {})
    table = tools.get(TABLE, {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        return SettingsFile(path, prefix, {}, f"`tool.{TABLE}` is not a table")
    return SettingsFile(path, prefix, table)


def read_toml(path: str) -> dict[str, object] | str:
    """The document in a TOML file, or in words why there is none."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        return f"cannot be read: {describe(error)}"
    except UnicodeDecodeError:
        return "is not valid UTF-8, which TOML demands"
    except tomllib.TOMLDecodeError as error:
        return f"is not valid TOML: {str(error)[:1].lower()}{str(error)[1:]}"
    except RecursionError:
        return "is nested too deeply to be read"


def describe(error: OSError) -> str:
    """Why the system refused, in its own words, starting in lower case."""
    reason = error.strerror or type(error).__name__
    return reason[:1].lower() + reason[1:]


def _mentions_us(path: str) -> bool:
    """Whether a shared file may be about us; one that cannot be read may, and is told of later."""
    try:
        with open(path, "rb") as file:
            return TABLE.encode() in file.read()
    except OSError:
        return True
