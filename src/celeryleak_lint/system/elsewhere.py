"""Summaries made elsewhere: by any executor of ``concurrent.futures``, on any machine.

Texts go there and summaries come back, so none of this machine's files is needed there, and
none of its paths means anything. Nothing that goes wrong there costs a finding: whatever is
missing in the answer is left to the caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field

import msgspec

from celeryleak_lint.model.source import SourceFile
from celeryleak_lint.system.cache import digest_of, version
from celeryleak_lint.system.outcomes import Outcome, decoded, encoded, summarise_text
from celeryleak_lint.system.sightings import content_digest

#: A batch is full with so many files or bytes: worth its journey, and little to lose.
BATCH_FILES = 25
BATCH_BYTES = 512 * 1024

_MOST_UNDER_WAY = 256
_FEW_LOSSES = 3
_PULSE_SECONDS = 2.0
_LONGEST_REASON = 200


class Elsewhere(msgspec.Struct, frozen=True):
    """An executor that somebody else looks after, and how it is treated.

    ``name`` is what messages call it. ``slots`` tells how many batches it can work on at
    once, 0 when nobody is there to work. It is given up after ``patience`` seconds in which
    nothing came back, or after ``grace`` seconds without anybody there. ``warn`` is told at
    most once for a project that something was lost.
    """

    executor: Executor
    name: str
    slots: Callable[[], int]
    warn: Callable[[str], None]
    patience: float = 60.0
    grace: float = 10.0


@dataclass(slots=True)
class Answer:
    """What has come back: outcomes by path, the number of batches sent, and why some were lost."""

    made: dict[str, Outcome] = field(default_factory=dict)
    sent: int = 0
    lost: list[str] = field(default_factory=list)
    gone: str = ""

    def is_hopeless(self) -> bool:
        """Whether more was lost than came back."""
        return len(self.lost) >= _FEW_LOSSES and 2 * len(self.lost) > self.sent


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Some files and what stands in them: all that a summary is made from."""

    files: tuple[SourceFile, ...]
    texts: tuple[bytes, ...]


_batch_decoder = msgspec.msgpack.Decoder(Batch)


def summarised(
    place: Elsewhere,
    files: Iterable[SourceFile],
    read: Callable[[str], bytes],
    met: Callable[[int], None],
) -> Answer:
    """Have files summarised by ``place``; never raises for anything that happens there.

    Files that cannot be read, lost batches and failures are missing in the answer: what
    fails there may be good here, and what fails here is told as it always is.
    """
    answer = Answer()
    batches = _batches(files, read)
    under_way: dict[Future[bytes], Batch] = {}
    try:
        _exchange(place, batches, under_way, answer, met)
    finally:
        for future in under_way:
            future.cancel()
    answer.lost += [answer.gone] * len(under_way)
    if answer.lost or answer.gone:
        place.warn(_warning(place, answer))
    return answer


def work(wanted: str, request: bytes) -> bytes:
    """Runs there: the outcomes of one batch, in its order.

    Raises ``RuntimeError`` when the code there is not that of the asking process, since its
    summaries would differ.
    """
    if version() != wanted:
        raise RuntimeError(f"a worker has celeryleak-lint {version()}, not {wanted}")
    batch = _batch_decoder.decode(request)
    return encoded(
        [summarise_text(file, text) for file, text in zip(batch.files, batch.texts, strict=True)]
    )


def _batches(files: Iterable[SourceFile], read: Callable[[str], bytes]) -> Iterator[Batch]:
    """Batches of files in their order, each read just before it is sent."""
    taken: list[SourceFile] = []
    texts: list[bytes] = []
    size = 0
    for file in files:
        try:
            data = read(file.path)
        except OSError:
            continue
        taken.append(file)
        texts.append(data)
        size += len(data)
        if len(taken) >= BATCH_FILES or size >= BATCH_BYTES:
            yield Batch(tuple(taken), tuple(texts))
            taken, texts, size = [], [], 0
    if taken:
        yield Batch(tuple(taken), tuple(texts))


def _exchange(
    place: Elsewhere,
    batches: Iterator[Batch],
    under_way: dict[Future[bytes], Batch],
    answer: Answer,
    met: Callable[[int], None],
) -> None:
    """Send batches and take in outcomes until all is done, or there is no hope."""
    heard = present = asked = time.monotonic()
    slots = place.slots()
    while True:
        answer.gone = answer.gone or _send(place, batches, under_way, answer, most=2 * slots + 2)
        if answer.gone or not under_way:
            return
        done = wait(under_way, timeout=_PULSE_SECONDS, return_when=FIRST_COMPLETED).done
        for future in done:
            _take(future, under_way.pop(future), answer)
            met(len(answer.made))
        now = time.monotonic()
        if now - asked >= _PULSE_SECONDS:
            slots, asked = place.slots(), now
        heard = now if done else heard
        present = now if done or slots else present
        answer.gone = _hopeless(place, answer, silent=now - heard, empty=now - present)


def _hopeless(place: Elsewhere, answer: Answer, *, silent: float, empty: float) -> str:
    """Why there is nothing to wait for any more, empty while there is."""
    if answer.is_hopeless():
        return answer.lost[-1]
    if empty >= place.grace:
        return "nobody is left to work there"
    return f"nothing came back for {place.patience:.0f} s" if silent >= place.patience else ""


def _send(
    place: Elsewhere,
    batches: Iterator[Batch],
    under_way: dict[Future[bytes], Batch],
    answer: Answer,
    *,
    most: int,
) -> str:
    """Keep the executor busy; gives the reason when it takes no more work."""
    while len(under_way) < min(most, _MOST_UNDER_WAY):
        batch = next(batches, None)
        if batch is None:
            return ""
        try:
            future = place.executor.submit(work, version(), msgspec.msgpack.encode(batch))
        except Exception as error:  # noqa: BLE001 - whatever an executor of others' making raises
            answer.lost.append(_described(error))
            return answer.lost[-1]
        under_way[future] = batch
        answer.sent += 1
    return ""


def _take(future: Future[bytes], batch: Batch, answer: Answer) -> None:
    """Take in what came back for a batch, or note that it was lost, and why."""
    try:
        outcomes = decoded(future.result())
    except CancelledError:
        answer.lost.append("its work was cancelled")
        return
    except Exception as error:  # noqa: BLE001 - whatever an executor of others' making raises
        answer.lost.append(_described(error))
        return
    if not _answers(outcomes, batch):
        answer.lost.append("it answered something else")
        return
    for file, outcome in zip(batch.files, outcomes, strict=True):
        if not outcome.entry.is_failure:
            answer.made[file.path] = outcome


def _answers(outcomes: Sequence[Outcome], batch: Batch) -> bool:
    """Whether these are the outcomes of these very texts."""
    return len(outcomes) == len(batch.files) and all(
        outcome.entry.is_failure or outcome.entry.digest == digest_of(file, content_digest(text))
        for outcome, file, text in zip(outcomes, batch.files, batch.texts, strict=True)
    )


def _described(error: BaseException) -> str:
    line = f"{type(error).__name__}: {error}".partition("\n")[0]
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _warning(place: Elsewhere, answer: Answer) -> str:
    reasons = ", ".join(dict.fromkeys(filter(None, (*answer.lost[:1], answer.gone))))
    what = f"{len(answer.lost)} of {answer.sent} batches" if answer.sent else "all batches"
    return f"{place.name} lost {what} ({reasons}); their files are read here instead"
