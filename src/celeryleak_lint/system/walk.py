"""Listing the Python files of a tree, without leaving it and without ever failing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from celeryleak_lint.deploy.kinds import is_shell, kind_of
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.system.exclude import Exclusion
from celeryleak_lint.system.root import is_inside
from celeryleak_lint.system.settings import describe

#: Stubs are not listed: they say nothing about what runs.
SUFFIXES = (".py", ".pyw")
STUB_SUFFIX = ".pyi"


class Listing(msgspec.Struct, frozen=True):
    """What a walk met: files and folders relative to the root, and what could not be listed.

    ``markers`` are the folders that hold a file which marks the top of a project; ``deploy``
    are the files that may start workers or lock releases, by their names.
    """

    files: tuple[str, ...]
    markers: frozenset[str]
    failures: tuple[Failure, ...]
    deploy: tuple[str, ...] = ()


#: Files that mark the top of a (perhaps nested) project, its own imports' home by default.
PROJECT_MARKERS = frozenset(
    {"pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO", "manage.py", "celeryleak-lint.toml"}
)


@dataclass(slots=True)
class _Walk:
    root: str
    files: list[str]
    markers: set[str]
    failures: list[Failure]
    deploy: list[str] = field(default_factory=list)

    def visit(self, start: str, exclusion: Exclusion) -> None:
        """List everything below the folder ``start``, deepest folder last, without recursion."""
        pending = [(start, exclusion)]
        while pending:
            folder, outer = pending.pop()
            inner = outer.below(self.root, folder)
            for entry, path in self._entries(folder):
                kind = self._kind(entry)
                if kind == "folder" and not inner.leaves_out(path, is_folder=True):
                    pending.append((path, inner))
                elif kind == "file":
                    self._meet_file(entry.name, folder, path, inner)

    def _entries(self, folder: str) -> Iterator[tuple[os.DirEntry[str], str]]:
        try:
            with os.scandir(os.path.join(self.root, folder)) as entries:
                for entry in entries:
                    yield entry, f"{folder}/{entry.name}" if folder else entry.name
        except OSError as error:
            message = f"cannot list this folder: {describe(error)}; nothing in it was checked"
            self.failures.append(Failure(folder or ".", 1, 1, message))

    def _kind(self, entry: os.DirEntry[str]) -> str:
        """``folder``, ``file`` or ``other``; a link counts when it stays inside and is a file."""
        try:
            if entry.is_dir(follow_symlinks=False):
                return "folder"
            if not entry.is_file():
                return "other"
            if entry.is_symlink() and not is_inside(os.path.realpath(entry.path), self.root):
                return "other"
        except OSError:
            return "other"
        return "file"

    def _meet_file(self, name: str, folder: str, path: str, exclusion: Exclusion) -> None:
        if name in PROJECT_MARKERS:
            self.markers.add(folder)
        if name.endswith(SUFFIXES):
            if not exclusion.leaves_out(path, is_folder=False):
                self.add_file(path)
        elif kind_of(path) is not None and is_text(path):
            if not exclusion.leaves_out(path, is_folder=False):
                self.deploy.append(path)

    def add_file(self, path: str) -> None:
        """Take a file in, unless its name is no text at all."""
        if is_text(path):
            self.files.append(path)
            return
        shown = shown_name(path)
        message = "the file's name is not valid UTF-8, so it was not checked; rename it"
        self.failures.append(Failure(shown, 1, 1, message))


def list_files(root: str, given: Iterable[str], exclusion: Exclusion) -> Listing:
    """List the project: everything below ``root`` that is not excluded, and what was ``given``.

    ``given`` are existing paths relative to the root (``""`` for the root itself). A file or
    folder that the user names is taken in even where an exclusion would leave it out.
    """
    walk = _Walk(root, [], set(), [])
    walk.visit("", exclusion)
    known = set(walk.files)
    for path in given:
        if os.path.isdir(os.path.join(root, path)):
            if path and not _is_reached(path, root, exclusion):
                walk.visit(path, exclusion)
        elif not path.endswith(SUFFIXES) and _is_deploy(root, path):
            walk.deploy.append(path)
        elif path not in known and not path.endswith(STUB_SUFFIX):
            walk.add_file(path)
    return Listing(
        tuple(sorted(set(walk.files))),
        frozenset(walk.markers),
        tuple(walk.failures),
        tuple(sorted(set(walk.deploy))),
    )


def _is_deploy(root: str, path: str) -> bool:
    """Whether a file that the user names is a deploy file; one without a suffix may be Python."""
    kind = kind_of(path)
    if kind != "script":
        return kind is not None
    try:
        with open(os.path.join(root, path), "rb") as file:
            return is_shell(file.readline(128))
    except OSError:
        return False


def leaves_out(root: str, path: str, exclusion: Exclusion, *, is_folder: bool) -> bool:
    """Whether an exclusion holds for ``path`` or for a folder above it, up to the root."""
    parts = path.split("/")
    inner = exclusion
    for depth in range(1, len(parts) + 1):
        inner = inner.below(root, "/".join(parts[: depth - 1]))
        is_last = depth == len(parts)
        if inner.leaves_out("/".join(parts[:depth]), is_folder=is_folder or not is_last):
            return True
    return False


def is_text(path: str) -> bool:
    """Whether a file name survives a round trip through UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown_name(path: str) -> str:
    """A path as it can be printed: bytes of its name that are no text are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_reached(path: str, root: str, exclusion: Exclusion) -> bool:
    """Whether the walk from the root has listed this folder already."""
    return not leaves_out(root, path, exclusion, is_folder=True) and not _crosses_link(root, path)


def _crosses_link(root: str, path: str) -> bool:
    parts = path.split("/")
    return any(
        os.path.islink(os.path.join(root, *parts[:depth])) for depth in range(1, len(parts) + 1)
    )
