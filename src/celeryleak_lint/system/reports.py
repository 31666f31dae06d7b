"""Whole reports, remembered under everything that they depend on.

A run over a project in which nothing has changed reads its report here, and neither parses
nor links anything. Only the last few are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from celeryleak_lint.config import Config
from celeryleak_lint.model.findings import Failure, Report
from celeryleak_lint.model.source import Scope
from celeryleak_lint.system.cache import Cache
from celeryleak_lint.system.sightings import Sightings

FILE = "reports.pack"
#: How many differently asked questions a project usually sees: editors, hooks, flake8, CI.
_MOST = 12
_KEY_BYTES = 20


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    key: bytes
    payload: bytes


_listing_decoder = msgspec.msgpack.Decoder(list[_Kept])
_report_decoder = msgspec.msgpack.Decoder(Report)


class Inquiry(msgspec.Struct, frozen=True):
    """What a report is an answer to, apart from the content of the files.

    ``tables`` are the user's additions to the catalog, as read from TOML; ``unlisted`` is
    what could not be listed. ``with_fixes`` asks for fixes as well.
    """

    scope: Scope
    config: Config
    tables: Mapping[str, object]
    unlisted: tuple[Failure, ...] = ()
    with_fixes: bool = False

    def question(self) -> bytes:
        """Identifies what is asked, contents apart."""
        asked = (
            self.scope.source_roots, self.scope.files, self.scope.reported, self.scope.deploy,
            self.config, self.tables, self.unlisted, self.with_fixes,
        )  # fmt: skip
        encoded = msgspec.msgpack.encode(asked, enc_hook=_plain, order="deterministic")
        return hashlib.blake2b(encoded, digest_size=_KEY_BYTES).digest()

    def digests(self, sightings: Sightings) -> bytes | None:
        """The digests of all files, one behind the other; ``None`` when one cannot be read."""
        try:
            digests = [sightings.digest(file.path) for file in self.scope.files]
            digests += [sightings.digest(path) for path in self.scope.deploy]
        except OSError:
            return None
        return b"".join(digests)


def key_of(question: bytes, digests: bytes) -> bytes:
    """Identifies question and contents together."""
    return hashlib.blake2b(question + digests, digest_size=_KEY_BYTES).digest()


def find_report(cache: Cache, key: bytes) -> Report | None:
    """The report that was kept under ``key``."""
    payload = next((kept.payload for kept in _listing(cache) if kept.key == key), None)
    if payload is None:
        return None
    try:
        return _report_decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return None


def keep_report(cache: Cache, key: bytes, report: Report) -> None:
    """Keep a report; the oldest one goes when there are too many."""
    others = [kept for kept in _listing(cache) if kept.key != key]
    listing = [*others, _Kept(key, msgspec.msgpack.encode(report))][-_MOST:]
    cache.write(FILE, msgspec.msgpack.encode(listing))


def _listing(cache: Cache) -> list[_Kept]:
    body = cache.read(FILE)
    if body is None:
        return []
    try:
        return _listing_decoder.decode(body)
    except (msgspec.DecodeError, MemoryError):
        return []


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a key")
