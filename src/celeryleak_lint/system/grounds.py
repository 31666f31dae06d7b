"""The last report on each question, with the content of the files then and what it rests on.

One file of the cache for each of the last few questions, so that a run after a small change
reads no more than it needs.
"""

from __future__ import annotations

import contextlib
import os

import msgspec

from celeryleak_lint.model.findings import Report
from celeryleak_lint.system.cache import Cache
from celeryleak_lint.system.sightings import DIGEST_BYTES

_PREFIX = "ground-"
#: How many questions are usually asked in turn: an editor, a hook, flake8, a CI job.
_MOST = 4


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """A report that stands as long as its ground does.

    ``digests`` are those of the files in the order of the question, one behind the other.
    ``ground`` is encoded. ``spoken_of`` are the paths of files that the report may speak of.
    """

    digests: bytes
    report: Report
    ground: bytes
    spoken_of: frozenset[str]

    def changed(self, digests: bytes) -> list[int]:
        """The places of the files that are different now."""
        count = len(digests) // DIGEST_BYTES
        return [n for n in range(count) if digest_at(digests, n) != digest_at(self.digests, n)]


def digest_at(digests: bytes, place: int) -> bytes:
    """One of the digests that stand one behind the other."""
    return digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]


_decoder = msgspec.msgpack.Decoder(Standing)


class Grounds(msgspec.Struct, frozen=True):
    """The standing reports in a cache; ``question`` identifies what was asked, contents apart."""

    cache: Cache
    question: bytes

    def read(self) -> Standing | None:
        """The last report on this question."""
        body = self.cache.read(self._name)
        if body is None:
            return None
        try:
            return _decoder.decode(body)
        except (msgspec.DecodeError, RecursionError, MemoryError):
            return None

    def write(self, standing: Standing) -> None:
        """Keep a report; those on questions that nobody has asked for long go."""
        self.cache.write(self._name, msgspec.msgpack.encode(standing))
        with contextlib.suppress(OSError):
            self._prune()

    @property
    def _name(self) -> str:
        return f"{_PREFIX}{self.question.hex()}.pack"

    def _prune(self) -> None:
        with os.scandir(self.cache.folder) as entries:
            kept = sorted(
                (entry.stat().st_mtime, entry.path)
                for entry in entries
                if entry.name.startswith(_PREFIX)
            )
        for _, path in kept[:-_MOST]:
            os.unlink(path)
