"""What former runs have left of a project: summaries, stamps of files, and whole reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from celeryleak_lint.model.findings import Report
from celeryleak_lint.system.cache import Cache, digest_of
from celeryleak_lint.system.reports import Inquiry, find_report, keep_report
from celeryleak_lint.system.sightings import Sightings, read_sightings, write_sightings

FILE = "files.pack"


@dataclass(frozen=True, slots=True)
class Memory:
    """The cache, if there is one, and what is known of the files. Nothing is kept of a base revision."""

    cache: Cache | None
    sightings: Sightings

    @classmethod
    def of(
        cls, root: str, overlay: Mapping[str, bytes], cache: Cache | None, *, is_base: bool = False
    ) -> Memory:
        """What is remembered of the project at ``root``; ``overlay`` are texts in place of files.

        With ``is_base``, ``root`` is an earlier state of the project: its summaries may be
        known, and nothing is written.
        """
        if cache is None or is_base:
            kept = replace(cache, is_kept_as_is=True) if cache is not None else None
            return cls(kept, Sightings(root, overlay))
        return cls(cache, Sightings(root, overlay, read_sightings(cache.read(FILE))))

    def question(self, inquiry: Inquiry) -> Question:
        """Asks for the report on the project as it is now.

        With the unsaved text of an editor nobody will ask the same again.
        """
        is_kept = self.cache is not None and not self.cache.is_kept_as_is
        is_asked = is_kept and not self.sightings.overlay
        return Question(self, inquiry, inquiry.key(self.sightings) if is_asked else None)


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a memory, bound to the state in which it was asked; ``key`` names both."""

    memory: Memory
    inquiry: Inquiry
    key: bytes | None

    def answer(self) -> Report | None:
        """The report of a former run on this very state."""
        cache = self.memory.cache
        if cache is None or self.key is None:
            return None
        report = find_report(cache, self.key)
        self._remember_files(cache)
        return report

    def learn(self, report: Report) -> None:
        """Keep the report, unless something has changed meanwhile or could not be looked at."""
        cache = self.memory.cache
        if cache is None or self.key is None:
            return
        self.memory.sightings.forget()
        if self.inquiry.key(self.memory.sightings) == self.key and self._is_complete(cache):
            keep_report(cache, self.key, replace(report, stages=()))
        self._remember_files(cache)

    def _is_complete(self, cache: Cache) -> bool:
        """Whether every file was summarised as it is now: an outcome by chance is in no cache."""
        digest = self.memory.sightings.digest
        return all(
            cache.has_served(file.path, digest_of(file, digest(file.path)))
            for file in self.inquiry.scope.files
        )

    def _remember_files(self, cache: Cache) -> None:
        scope = self.inquiry.scope
        paths = {*(file.path for file in scope.files), *scope.deploy}
        body = write_sightings(self.memory.sightings, paths)
        if body is not None:
            cache.write(FILE, body)
