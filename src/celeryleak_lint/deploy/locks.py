"""Lock files that tools write: uv's, Poetry's and PDM's tables of packages, and Pipfile.lock."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Sequence

from celeryleak_lint.deploy.source import Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HEADER = "[[package]]"


def read_lock(source: Source, *, wanted: Collection[str]) -> None:
    """Take in the wanted packages of a TOML lock file.

    Tools write one table a package, and a large lock has thousands: each is parsed by
    itself, and only when its name is wanted.
    """
    from packaging.utils import canonicalize_name

    for first, lines in _packages(source.lines):
        if not any(name in _folded(line) for line in lines[:3] for name in wanted):
            continue
        try:
            (package,) = tomllib.loads("\n".join(lines))["package"]
            name, version = package["name"], package.get("version")
        except (tomllib.TOMLDecodeError, RecursionError, KeyError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            source.fail(
                first, f"this package cannot be read: {reason}; its release was not checked"
            )
            continue
        if isinstance(name, str) and isinstance(version, str) and canonicalize_name(name) in wanted:
            source.add_release(canonicalize_name(name), version, _line_of_name(lines, first))


def read_pipfile_lock(source: Source, *, wanted: Collection[str]) -> None:
    """Take in the wanted packages of a Pipfile.lock."""
    from packaging.utils import canonicalize_name

    try:
        document = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        source.fail(1, f"is not valid JSON: {str(error).lower()}; its releases were not checked")
        return
    groups = document.values() if isinstance(document, dict) else ()
    for group in groups:
        for name, package in group.items() if isinstance(group, dict) else ():
            version = package.get("version") if isinstance(package, dict) else None
            known = canonicalize_name(name)
            if isinstance(version, str) and version.startswith("==") and known in wanted:
                source.add_release(known, version[2:], _line_of_key(source, name))


def _packages(lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """The lines of each package, with the number (from 1) of the first."""
    starts = [number for number, line in enumerate(lines) if line.rstrip() == _HEADER]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start + 1, lines[start : _end(lines, start, end)]


def _end(lines: Sequence[str], start: int, end: int) -> int:
    """Where the package ends: at a header that is none of its own tables."""
    for number in range(start + 1, end):
        if lines[number].startswith("[") and not lines[number].lstrip("[").startswith("package"):
            return number
    return end


def _line_of_name(lines: Sequence[str], first: int) -> int:
    return next((first + n for n, line in enumerate(lines) if line.startswith("name")), first)


def _line_of_key(source: Source, name: str) -> int:
    key = json.dumps(name) + ":"
    return next((n for n, line in enumerate(source.lines, start=1) if key in line), 1)


def _folded(line: str) -> str:
    return line.lower().replace("_", "-").replace(".", "-")
