"""Makes folders of real Python code: several releases in one, samples, and any number of lines."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from releases import line_count, python_files


@dataclass(frozen=True, slots=True)
class Files:
    """A folder to measure on, how it is called in tables, and its lines."""

    folder: Path
    name: str
    lines: int


def together(trees: Iterable[Path], target: Path) -> Files:
    """The Python files of several releases, copied beside each other into `target`."""
    for tree in trees:
        for file in python_files(tree):
            _copied(file, target / file.relative_to(tree))
    files = python_files(target)
    return Files(target, "everything", line_count(files))


def sample(tree: Path, lines: int, seed: int, target: Path) -> Files:
    """Copy random files of `tree` to `target` until they hold at least `lines` lines."""
    files = python_files(tree)
    random.Random(seed).shuffle(files)
    count = size = 0
    for file in files:
        if size >= lines:
            break
        _copied(file, target / file.relative_to(tree))
        count += 1
        size += line_count([file])
    return Files(target, f"sample of {count} files", size)


def grown(tree: Path, lines: int, seed: int, target: Path) -> Files:
    """A project of about `lines` lines: folders of `tree` in random order, as many as it takes.

    When all are taken and it is not enough, copies follow. In a copy the top packages have
    other names, and so have all mentions of them, so that it is a project of its own.
    """
    names = "|".join(map(re.escape, top_packages(tree)))
    mention = re.compile(rb"\b(%s)\b" % names.encode())
    size = count = 0
    for file, copy in _folders_again_and_again(tree, seed):
        if size >= lines:
            break
        data = _written(file, file.relative_to(tree), copy, mention, target)
        size += data.count(b"\n")
        count += 1
    return Files(target, f"{count:,} files", size)


def top_packages(tree: Path) -> tuple[str, ...]:
    """The names at the top of a folder that imports can begin with."""
    found = {file.relative_to(tree).parts[0].removesuffix(".py") for file in python_files(tree)}
    return tuple(sorted(name for name in found if name.isidentifier()))


def _folders_again_and_again(tree: Path, seed: int) -> Iterator[tuple[Path, int]]:
    """Files with the number of the copy they are for, folder by folder; raises if there is none."""
    folders: dict[Path, list[Path]] = {}
    for file in python_files(tree):
        folders.setdefault(file.parent, []).append(file)
    if not folders:
        raise FileNotFoundError(f"no Python file in {tree}")
    order = sorted(folders)
    random.Random(seed).shuffle(order)
    copy = 0
    while True:
        for folder in order:
            yield from ((file, copy) for file in folders[folder])
        copy += 1


def _written(file: Path, inner: Path, copy: int, mention: re.Pattern[bytes], target: Path) -> bytes:
    """Write one file of a copy, and give what was written; copy 0 is as it was."""
    data = file.read_bytes()
    top, *rest = inner.parts
    if copy:
        data = mention.sub(rb"\1_%d" % copy, data)
        stem, dot, suffix = top.partition(".")
        top = f"{stem}_{copy}{dot}{suffix}"
    path = target.joinpath(top, *rest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return data


def _copied(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
