"""Splits identifiers into whole words and finds vocabulary in them.

Knows nothing about what a word means; ``setup`` is found in ``setup_pool`` and
``PoolSetup`` but never in ``setuptools``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

#: A run of capitals before a capitalised word (``HTTP`` in ``HTTPClient``), a capitalised or
#: lower-case word, or a run of digits.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\dA-Za-z_]+")


def split_words(identifier: str) -> tuple[str, ...]:
    """Give the lower-case words of an identifier: ``getHTTPClient_v2`` is get, http, client, v, 2."""
    return tuple(map(str.lower, _WORD.findall(identifier)))


@dataclass(frozen=True, slots=True)
class WordSet:
    """Words, phrases (consecutive words) and whole names to look for."""

    words: frozenset[str]
    wholes: frozenset[str]
    phrases: tuple[tuple[str, tuple[str, ...]], ...]
    _found: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, entries: Iterable[str]) -> WordSet:
        """Build from ``"setup"``, ``"assume_role"`` and ``"=type"`` (the whole name)."""
        listed = tuple(entries)
        parts = [entry for entry in listed if not entry.startswith("=")]
        return cls(
            words=frozenset(entry for entry in parts if "_" not in entry),
            wholes=frozenset(entry[1:] for entry in listed if entry.startswith("=")),
            phrases=tuple((entry, tuple(entry.split("_"))) for entry in parts if "_" in entry),
        )

    def match(self, identifier: str) -> str | None:
        """Give the entry found in ``identifier``, phrases before words, or ``None``.

        The same few names are asked about again and again, so answers are remembered.
        """
        try:
            return self._found[identifier]
        except KeyError:
            found = self._found[identifier] = self._match(split_words(identifier))
            return found

    def _match(self, parts: tuple[str, ...]) -> str | None:
        if "_".join(parts) in self.wholes:
            return "_".join(parts)
        for entry, phrase in self.phrases:
            if phrase[0] in parts and _stands_in(phrase, parts):
                return entry
        for part in parts:
            if part in self.words:
                return part
        return None


def _stands_in(phrase: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    size = len(phrase)
    return any(parts[i : i + size] == phrase for i in range(len(parts) - size + 1))
