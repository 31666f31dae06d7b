"""Writing fixed source files: each is whole, old or new, and nobody's change is overwritten."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from celeryleak_lint.system.output import replace_file
from celeryleak_lint.system.root import is_inside
from celeryleak_lint.system.settings import describe


def write_source(root: str, path: str, *, old: bytes, new: bytes) -> str:
    """Replace the file ``path`` below ``root``, whose content was ``old``, by ``new``.

    Gives an empty text, or why the file was left as it is: it changed meanwhile, it cannot be
    written, or it lies outside the project, behind a link.
    """
    full = os.path.realpath(os.path.join(root, path))
    if not is_inside(full, os.path.realpath(root)):
        return "is a link that leads out of the project"
    try:
        if not stat.S_ISREG(os.stat(full).st_mode):
            return "is no regular file any more"
        with open(full, "rb") as file:
            current = file.read()
        if current != old:
            return "was changed by somebody else while it was checked; run the fix again"
        if not os.access(full, os.W_OK):
            return "is read-only"
        replace_file(full, new)
    except OSError as error:
        return describe(error)
    return ""


def links_out_of(folder: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Where those of ``paths`` lead that lie in ``folder`` by name and are elsewhere by a link."""
    found = []
    for path in paths:
        written = os.path.normpath(os.path.join(folder, path))
        target = os.path.realpath(written)
        if is_inside(written, folder) and not is_inside(target, folder):
            found.append(target)
    return tuple(found)
