"""Writing what the user asked for: a file is whole, old or new, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import tempfile

from celeryleak_lint.system.settings import describe


def hindrance(path: str) -> str:
    """Why nothing can be written at ``path``; empty when nothing stands in the way."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        return "is a folder"
    if not os.path.isdir(folder):
        return f"there is no folder {folder!r}"
    target = path if os.path.exists(path) else folder
    return "" if os.access(target, os.W_OK) else "permission denied"


def write_whole(path: str, text: str) -> str:
    """Put ``text`` at ``path`` in one step; gives an empty text, or the reason why not.

    What is no regular file, such as a pipe, is written into; a link keeps pointing where it
    points. Access rights stay as they are.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
        else:
            replace_file(os.path.realpath(path), data)
    except OSError as error:
        return describe(error)
    return ""


def replace_file(path: str, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step, with the rights of the file there; raises ``OSError``."""
    descriptor, name = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".celeryleak-")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _rights(path))
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _rights(path: str) -> int:
    """The rights of the file that is replaced, or those of any new file."""
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
