"""Summaries of files, remembered between runs by the content of the file.

A few dozen pack files hold one entry for each path. What is damaged, foreign or of another
version counts as absent, and nothing in it is ever executed. Packs are replaced as a whole,
so concurrent runs may lose each other's work, but never read half of it.
"""

from __future__ import annotations

import contextlib
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
_DIGEST_BYTES = 20
_STALE_SECONDS = 14 * 24 * 3600


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
    is_kept_as_is: bool = False

    def get(self, path: str, digest: bytes) -> Entry | None:
        """The entry of the file at ``path`` if it was made from this very content."""
        entry = self._pack(_number(path)).get(path)
        return entry if entry is not None and entry.digest == digest else None

    def put(self, path: str, entry: Entry) -> None:
        """Remember an entry; it replaces what was known of the path before."""
        self._pack(_number(path))[path] = entry
        self.changed.add(_number(path))

    def save(self, paths: frozenset[str]) -> None:
        """Write what has changed, without the files that are not in the project any more.

        A folder that cannot be written costs the next run time, and nothing else.
        """
        if not self.changed or self.is_kept_as_is:
            return
        with contextlib.suppress(OSError):
            self._prepare()
            for number in sorted(self.changed):
                kept = {path: e for path, e in self._pack(number).items() if path in paths}
                _replace(self._file(number), msgspec.msgpack.encode(kept))
            self.changed.clear()

    def _pack(self, number: int) -> dict[str, Entry]:
        if number not in self.packs:
            self.packs[number] = _read_pack(self._file(number))
        return self.packs[number]

    def _file(self, number: int) -> str:
        return os.path.join(self.folder, f"{number:02x}.pack")

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
        return Cache(os.path.join(os.path.abspath(folder), name, _version()))
    own = os.path.join(root, FOLDER)
    inner = os.path.join(own, _version())
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


def digest_of(file: SourceFile, data: bytes) -> bytes:
    """What identifies a summary: the content, and the name under which the project knows it."""
    digest = hashlib.blake2b(data, digest_size=_DIGEST_BYTES)
    digest.update(f"\0{file.path}\0{file.module}\0{file.is_package}\0{file.is_test}".encode())
    return digest.digest()


def _number(path: str) -> int:
    return zlib.crc32(path.encode()) % _PACKS


def _read_pack(path: str) -> dict[str, Entry]:
    try:
        with open(path, "rb") as file:
            seal, body = file.read(_DIGEST_BYTES), file.read()
        return _decoder.decode(body) if seal == _seal(body) else {}
    except (OSError, msgspec.DecodeError, MemoryError, RecursionError):
        return {}


def _replace(path: str, body: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix="new-")
    try:
        with open(descriptor, "wb") as file:
            file.write(_seal(body) + body)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _seal(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _version() -> str:
    """Names what a summary depends on beside the file: Python, and this package's own files."""
    digest = hashlib.blake2b(digest_size=6)
    for line in sorted(_own_files(os.path.dirname(celeryleak_lint.__file__))):
        digest.update(line.encode())
    major, minor = sys.version_info[:2]
    return f"{celeryleak_lint.__version__}-py{major}.{minor}-{digest.hexdigest()}"


def _own_files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _own_files(entry.path)
            elif entry.name.endswith(".py"):
                state = entry.stat()
                yield f"{entry.name} {state.st_size} {state.st_mtime_ns}\n"


def _stale_versions(above: str, *, keep: str) -> list[str]:
    """Packs of other versions that no run has touched for a while."""
    limit = time.time() - _STALE_SECONDS
    with os.scandir(above) as entries:
        return [
            entry.path
            for entry in entries
            if entry.is_dir(follow_symlinks=False)
            and entry.path != keep
            and entry.stat().st_mtime < limit
        ]
