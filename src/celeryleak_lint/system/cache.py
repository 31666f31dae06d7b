"""Summaries of files, remembered between runs by the content of the file.

A few dozen pack files hold one entry for each path; other files beside them are the business
of ``sightings`` and ``reports``. What is damaged, foreign or of another version counts as
absent, and nothing in it is ever executed. Files are replaced as a whole, so concurrent runs
may lose each other's work, but never read half of it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

import celeryleak_lint
from celeryleak_lint.model.source import SourceFile

FOLDER = ".celeryleak_cache"
TAG = "CACHEDIR.TAG"

_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Summaries of source files, kept by celeryleak-lint. Safe to delete.\n"
)
_PACKS = 64
_SEAL_BYTES = 20
_STALE_SECONDS = 14 * 24 * 3600
#: More versions than this side by side are left-overs, however new they are.
_MOST_VERSIONS = 4


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one file: a summary, or the failure that extraction ended in.

    ``digest`` identifies content and name together; ``payload`` is the encoded value.
    """

    digest: bytes
    is_failure: bool
    payload: bytes


_decoder = msgspec.msgpack.Decoder(dict[str, Entry])


@dataclass(slots=True)
class Cache:
    """The packs of one project below ``folder``, read when first needed, written by ``save``.

    With ``is_kept_as_is`` nothing is written: another state of the project is looked at.
    """

    folder: str
    packs: dict[int, dict[str, Entry]] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    _used: dict[str, bytes] = field(default_factory=dict)
    is_kept_as_is: bool = False

    def get(self, path: str, digest: bytes) -> Entry | None:
        """The entry of the file at ``path`` if it was made from this very content."""
        entry = self._pack(_number(path)).get(path)
        if entry is None or entry.digest != digest:
            return None
        self._used[path] = digest
        return entry

    def put(self, path: str, entry: Entry) -> None:
        """Remember an entry; it replaces what was known of the path before."""
        self._used[path] = entry.digest
        self._pack(_number(path))[path] = entry
        self.changed.add(_number(path))

    def save(self, paths: frozenset[str]) -> None:
        """Write what has changed, without the files that are not in the project any more.

        A folder that cannot be written costs the next run time, and nothing else. What was
        read is given back: linking needs the memory.
        """
        for number in sorted(self.changed):
            kept = {path: e for path, e in self._pack(number).items() if path in paths}
            self.write(_file(number), msgspec.msgpack.encode(kept))
        self.changed.clear()
        self.packs.clear()

    def has_served(self, path: str, digest: bytes) -> bool:
        """Whether this run got or put an entry made from this very content."""
        return self._used.get(path) == digest

    def read(self, name: str) -> bytes | None:
        """The content of one file of the cache; ``None`` when it is damaged or not there."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                seal, body = file.read(_SEAL_BYTES), file.read()
        except (OSError, MemoryError):
            return None
        return body if seal == _seal(body) else None

    def write(self, name: str, body: bytes) -> None:
        """Replace one file of the cache as a whole, or leave it as it was when that fails."""
        if self.is_kept_as_is:
            return
        with contextlib.suppress(OSError):
            self._prepare()
            _replace(os.path.join(self.folder, name), body)

    def _pack(self, number: int) -> dict[str, Entry]:
        if number not in self.packs:
            self.packs[number] = _unpacked(self.read(_file(number)))
        return self.packs[number]

    def _prepare(self) -> None:
        if os.path.isdir(self.folder):
            return
        os.makedirs(self.folder, exist_ok=True)
        above = os.path.dirname(self.folder)
        for name, text in ((TAG, _TAG_TEXT), (".gitignore", "*\n")):
            with open(os.path.join(above, name), "w", encoding="utf-8") as file:
                file.write(text)
        for stale in _stale_versions(above, keep=self.folder):
            shutil.rmtree(stale, ignore_errors=True)


def open_cache(root: str, folder: str | None) -> Cache | None:
    """The cache of the project at ``root``: below it, or in ``folder`` when that is given.

    ``None`` when the project's own cache folder is a link: it could lead out of the tree.
    """
    if folder is not None:
        name = hashlib.blake2b(os.fsencode(root), digest_size=8).hexdigest()
        return Cache(os.path.join(os.path.abspath(folder), name, version()))
    own = os.path.join(root, FOLDER)
    inner = os.path.join(own, version())
    if os.path.islink(own) or os.path.islink(inner):
        return None
    return Cache(inner)


def clean(root: str, folder: str | None) -> str | None:
    """Delete the project's cache and give the folder that is gone, ``None`` if there was none.

    Only a folder with our tag in it is deleted. Raises ``OSError`` when that fails.
    """
    cache = open_cache(root, folder)
    top = os.path.dirname(cache.folder) if cache else ""
    if not os.path.isfile(os.path.join(top, TAG)):
        return None
    shutil.rmtree(top)
    return top


def digest_of(file: SourceFile, content: bytes) -> bytes:
    """What identifies a summary: the digest of the content, and the name the project knows it by."""
    digest = hashlib.blake2b(content, digest_size=_SEAL_BYTES)
    digest.update(f"\0{file.path}\0{file.module}\0{file.is_package}\0{file.is_test}".encode())
    return digest.digest()


def _number(path: str) -> int:
    return zlib.crc32(path.encode()) % _PACKS


def _file(number: int) -> str:
    return f"{number:02x}.pack"


def _unpacked(body: bytes | None) -> dict[str, Entry]:
    if body is None:
        return {}
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, MemoryError, RecursionError):
        return {}


def _replace(path: str, body: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix="new-")
    try:
        with open(descriptor, "wb") as file:
            file.write(_seal(body))
            file.write(body)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _seal(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_SEAL_BYTES).digest()


@functools.cache
def version() -> str:
    """Names what the cache depends on beside the project: Python, and what this package consists of.

    Contents count and times do not: a cache outlives the installation that wrote it.
    """
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(_own_files(os.path.dirname(celeryleak_lint.__file__))):
        with open(path, "rb") as file:
            digest.update(_seal(file.read()))
    major, minor = sys.version_info[:2]
    return f"{celeryleak_lint.__version__}-py{major}.{minor}-{digest.hexdigest()}"


def _own_files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _own_files(entry.path)
            elif entry.name.endswith((".py", ".toml")):
                yield entry.path


def _stale_versions(above: str, *, keep: str) -> list[str]:
    """Folders of other versions that no run has touched for a while, and the oldest of too many."""
    limit = time.time() - _STALE_SECONDS
    with os.scandir(above) as entries:
        others = sorted(
            (entry.stat().st_mtime, entry.path)
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and entry.path != keep
        )
    surplus = len(others) - (_MOST_VERSIONS - 1)
    return [
        path for place, (changed, path) in enumerate(others) if changed < limit or place < surplus
    ]
