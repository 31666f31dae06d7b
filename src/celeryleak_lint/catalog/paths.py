"""Tells whether a path is one that an entry of the catalog names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from os.path import normcase

import msgspec

#: Most lists of patterns that are kept compiled: there is one for each entry of the catalog.
_MOST = 256


def is_under(path: str, patterns: tuple[str, ...]) -> bool:
    """True when a path matches: ``cli/`` names a folder at any depth, ``*_cli.py`` a file, others the whole path."""
    return _compiled(patterns).match(normcase(path))


class _Patterns(msgspec.Struct, frozen=True):
    """What folders, files and whole paths have to be like; ``None`` where nothing is asked of them."""

    folder: re.Pattern[str] | None
    file: re.Pattern[str] | None
    whole: re.Pattern[str] | None

    def match(self, path: str) -> bool:
        *folders, file = path.split(os.sep)
        return (
            (self.folder is not None and any(map(self.folder.match, folders)))
            or (self.file is not None and self.file.match(file) is not None)
            or (self.whole is not None and self.whole.match(path) is not None)
        )


@lru_cache(maxsize=_MOST)
def _compiled(patterns: tuple[str, ...]) -> _Patterns:
    folders = [pattern[:-1] for pattern in patterns if pattern.endswith("/")]
    others = [pattern for pattern in patterns if not pattern.endswith("/")]
    return _Patterns(
        _any_of(folders),
        _any_of(pattern for pattern in others if "/" not in pattern),
        _any_of(pattern for pattern in others if "/" in pattern),
    )


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    joined = "|".join(translate(normcase(pattern)) for pattern in patterns)
    return re.compile(joined) if joined else None
