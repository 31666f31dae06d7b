"""Where a project begins: the folder that all names and patterns are seen from.

It looks at names of files only, and, to recognise our configuration, into TOML files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from celeryleak_lint.system.settings import find_settings

#: A folder that holds one of these is the top of a project.
MARKERS = ("pyproject.toml", "setup.cfg", ".git")


def project_root(paths: Sequence[str], *, working_directory: str) -> str:
    """The absolute project root for the given absolute paths, of which there is at least one.

    It is the nearest folder upwards that holds all paths and our configuration or one of
    ``MARKERS``; folders above the working directory count only when our configuration is in
    them. Without any, it is the folder given, or the common folder of all paths given.
    """
    common = os.path.commonpath([_folder_of(path) for path in paths])
    for folder in folders_upwards(common):
        if find_settings(folder) is not None:
            return folder
        is_above = is_inside(working_directory, folder) and folder != working_directory
        if not is_above and any(os.path.exists(os.path.join(folder, name)) for name in MARKERS):
            return folder
    return common


def folders_upwards(path: str) -> Iterator[str]:
    """The folder of an absolute path, then every folder above it."""
    folder = _folder_of(path)
    yield folder
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        yield folder


def is_inside(path: str, folder: str) -> bool:
    """Whether an absolute path is the folder itself or lies under it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _folder_of(path: str) -> str:
    return path if os.path.isdir(path) else os.path.dirname(path)
