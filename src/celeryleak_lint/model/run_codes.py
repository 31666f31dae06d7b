"""Codes that no rule looks for: the run itself, its comments and its baseline."""

from __future__ import annotations

import msgspec


class RunCode(msgspec.Struct, frozen=True):
    """A code with its slug and the one line for tables; ``since`` is the release that brought it."""

    code: str
    slug: str
    summary: str
    since: str


FILE_NOT_READ = RunCode(
    "CLK901", "file-not-read", "a file that cannot be decoded or parsed", "0.1.0"
)
SUPPRESSION_UNUSED = RunCode(
    "CLK902", "suppression-unused", "a `noqa` of ours that switches off nothing", "0.1.0"
)
BASELINE_STALE = RunCode(
    "CLK903", "baseline-stale", "a baseline entry that matches nothing any more", "0.1.0"
)

RUN_CODES = (FILE_NOT_READ, SUPPRESSION_UNUSED, BASELINE_STALE)
