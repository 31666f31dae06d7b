"""Projects in memory, fixed as `--fix --unsafe-fixes` fixes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from celeryleak_lint.model.findings import Confidence, Finding
from tests.pages.analysis import mend


@dataclass(frozen=True)
class Mended:
    """What came of fixing some files."""

    files: Mapping[str, bytes]
    fixed: tuple[Finding, ...]
    left: tuple[Finding, ...]

    @property
    def text(self) -> str:
        """The text of `main.py`."""
        return self.files["main.py"].decode("utf-8")

    @property
    def reasons(self) -> list[str]:
        """Why what is left was not fixed."""
        return [finding.no_fix or "" for finding in self.left]


def mended(
    source: str | bytes | Mapping[str, str],
    *,
    confidence: Confidence | None = None,
    options: str = "",
) -> Mended:
    """Fix `main.py`, or files by path; whatever else goes wrong fails the test."""
    texts = source if isinstance(source, Mapping) else {"main.py": source}
    files = {p: t.encode("utf-8") if isinstance(t, str) else t for p, t in texts.items()}
    done = mend(files, options=options, confidence=confidence)
    assert done.problems == ()
    assert done.report.failures == ()
    result = {**files, **done.texts}
    assert mend(result, options=options, confidence=confidence).texts == {}, (
        "a second run changes it again"
    )
    return Mended(result, done.fixed, done.report.findings)
