"""How places are shown: paths from where the user stands, and the source lines at them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.findings import Finding
from celeryleak_lint.suppressions import physical_lines


@dataclass(frozen=True, slots=True)
class View:
    """The user's view of a project.

    ``root`` and ``working_directory`` are absolute; ``read`` gives the bytes of a file
    relative to the root and may raise ``OSError``. ``applicable`` are the fixes that the
    user's options would apply.
    """

    root: str
    working_directory: str
    read: Callable[[str], bytes]
    applicable: frozenset[Applicability] = frozenset({"safe"})
    _lines: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def path(self, path: str) -> str:
        """A path relative to the project root, as seen from the working directory, with ``/``."""
        if not path:
            return ""
        full = os.path.join(self.root, path)
        try:
            shown = os.path.relpath(full, self.working_directory)
        except ValueError:  # another drive: there is no relative way
            shown = full
        return shown.replace(os.sep, "/")

    def mark(self, finding: Finding) -> str:
        """``[*] `` before the message of a finding that the user's options would fix."""
        fix = finding.fix
        return "[*] " if fix is not None and fix.applicability in self.applicable else ""

    def line(self, path: str, number: int) -> str:
        """Line ``number`` (from 1) without its line end; empty when it cannot be read any more."""
        if path not in self._lines:
            self._lines[path] = self._read_lines(path)
        lines = self._lines[path]
        return lines[number - 1].rstrip("\n") if 0 < number <= len(lines) else ""

    def _read_lines(self, path: str) -> tuple[str, ...]:
        try:
            return physical_lines(self.read(path))
        except OSError:
            return ()
