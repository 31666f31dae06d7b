"""What holds for a run, and the decision whether a code is wanted at a place.

It must not know where a value came from, nor which rules exist.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from celeryleak_lint.model.findings import CONFIDENCES, Confidence

if TYPE_CHECKING:
    import pathspec

#: How a process runs a file: from top to bottom and ends, for weeks, or again for each event.
Profile = Literal["script", "long-running", "rerun"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

#: How a fix keeps what it builds: ``functools.cache``, the same behind a lock, or a dictionary.
Memoizer = Literal["cache", "locked", "module-dict"]
MEMOIZERS: tuple[Memoizer, ...] = get_args(Memoizer)

#: Keys whose tables describe libraries; the catalog reads and validates them.
CATALOG_KEYS = ("resource", "entry-point", "memo", "heavy", "vocabulary")


class Config(msgspec.Struct, frozen=True):
    """All settings of a run.

    ``select``, ``extend_select`` and ``ignore`` hold codes or prefixes of codes.
    ``per_file_ignores`` pairs a pattern with the codes ignored where it matches;
    ``exclude`` holds patterns of what is not part of the project. Patterns are those of a
    ``.gitignore`` file, seen from the folder of the configuration file. ``src`` lists
    source roots, seen from the same folder. ``anchor`` is the path from that folder to
    the project root (``""`` when they are the same, else without a final ``/``).
    ``hot`` and ``once`` name functions of the project that run often or once: a simple
    name, or a dotted one with its module. ``processes`` pairs a pattern with the profile of
    the processes that run the files it matches. ``baseline`` is the path of a baseline,
    as written. ``memoizer`` is the kind of cache that fixes add. ``tables`` are the user's additions to the catalog, as read from TOML.
    """

    select: tuple[str, ...] = ("CLK",)
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    confidence: Confidence = "likely"
    src: tuple[str, ...] = ()
    hot: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    processes: tuple[tuple[str, Profile], ...] = ()
    baseline: str = ""
    memoizer: Memoizer = "cache"
    tables: Mapping[str, object] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    anchor: str = ""

    def admits(self, code: str, path: str, confidence: Confidence = "certain") -> bool:
        """Whether a finding with this code and confidence is wanted at ``path``.

        ``path`` is relative to the project root, with ``/``; empty for a failure that
        belongs to no file, which no per-file setting can touch.
        """
        if CONFIDENCES.index(confidence) > CONFIDENCES.index(self.confidence):
            return False
        if not self.selects(code):
            return False
        return not (path and self._is_ignored_in(code, path))

    def selects(self, code: str) -> bool:
        """Whether ``code`` is switched on: the longer prefix wins, ``ignore`` wins a tie."""
        wanted = _longest_prefix(code, (*self.select, *self.extend_select))
        return wanted > _longest_prefix(code, self.ignore)

    def from_config_folder(self, path: str) -> str:
        """The path that the user's patterns see, given a path relative to the project root."""
        return f"{self.anchor}/{path}" if self.anchor else path

    def _is_ignored_in(self, code: str, path: str) -> bool:
        seen = self.from_config_folder(path)
        return any(
            code.startswith(codes) and _pattern(pattern).match_file(seen)
            for pattern, codes in self.per_file_ignores
        )


def _longest_prefix(code: str, prefixes: tuple[str, ...]) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=0)


@functools.lru_cache(maxsize=256)
def _pattern(pattern: str) -> pathspec.GitIgnoreSpec:
    import pathspec  # imported late: most projects have no per-file settings

    return pathspec.GitIgnoreSpec.from_lines([pattern])
