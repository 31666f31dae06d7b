"""Reading source files: the one way in which bytes come off the disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType

from celeryleak_lint.model.findings import Failure
from celeryleak_lint.system.settings import describe

#: Nobody writes a source file of this size; reading it would only cost memory.
MAX_BYTES = 16 * 1024 * 1024

_NOTHING: Mapping[str, bytes] = MappingProxyType({})


def reader(root: str, overlay: Mapping[str, bytes] = _NOTHING) -> Callable[[str], bytes]:
    """A function from a path relative to ``root`` to the file's bytes.

    It raises ``OSError`` for what cannot be read, and for files above ``MAX_BYTES``.
    """

    def read(path: str) -> bytes:
        if path in overlay:
            return overlay[path]
        with open(os.path.join(root, path), "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise OSError(errno.EFBIG, f"larger than {MAX_BYTES // 1024**2} MiB")
        return data

    return read


def unread(path: str, error: OSError) -> Failure:
    """The failure that stands for a file which could not be read."""
    return Failure(path, 1, 1, f"cannot be read: {describe(error)}; the file was not checked")
