"""Puts its fix on each finding of a run, or the reason why there is none; each file is laid out once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from celeryleak_lint.fixes.build import fix_for
from celeryleak_lint.fixes.place import Place, Style
from celeryleak_lint.fixes.sheet import Refusal, Sheet, open_sheet
from celeryleak_lint.model.edits import Fix
from celeryleak_lint.model.findings import Failure, Finding, Suspect


@dataclass(slots=True)
class Offers:
    """The fixes of one run. ``read`` gives the bytes of a file; bugs are added to ``failures``."""

    style: Style
    read: Callable[[str], bytes]
    failures: list[Failure]
    _sheets: dict[str, Sheet | Refusal] = field(default_factory=dict)

    def on(self, finding: Finding, suspect: Suspect) -> Finding:
        """The finding with the fix that the remedies of its suspect allow."""
        if not suspect.remedies:
            return finding
        place = Place(suspect.path, suspect.spot, finding.span)
        try:
            outcome = fix_for(suspect.remedies, place, self._sheet, self.style)
        except Exception as error:  # noqa: BLE001  a bug in a fix must not hide its finding
            self.failures.append(_broken(finding, error))
            return finding
        if isinstance(outcome, Fix):
            return replace(finding, fix=outcome, no_fix=None)
        return replace(finding, no_fix=outcome.reason)

    def _sheet(self, path: str) -> Sheet | Refusal:
        if path not in self._sheets:
            self._sheets[path] = open_sheet(path, self.read(path))
        return self._sheets[path]


def _broken(finding: Finding, error: Exception) -> Failure:
    said = (str(error) or type(error).__name__).splitlines()[0]
    message = f"internal error in the fix of {finding.code}: {type(error).__name__}: {said}"
    return Failure(finding.path, finding.span.line, 1, f"{message}; please report it")
