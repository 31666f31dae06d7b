"""One deploy file under reading, and the facts found in it so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from celeryleak_lint.deploy.commands import PLACEHOLDER, Worker, workers_in, workers_of
from celeryleak_lint.deploy.limits import is_of_interest
from celeryleak_lint.deploy.words import span_of_word
from celeryleak_lint.model.deploy import (
    DeployFacts,
    EnvironmentSetting,
    LockedRelease,
    WorkerCommand,
)
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Span

_PUNCTUATION = str.maketrans(dict.fromkeys("\"'[](),", " "))


@dataclass(slots=True)
class Source:
    """A file's text and lines (without their ends), and what is known of it."""

    path: str
    text: str
    lines: Sequence[str]
    workers: list[WorkerCommand] = field(default_factory=list)
    settings: list[EnvironmentSetting] = field(default_factory=list)
    releases: list[LockedRelease] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @classmethod
    def of(cls, path: str, data: bytes) -> Source:
        """Decode as UTF-8; other bytes are replaced, which no command line depends on."""
        text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
        return cls(path, text, text.split("\n"))

    def facts(self) -> DeployFacts:
        """What was found, as a value."""
        return DeployFacts(
            tuple(self.workers), tuple(self.settings), tuple(self.releases), tuple(self.failures)
        )

    def fail(self, line: int, message: str) -> None:
        """Remember why the file, or the rest of it, cannot be read."""
        self.failures.append(Failure(self.path, max(line, 1), 1, message))

    def add_script(self, text: str, first: int, last: int, *, by_row: bool = False) -> None:
        """Take in the workers of shell text that stands in the lines ``first`` to ``last``.

        With ``by_row`` each row of the text is a line of the file.
        """
        for worker in workers_in(text):
            self._add(worker, first + worker.row if by_row else first, last)

    def add_words(self, words: Sequence[str], first: int, last: int) -> None:
        """Take in the worker of a command given as a list of words."""
        for worker in workers_of(words):
            self._add(worker, first, last)

    def add_setting(self, name: str, value: str, line: int) -> None:
        """Take in a setting if it bears on how workers are recycled."""
        if is_of_interest(name, value):
            span = span_of_word(self.lines, line, line, name)
            self.settings.append(EnvironmentSetting(self.path, span, name, value))

    def add_assignments(self, words: Iterable[str], line: int) -> None:
        """Take in ``NAME=value`` words."""
        for word in words:
            name, equals, value = word.partition("=")
            if equals:
                self.add_setting(name, value, line)

    def add_release(self, name: str, version: str, line: int) -> None:
        """Take in a distribution pinned to one release."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        start = len(text) - len(text.lstrip())
        span = Span(line, start + 1, line, max(len(text.rstrip()), start) + 1)
        self.releases.append(LockedRelease(self.path, span, name, version))

    def _add(self, worker: Worker, first: int, last: int) -> None:
        self.workers.append(
            WorkerCommand(
                path=self.path,
                span=span_of_word(self.lines, first, max(first, last), worker.program),
                text=worker.text,
                program=worker.program,
                app=_plain(worker.option("A", "app")),
                pool=_plain(worker.option("P", "pool")).lower(),
                options=worker.options,
                is_opaque=worker.is_opaque,
            )
        )


def mentions_worker(source: Source) -> bool:
    """Whether a file that cannot be parsed seems to start a worker: it has the words for it."""
    plain = source.text.translate(_PUNCTUATION)
    words = {word.rpartition("/")[2] for word in plain.split()}
    return "worker" in words and not words.isdisjoint(("celery", "airflow"))


def _plain(value: str) -> str:
    """A value that is the same wherever the file is used; empty for a variable or a template."""
    return "" if "$" in value or PLACEHOLDER in value else value


def words_in_json(text: str) -> tuple[str, ...] | None:
    """The words of a command in list form, or ``None`` when it is not in that form."""
    if not text.lstrip().startswith("["):
        return None
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return tuple(words)
