"""Which folders and files are not part of the project.

Knows the folders that tools create, the user's patterns and ``.gitignore`` files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

#: Folders that hold other people's code, or copies of the project's own.
DEFAULT_FOLDERS = frozenset(
    {
        ".bzr", ".cache", ".celeryleak_cache", ".direnv", ".eggs", ".git", ".hg", ".hypothesis",
        ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d", ".pyenv", ".pytest_cache",
        ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", ".idea", "CVS", "__pycache__",
        "__pypackages__", "build", "buck-out", "dist", "node_modules", "site-packages", "venv",
    }
)  # fmt: skip
DEFAULT_SUFFIXES = (".egg-info", ".dist-info", ".egg")
IGNORE_FILE = ".gitignore"


class _Ignores(msgspec.Struct, frozen=True):
    """The patterns of one ``.gitignore`` and the folder they are seen from (with final ``/``)."""

    folder: str
    spec: GitIgnoreSpec


class Exclusion(msgspec.Struct, frozen=True):
    """What is left out below one folder of the tree.

    ``patterns`` are the user's, seen from the configuration's folder, which lies ``anchor``
    above the root; ``ignores`` are the ``.gitignore`` files from the root down to here.
    """

    patterns: GitIgnoreSpec | None
    anchor: str
    ignores: tuple[_Ignores, ...] = ()

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether the entry at ``path`` (relative to the root) is not part of the project."""
        if is_folder and is_left_out_by_default(path):
            return True
        shown = path + "/" if is_folder else path
        if self.patterns is not None:
            seen = f"{self.anchor}/{shown}" if self.anchor else shown
            if self.patterns.match_file(seen):
                return True
        return bool(self.ignores) and self._is_ignored(shown)

    def below(self, root: str, folder: str) -> Exclusion:
        """The exclusion that holds inside ``folder``, which may bring its own ignore file."""
        spec = _read_ignore_file(os.path.join(root, folder, IGNORE_FILE))
        if spec is None:
            return self
        prefix = f"{folder}/" if folder else ""
        return Exclusion(self.patterns, self.anchor, (*self.ignores, _Ignores(prefix, spec)))

    def _is_ignored(self, shown: str) -> bool:
        """The innermost ignore file with an opinion decides, as git does."""
        for ignores in reversed(self.ignores):
            verdict = ignores.spec.check_file(shown[len(ignores.folder) :]).include
            if verdict is not None:
                return verdict
        return False


def is_left_out_by_default(folder: str) -> bool:
    """Whether a folder's name says that it holds no source of this project."""
    name = folder.rpartition("/")[2]
    return name in DEFAULT_FOLDERS or name.endswith(DEFAULT_SUFFIXES)


def exclusion(patterns: Sequence[str], *, anchor: str) -> Exclusion:
    """What the user's patterns and the defaults leave out, before any ignore file is read."""
    if not patterns:
        return Exclusion(None, anchor)
    from pathspec import GitIgnoreSpec  # imported late: it is needed for patterns only

    return Exclusion(GitIgnoreSpec.from_lines(patterns), anchor)


def _read_ignore_file(path: str) -> GitIgnoreSpec | None:
    if not os.path.isfile(path):  # a pipe of that name would never end
        return None
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    from pathspec import GitIgnoreSpec  # imported late, as above

    kept = [line for line in lines if _is_usable(line, GitIgnoreSpec)]
    return GitIgnoreSpec.from_lines(kept) if kept else None


def _is_usable(line: str, spec: type[GitIgnoreSpec]) -> bool:
    """Git passes over patterns that it cannot read, so they must not stop us either."""
    if not line.strip() or line.startswith("#"):
        return False
    try:
        spec.from_lines([line])
    except ValueError:
        return False
    return True
