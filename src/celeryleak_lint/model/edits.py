"""What a fix is: edits as data, never live tree nodes."""

from __future__ import annotations

from typing import Literal

import msgspec

Applicability = Literal["safe", "unsafe", "display"]


class Edit(msgspec.Struct, frozen=True):
    """Replace a range of one file by ``text``; lines and columns count from 1, in code points."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A change that removes a finding: how far it may be trusted, its title, and its edits.

    ``defines`` are names that it adds to the module: two fixes with one of them clash.
    """

    applicability: Applicability
    title: str
    edits: tuple[Edit, ...]
    defines: tuple[str, ...] = ()
