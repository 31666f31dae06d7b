"""What is known of files whose state has not changed: the digest of their content, their imports.

A file is recognised by its stamp: size, times of change and number on the disk. Whoever
changes a file twice within one tick of its clock leaves the stamp as it was, so a file that
changed only just before it was read is read again the next time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from celeryleak_lint.system.imports import imported_names
from celeryleak_lint.system.read import reader

DIGEST_BYTES = 20
#: Coarser than the clock of any file system: FAT counts in two seconds.
SETTLED_NANOSECONDS = 3_000_000_000

Stamp = tuple[int, int, int, int]


class Sighting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file as it was read: its stamp, the digest of its content, and its imports if asked for.

    The stamp has size, time of the last write, time of the last change of any kind, and
    number on the disk; both times in nanoseconds.
    """

    stamp: Stamp
    digest: bytes
    imports: tuple[str, ...] | None = None


@dataclass(slots=True)
class Sightings:
    """Answers questions about files below ``root``; what a former run has seen is in ``known``.

    ``overlay`` holds texts that stand in for files. Ask ``kept`` for what is worth keeping.
    """

    root: str
    overlay: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    known: dict[str, Sighting] = field(default_factory=dict)
    _seen: dict[str, Sighting] = field(default_factory=dict)
    _unsettled: set[str] = field(default_factory=set)

    def digest(self, path: str) -> bytes:
        """The digest of a file's content. Raises ``OSError`` for what cannot be read."""
        return self._sighting(path).digest

    def imports(self, path: str) -> tuple[str, ...]:
        """The dotted names that the beginning of a file imports; none when it cannot be read."""
        try:
            sighting = self._sighting(path, with_imports=True)
        except OSError:
            return ()
        return sighting.imports or ()

    def forget(self) -> None:
        """Look at every file anew: what this run has seen is compared with the disk again."""
        self.known = self.kept()
        self._seen.clear()

    def kept(self) -> dict[str, Sighting]:
        """What a later run may rely on."""
        return {
            path: sighting
            for path, sighting in self._seen.items()
            if path not in self._unsettled and path not in self.overlay
        }

    def _sighting(self, path: str, *, with_imports: bool = False) -> Sighting:
        found = self._seen.get(path)
        if found is None and path not in self.overlay:
            found = self.known.get(path)
            if found is not None and found.stamp != _stamp(os.stat(self._full(path))):
                found = None
        if found is None or (with_imports and found.imports is None):
            found = self._read(path, with_imports=with_imports)
        self._seen[path] = found
        return found

    def _read(self, path: str, *, with_imports: bool) -> Sighting:
        moment = time.time_ns()
        stamp = (0, 0, 0, 0) if path in self.overlay else _stamp(os.stat(self._full(path)))
        data = reader(self.root, self.overlay)(path)
        changed = max(stamp[1], stamp[2])
        if changed > moment - SETTLED_NANOSECONDS:
            self._unsettled.add(path)
        elif path not in self.overlay and _stamp(os.stat(self._full(path))) != stamp:
            self._unsettled.add(path)
        imports = tuple(imported_names(data)) if with_imports else None
        return Sighting(stamp, content_digest(data), imports)

    def _full(self, path: str) -> str:
        return os.path.join(self.root, path)


def content_digest(data: bytes) -> bytes:
    """What identifies a content."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def _stamp(state: os.stat_result) -> Stamp:
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino


_decoder = msgspec.msgpack.Decoder(dict[str, Sighting])


def read_sightings(body: bytes | None) -> dict[str, Sighting]:
    """The sightings that ``write_sightings`` wrote; none when they are of another shape."""
    if body is not None:
        with contextlib.suppress(msgspec.DecodeError):
            return _decoder.decode(body)
    return {}


def write_sightings(sightings: Sightings, paths: Collection[str]) -> bytes | None:
    """What is worth keeping of the sightings of ``paths``; ``None`` when nothing of it is new."""
    kept = {path: seen for path, seen in sightings.kept().items() if path in paths}
    if kept == sightings.known:
        return None
    return msgspec.msgpack.encode(kept)
