"""What former runs have left of a project: summaries, stamps of files, and whole reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
from msgspec import structs

from celeryleak_lint.model.findings import Report
from celeryleak_lint.system.cache import Cache, digest_of
from celeryleak_lint.system.grounds import Grounds, Standing
from celeryleak_lint.system.reports import Inquiry, find_report, keep_report, key_of
from celeryleak_lint.system.sightings import Sightings, read_sightings, write_sightings

FILE = "files.pack"


class Memory(msgspec.Struct, frozen=True):
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

    @property
    def remembers(self) -> bool:
        """Whether reports are kept; with the unsaved text of an editor nobody will ask the same again."""
        is_kept = self.cache is not None and not self.cache.is_kept_as_is
        return is_kept and not self.sightings.overlay

    def question(self, inquiry: Inquiry) -> Question:
        """Asks for the report on the project as it is now."""
        digests = inquiry.digests(self.sightings) if self.remembers else None
        return Question(self, inquiry, inquiry.question() if self.remembers else b"", digests)


class Question(msgspec.Struct, frozen=True):
    """One question to a memory, bound to the state in which it was asked.

    ``name`` identifies what is asked, ``digests`` the contents of the files; with ``None``
    nothing is remembered.
    """

    memory: Memory
    inquiry: Inquiry
    name: bytes
    digests: bytes | None

    def answer(self) -> Report | None:
        """The report of a former run on this very state."""
        cache = self.memory.cache
        if cache is None or self.digests is None:
            return None
        report = find_report(cache, key_of(self.name, self.digests))
        self._remember_files(cache)
        return report

    def standing(self) -> Standing | None:
        """The last report on this question, whatever the files were like."""
        cache = self.memory.cache
        return None if cache is None or self.digests is None else self._grounds(cache).read()

    def learn(self, report: Report, ground: bytes | None, spoken_of: frozenset[str]) -> None:
        """Keep the report, unless something has changed meanwhile or could not be looked at.

        ``ground`` is what it rests on, encoded; ``spoken_of`` are the files it may speak of.
        """
        cache = self.memory.cache
        if cache is None or self.digests is None:
            return
        if self._is_unchanged() and self._is_complete(cache):
            self._keep(cache, report, ground, spoken_of)
        self._remember_files(cache)

    def relearn(self, report: Report, standing: Standing) -> None:
        """Keep a report that still stands; what was read for it had the digests of this question."""
        cache = self.memory.cache
        if cache is not None and self.digests is not None:
            self._keep(cache, report, standing.ground, standing.spoken_of)
            self._remember_files(cache)

    def _keep(
        self, cache: Cache, report: Report, ground: bytes | None, spoken_of: frozenset[str]
    ) -> None:
        assert self.digests is not None
        kept = structs.replace(report, stages=())
        keep_report(cache, key_of(self.name, self.digests), kept)
        if ground is not None:
            told = {finding.path for finding in (*report.findings, *report.suppressed)}
            standing = Standing(self.digests, kept, ground, spoken_of | told)
            self._grounds(cache).write(standing)

    def _is_unchanged(self) -> bool:
        self.memory.sightings.forget()
        return self.inquiry.digests(self.memory.sightings) == self.digests

    def _grounds(self, cache: Cache) -> Grounds:
        return Grounds(cache, self.name)

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
