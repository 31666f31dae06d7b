"""Releases that are known to leak: which versions, what they leak, and where it is proven.

A range ends where upstream's own fix ends it; without a fix only the releases named are
meant, never what came after them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import msgspec

from celeryleak_lint.catalog.load import LEAKS_FILE
from celeryleak_lint.model.findings import CONFIDENCES, Confidence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS = frozenset({"name", "versions", "fixed-in", "what", "evidence", "confidence"})


class KnownLeak(msgspec.Struct, frozen=True):
    """One leak of one distribution.

    ``versions`` is a PEP 440 specifier; ``fixed_in`` is the first release without the leak,
    empty when none is known. ``confidence`` is ``"possible"`` where only some uses leak.
    """

    name: str
    versions: str
    fixed_in: str
    what: str
    evidence: str
    confidence: Confidence


@functools.lru_cache(maxsize=1)
def known_leaks() -> tuple[KnownLeak, ...]:
    """All leaks that ship with the tool. Raises ValueError when the data are damaged."""
    text = (files(__package__) / "data" / LEAKS_FILE).read_text(encoding="utf-8")
    rows = tomllib.loads(text).get("leak", [])
    errors = [error for index, row in enumerate(rows) for error in wrong_in(row, f"leak[{index}]")]
    if errors:
        raise ValueError(f"{LEAKS_FILE} is damaged:\n" + "\n".join(errors))
    return tuple(_leak(row) for row in rows)


@functools.lru_cache(maxsize=1)
def distributions() -> frozenset[str]:
    """The normalised names of the distributions with a known leak."""
    return frozenset(leak.name for leak in known_leaks())


def leaks_of(name: str, version: str) -> tuple[KnownLeak, ...]:
    """The leaks of one release; a version that is none of PEP 440 has none."""
    from packaging.specifiers import SpecifierSet  # imported late: most projects lock nothing known
    from packaging.version import InvalidVersion, Version

    try:
        release = Version(version)
    except InvalidVersion:
        return ()
    return tuple(
        leak
        for leak in known_leaks()
        if leak.name == name and SpecifierSet(leak.versions).contains(release, prereleases=True)
    )


def _leak(row: Mapping[str, Any]) -> KnownLeak:
    confidence: Confidence = row.get("confidence", "likely")
    return KnownLeak(
        row["name"],
        row["versions"],
        row.get("fixed-in", ""),
        row["what"],
        row["evidence"],
        confidence,
    )


def wrong_in(row: Mapping[str, Any], where: str) -> Iterator[str]:
    """Everything that is wrong with one row; ``where`` leads each message."""
    yield from (f"{where}: unknown key {key!r}" for key in row if key not in _KEYS)
    yield from (
        f"{where}: missing key {key!r}"
        for key in ("name", "versions", "what", "evidence")
        if not row.get(key)
    )
    if row.get("confidence", "likely") not in CONFIDENCES:
        yield f"{where}.confidence: expected one of {', '.join(CONFIDENCES)}"
    versions = str(row.get("versions", ""))
    if "<" in versions and not row.get("fixed-in"):
        yield f"{where}.versions: a range that nothing fixed is a guess; name the releases with `==`"
    if not all(part.strip().startswith(("==", ">=", "<")) for part in versions.split(",")):
        yield f"{where}.versions: expected `==x` or `>=x,<y`, found {versions!r}"
    if ">" in versions and "<" not in versions:
        yield f"{where}.versions: an open-ended range is a guess"
