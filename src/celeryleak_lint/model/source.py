"""Where source text comes from: the project's scope, its files, and places inside them."""

from __future__ import annotations

from typing import Literal

import msgspec


class SourceFile(msgspec.Struct, frozen=True):
    """One Python file of the project.

    ``path`` is relative to the project root with ``/``; ``module`` is the dotted name that
    the project's own imports use for it, seen from its source root; ``is_package`` is true
    for ``__init__.py``; ``is_test`` is decided by path alone, never by a function's name.
    """

    path: str
    module: str
    is_package: bool
    is_test: bool = False


class Scope(msgspec.Struct, frozen=True):
    """What a run knows about the project: the same through every door.

    ``root`` is the absolute project root. ``source_roots`` are folders relative to it
    (``""`` for the root itself). ``files`` are all indexed files, sorted by path.
    ``reported`` holds the paths whose findings are wanted (relative to ``root``), or
    ``None`` when everything indexed is reported. ``deploy`` are the deploy and lock files
    under the root, sorted.
    """

    root: str
    source_roots: tuple[str, ...]
    files: tuple[SourceFile, ...]
    reported: frozenset[str] | None = None
    deploy: tuple[str, ...] = ()


class Span(msgspec.Struct, frozen=True):
    """A range in a file; lines and columns count from 1, columns in code points."""

    line: int
    column: int
    end_line: int
    end_column: int


SpotKind = Literal["call", "decorator", "def", "class", "statement", "text"]


class Spot(msgspec.Struct, frozen=True):
    """The address of a suspect, good in both syntax trees.

    Never a column: ``ast`` counts UTF-8 bytes and libcst counts code points. A spot is the
    construct of kind ``kind`` in ``function`` (qualified name inside the module, ``""`` for
    module level) that starts on ``line``, whose last name as written is ``name`` (``Celery``
    for ``celery.Celery(...)``; for ``"statement"`` the empty string). ``ordinal`` counts
    the constructs of the same kind, line and name from the left, starting at 0. For
    ``"call"`` the line is the first line of the whole call expression. A ``"text"`` is a
    place that needs no finder: its suspect brings the span, and ``name`` is what stands there.
    """

    kind: SpotKind
    function: str
    line: int
    name: str
    ordinal: int = 0
