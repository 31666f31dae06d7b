"""A glance at the import statements near the top of files: enough to vote on module names.

This is a scan of bytes, not a parse: a wrong guess costs one vote, and broken files vote too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator

#: How much of a file is looked at; imports come first.
HEAD_BYTES = 16_384

#: ``folder`` of the importing file to the absolute dotted names that are imported in it.
Imports = dict[str, set[str]]

_STATEMENT = re.compile(
    # the line break in front lets the search jump from line to line
    rb"\n[ \t]*(?:from[ \t]+(?P<module>[A-Za-z_][\w.]*)[ \t]+import[ \t]+"
    rb"(?:\((?P<many>[^)]*)|(?P<few>[^\n#;(]+))|import[ \t]+(?P<plain>[A-Za-z_][\w., \t]*))"
)
_COMMENT = re.compile(rb"#[^\n]*")
_NAME = re.compile(rb"[A-Za-z_]\w*")


def scan_imports(files: Iterable[str], imports_of: Callable[[str], Iterable[str]]) -> Imports:
    """The absolute imports of each folder's files, without those of the standard library.

    ``imports_of`` gives the imports of one file, as ``imported_names`` finds them.
    """
    found: Imports = {}
    for path in files:
        found.setdefault(path.rpartition("/")[0], set()).update(imports_of(path))
    return found


def imported_names(data: bytes) -> Iterator[str]:
    """The dotted names that the beginning of a file imports, some of them more than once."""
    for match in _STATEMENT.finditer(b"\n" + data[:HEAD_BYTES]):
        if match["module"] is None:
            for clause in match["plain"].decode("ascii", "ignore").split(","):
                dotted = clause.strip().partition(" ")[0]
                if _is_candidate(dotted):
                    yield dotted
            continue
        module = match["module"].decode("ascii", "ignore")
        if _is_candidate(module):
            yield from _members(module, match["many"] or match["few"] or b"")


def mentions(path: str, name: str) -> bool:
    """Whether the beginning of a file contains ``name`` as a whole word."""
    return re.search(rb"\b" + re.escape(name.encode()) + rb"\b", _head(path)) is not None


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def _members(module: str, clause: bytes) -> Iterator[str]:
    """``module.name`` for each name that a ``from`` import takes out of a module."""
    names = 0
    for item in _COMMENT.sub(b"", clause).split(b","):
        name = _NAME.search(item)
        if name is not None:
            names += 1
            yield f"{module}.{name[0].decode()}"
    if not names:
        yield module


def _is_candidate(dotted: str) -> bool:
    top = dotted.partition(".")[0]
    return bool(top) and top not in sys.stdlib_module_names
