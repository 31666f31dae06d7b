"""Checks what fixes make of one case: the text that its page shows, and what must hold of any.

Knows cases and what a repair gives back; the repair itself is handed in, as the analysis is
to the runner. Problems are sentences, all of them at once.
"""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from celeryleak_lint.model.findings import Confidence, Finding, Report
from celeryleak_lint.repair import Repaired
from tests.pages.page import Case
from tests.pages.runner import Analyse

Texts = dict[str, bytes]


class Mend(Protocol):
    """Fix files given by path as far as fixes go; `options` is the text of a ``toml`` block."""

    def __call__(
        self, files: Mapping[str, bytes], *, options: str, confidence: Confidence | None
    ) -> Repaired: ...


def mending_problems(case: Case, analyse: Analyse, mend: Mend) -> list[str]:
    """Everything that is wrong with the fixes of a case, at both confidences."""
    files = {path: text.encode("utf-8") for path, text in case.unmarked().items()}
    found: list[str] = []
    for what, confidence in _CONFIDENCES:
        before = analyse(case.unmarked(), options=case.options, confidence=confidence)
        problems, result = _tried(files, before, case.options, confidence, mend)
        found += [f"fixes, {what}: {problem}" for problem in problems]
        if confidence is None and (case.fixed or case.refused):
            found += _differences(case, result)
    return found


_CONFIDENCES: tuple[tuple[str, Confidence | None], ...] = (
    ("default confidence", None),
    ("confidence possible", "possible"),
)


def _tried(
    files: Texts, before: Report, options: str, confidence: Confidence | None, mend: Mend
) -> tuple[list[str], Texts]:
    """What is wrong, and the files as they are in the end."""
    first = mend(files, options=options, confidence=confidence)
    result = {**files, **first.texts}
    found = [problem.message for problem in first.problems]
    found += [f"{each.path}:{each.line}: {each.message}" for each in first.report.failures]
    found += list(_unparsable(first.texts))
    found += list(_unexplained(first.report.findings))
    if not first.texts:
        return found, result
    again = mend(result, options=options, confidence=confidence)
    found += [f"{path}: a second run changes it again" for path in again.texts]
    allowed = _counted(before.findings) - _counted(first.fixed)
    weaker = {each.path for each in first.fixed if each.confidence != "possible"}
    judged = [
        f
        for f in again.report.findings
        if (f.confidence != "possible" or f.path not in weaker)
        and not _is_revealed(f, files, result, first.fixed)
    ]
    left = _counted(judged) - allowed
    found += [f"{path}: a new or a remaining {code}" for code, path in left]
    return found, result


def _is_revealed(finding: Finding, files: Texts, result: Texts, fixed: Iterable[Finding]) -> bool:
    """True on a line that no fix wrote: one finding spoke for others, and now they speak up."""
    text = _line(result, finding)
    mended = {_line(files, each) for each in fixed if each.path == finding.path}
    return text in files[finding.path].splitlines() and text not in mended


def _line(files: Texts, finding: Finding) -> bytes:
    return files[finding.path].splitlines()[finding.span.line - 1]


def _unparsable(texts: Mapping[str, bytes]) -> Iterator[str]:
    for path, text in texts.items():
        problem = _syntax_problem(text)
        if problem:
            yield f"{path}:{problem}"


def _syntax_problem(text: bytes) -> str:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return f"{error.lineno}: does not parse any more: {error.msg}"
    return ""


def _unexplained(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        if finding.fix is None and not finding.no_fix:
            yield f"{finding.path}:{finding.span.line}: {finding.code} has neither fix nor reason"


def _counted(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    return Counter((finding.code, finding.path) for finding in findings)


def _differences(case: Case, result: Texts) -> Iterator[str]:
    """Where the fixed files differ from what the page shows; a file not shown stays as it was."""
    expected = {**case.unmarked(), **{file.path: file.text for file in case.fixed}}
    for path, text in expected.items():
        lines = text.splitlines(), result[path].decode("utf-8").splitlines()
        if lines[0] != lines[1]:
            yield "\n".join(
                difflib.unified_diff(*lines, f"shown {path}", f"fixed {path}", lineterm="")
            )
