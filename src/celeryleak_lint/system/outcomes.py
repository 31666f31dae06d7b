"""What became of one file: its summary or the failure in its place, encoded to be sent and kept.

Knows nothing of processes, machines or caches.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import SourceFile
from celeryleak_lint.system.cache import Entry, digest_of
from celeryleak_lint.system.read import reader, unread
from celeryleak_lint.system.sightings import content_digest

_summary_decoder = msgspec.msgpack.Decoder(ModuleSummary)
_failure_decoder = msgspec.msgpack.Decoder(Failure)


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of one file, as a worker sends it; ``lasting`` outcomes may be cached."""

    entry: Entry
    lasting: bool


_outcomes_decoder = msgspec.msgpack.Decoder(list[Outcome])


def summarise_file(root: str, file: SourceFile, overlay: Mapping[str, bytes]) -> Outcome:
    """Read and summarise one file; whatever goes wrong becomes an outcome."""
    try:
        data = reader(root, overlay)(file.path)
    except OSError as error:
        return failed(unread(file.path, error))
    return summarise_text(file, data)


def summarise_text(file: SourceFile, data: bytes) -> Outcome:
    """Summarise what stands in a file; whatever goes wrong becomes an outcome."""
    from celeryleak_lint.summarising import summarise  # imported late: a warm cache never needs it

    try:
        value = summarise(file, data)
    except Exception as error:  # noqa: BLE001 - the boundary: one file must not end the run
        return failed(broken(file, _described(error)))
    payload = msgspec.msgpack.encode(value)
    entry = Entry(digest_of(file, content_digest(data)), isinstance(value, Failure), payload)
    return Outcome(entry, lasting=True)


def failed(failure: Failure) -> Outcome:
    """The outcome of a file that could not be summarised this time; it is not remembered."""
    entry = Entry(digest=b"", is_failure=True, payload=msgspec.msgpack.encode(failure))
    return Outcome(entry, lasting=False)


def broken(file: SourceFile, reason: str) -> Failure:
    """The failure that stands for a file on which this program itself went wrong."""
    message = f"internal error: {reason}; the file was not checked, please report this"
    return Failure(file.path, 1, 1, message)


def value_of(entry: Entry) -> ModuleSummary | Failure | None:
    """The value in an entry; ``None`` when it is of a shape that this version does not know."""
    try:
        if entry.is_failure:
            return _failure_decoder.decode(entry.payload)
        return _summary_decoder.decode(entry.payload)
    except (msgspec.DecodeError, RecursionError):
        return None


def encoded(outcomes: list[Outcome]) -> bytes:
    """Outcomes as bytes, which is cheaper than pickling them."""
    return msgspec.msgpack.encode(outcomes)


def decoded(sent: bytes) -> list[Outcome]:
    """What ``encoded`` was given; raises ``msgspec.DecodeError`` for anything else."""
    return _outcomes_decoder.decode(sent)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]
