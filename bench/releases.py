"""Fetches pinned releases from the package index and unpacks them, once.

Knows the cache's layout (`PROJECT-VERSION/tree`, a `done` file beside it); knows nothing
about checking, and neither runs nor installs what it fetches.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

DEFAULT_CACHE = Path.home() / ".cache" / "celeryleak-leakbench"
ARCHIVES = (".whl", ".zip", ".gz", ".bz2")


class FetchError(Exception):
    """A release that could not be had; the text says which one and why."""


def unpacked(
    project: str, version: str, cache: Path = DEFAULT_CACHE, *, source: bool = False
) -> Path:
    """The folder with one release, from its wheel where there is one.

    With `source` it is from the source archive, which may hold tests. Raises `FetchError`.
    """
    home = cache / (f"{project}-{version}-source" if source else f"{project}-{version}")
    tree, mark = home / "tree", home / "done"
    if mark.exists():
        return tree
    home.mkdir(parents=True, exist_ok=True)
    _download(project, version, home, ("--no-binary", ":all:") if source else ())
    archives = [path for path in home.iterdir() if path.suffix in ARCHIVES and path.is_file()]
    if len(archives) != 1:
        raise FetchError(f"{project} {version}: {len(archives)} archives in {home}, expected 1")
    _extract(archives[0], tree)
    mark.touch()
    return tree


def _download(project: str, version: str, home: Path, options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
         "--ignore-requires-python", *options, "--dest", str(home), f"{project}=={version}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        raise FetchError(f"{project} {version}: {last[0]}")


def _extract(archive: Path, tree: Path) -> None:
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(tree)
        return
    with tarfile.open(archive) as tarred:
        tarred.extractall(tree, filter="data")


def python_files(tree: Path) -> list[Path]:
    """All Python files under `tree`, sorted."""
    return sorted(path for path in tree.rglob("*.py") if path.is_file())


def line_count(files: list[Path]) -> int:
    """Line breaks in `files`, comments and blank lines included."""
    return sum(path.read_bytes().count(b"\n") for path in files)


def pinned(text: str) -> tuple[str, str]:
    """`("celery", "5.4.0")` from `celery==5.4.0`; raises `ValueError` for anything else."""
    project, separator, version = text.partition("==")
    if not (project and separator and version):
        raise ValueError(f"`{text}` is no pinned release: expected NAME==VERSION")
    return project, version
