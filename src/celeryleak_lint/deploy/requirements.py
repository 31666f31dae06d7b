"""Requirements that people write: requirements files and the tables of pyproject.toml.

Only a requirement that admits exactly one release says which release runs.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping

from celeryleak_lint.deploy.source import Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_EXACT = ("==", "===")


def read_requirements(source: Source, *, wanted: Collection[str]) -> None:
    """Take in the pinned lines of a requirements or constraints file.

    Files that it includes with ``-r`` are read by themselves: they are part of the project.
    """
    for number, line in _logical_lines(source.lines):
        text = line.split(" #")[0].strip()
        if text and text[0] not in "#-":
            _add(source, text.split(" --")[0].strip(), number, wanted)


def read_pyproject(source: Source, *, wanted: Collection[str]) -> None:
    """Take in the pins of PEP 621, of dependency groups, and of Poetry's tables."""
    try:
        document = tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        source.fail(1, f"is not valid TOML: {reason}; its releases were not checked")
        return
    for text in _standard(document):
        _add(source, text, _line_of(source, text), wanted)
    for name, version in _poetry(document):
        operators = version.strip()
        if operators[:1].isdigit():
            operators = "==" + operators  # a bare version is exact in Poetry's grammar
        _add(source, name + operators, _line_of(source, name), wanted)


def pinned(text: str) -> tuple[str, str] | None:
    """Normalised name and release of a requirement that admits exactly one release."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None
    for part in requirement.specifier:
        if part.operator in _EXACT and not part.version.endswith(".*"):
            return canonicalize_name(requirement.name), part.version
    return None


def _add(source: Source, text: str, line: int, wanted: Collection[str]) -> None:
    if "=" not in text:
        return
    pin = pinned(text)
    if pin is not None and pin[0] in wanted:
        source.add_release(*pin, line)


def _logical_lines(lines: Collection[str]) -> Iterator[tuple[int, str]]:
    """Lines joined by a final backslash, with the number of the first."""
    text, first = "", 0
    for number, line in enumerate(lines, start=1):
        first = first or number
        if line.endswith("\\"):
            text += line[:-1] + " "
            continue
        yield first, text + line
        text, first = "", 0
    if text:
        yield first, text


def _standard(document: Mapping[str, object]) -> Iterator[str]:
    project = _table(document, "project")
    yield from _strings(project.get("dependencies"))
    for table in (_table(project, "optional-dependencies"), _table(document, "dependency-groups")):
        for group in table.values():
            yield from _strings(group)


def _poetry(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    poetry = _table(document, "tool", "poetry")
    groups = [_table(group, "dependencies") for group in _table(poetry, "group").values()]
    for table in (_table(poetry, "dependencies"), _table(poetry, "dev-dependencies"), *groups):
        for name, given in table.items():
            version = given.get("version") if isinstance(given, dict) else given
            if isinstance(version, str):
                yield name, version


def _line_of(source: Source, text: str) -> int:
    """The first line that holds ``text``: TOML parsers give no places."""
    return next((n for n, line in enumerate(source.lines, start=1) if text in line), 1)


def _table(value: object, *keys: str) -> Mapping[str, object]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
