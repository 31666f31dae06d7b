"""CLK902: ``noqa`` comments that name codes of ours and excuse nothing.

Knows comments, lines and which codes exist; what was found where it learns from its caller.
Codes of other tools are none of its business.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from celeryleak_lint.config import Config
from celeryleak_lint.model.edits import Applicability, Edit, Fix
from celeryleak_lint.model.findings import Finding
from celeryleak_lint.model.fingerprint import fingerprint
from celeryleak_lint.model.run_codes import RUN_CODES, SUPPRESSION_UNUSED
from celeryleak_lint.model.source import Scope, Span
from celeryleak_lint.model.untokenizable import REFUSALS
from celeryleak_lint.rules import RULES
from celeryleak_lint.suppressions import (
    OURS,
    joined_lines,
    may_name_codes,
    physical_lines,
    read_suppressions,
)

#: Codes that anything in a file and on a line would raise, whether or not it is reported.
Raised = Mapping[tuple[str, int], Collection[str]]

_CODES = (*(rule.code for rule in RULES), *(entry.code for entry in RUN_CODES))

_NOQA = re.compile(r"# noqa:\s?(?P<codes>(?:[A-Z]+[0-9]+(?:[,\s]+)?)+)", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
_MARK = b"\xef\xbb\xbf"


class Excuse(msgspec.Struct, frozen=True):
    """One comment with codes. It covers the lines ``first`` to ``last`` and stands on ``line``.

    ``text`` is that line without its end; the comment begins at ``start`` in it, the codes
    take ``codes_from`` to ``codes_to``, counted from 0. ``shift`` is 1 where a byte-order
    mark counts as a column.
    """

    first: int
    last: int
    line: int
    text: str
    start: int
    codes_from: int
    codes_to: int
    shift: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes as written."""
        listed = self.text[self.codes_from : self.codes_to]
        return tuple(code for code in _SEPARATOR.split(listed) if code)

    @property
    def span(self) -> Span:
        """The place of the comment up to its last code."""
        end = self.codes_from + len(self.text[self.codes_from : self.codes_to].rstrip(", \t"))
        return Span(self.line, self.start + 1 + self.shift, self.line, end + 1 + self.shift)


class Idle(msgspec.Struct, frozen=True):
    """A comment with codes that excuse nothing: its place, these codes, and how to drop them."""

    span: Span
    codes: tuple[str, ...]
    fix: Fix


def unused_suppressions(
    scope: Scope, *, config: Config, read: Callable[[str], bytes], raised: Raised,
    unexcused: Collection[str],
) -> tuple[Finding, ...]:  # fmt: skip
    """A finding for each comment in the reported files that names codes of ours in vain.

    The files ``unexcused`` are known to have no comment with a code of ours. A code is
    judged only where the run has looked for it. Files that cannot be read, test code, and
    files that are switched off as a whole have no such comments.
    """
    if not config.selects(SUPPRESSION_UNUSED.code):
        return ()
    found: list[Finding] = []
    for file in scope.files:
        is_asked = scope.reported is None or file.path in scope.reported
        if file.is_test or not is_asked or file.path in unexcused:
            continue
        if not config.admits(SUPPRESSION_UNUSED.code, file.path):
            continue
        try:
            data = read(file.path)
        except OSError:
            continue

        def is_idle(excuse: Excuse, code: str, path: str = file.path) -> bool:
            return _is_judged(config, path, code) and not _excuses_any(raised, path, excuse, code)

        found += _findings(file.path, idle_excuses(file.path, data, is_idle))
    return tuple(found)


def idle_excuses(
    path: str, data: bytes, is_idle: Callable[[Excuse, str], bool]
) -> tuple[Idle, ...]:
    """The comments of a Python file that name codes of ours in vain.

    ``is_idle`` is asked for each code of ours whether it excuses nothing. Never fails,
    whatever the bytes are.
    """
    if not may_name_codes(data):
        return ()
    found = []
    for excuse in _excuses(data):
        codes = tuple(code for code in excuse.codes if _is_ours(code) and is_idle(excuse, code))
        if codes:
            found.append(Idle(excuse.span, codes, _removal(path, excuse, codes)))
    return tuple(found)


def _is_judged(config: Config, path: str, code: str) -> bool:
    """Whether the run has looked for every code that ``code`` is the beginning of."""
    return all(config.admits(known, path) for known in _CODES if known.startswith(code))


def _excuses_any(raised: Raised, path: str, excuse: Excuse, code: str) -> bool:
    lines = range(excuse.first, excuse.last + 1)
    return any(found.startswith(code) for line in lines for found in raised.get((path, line), ()))


def _findings(path: str, idle: tuple[Idle, ...]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for comment in idle:
        construct = f"noqa {' '.join(comment.codes)}"
        ordinal = seen[construct] = seen.get(construct, 0) + 1
        yield Finding(
            code=SUPPRESSION_UNUSED.code,
            rule=SUPPRESSION_UNUSED.slug,
            message=_message(comment.codes),
            path=path,
            span=comment.span,
            function="",
            resource="",
            effect=None,
            confidence="certain",
            trace=(),
            fix=comment.fix,
            no_fix=None,
            fingerprint=fingerprint(
                code=SUPPRESSION_UNUSED.code, path=path, function="",
                construct=construct, ordinal=ordinal,
            ),
            construct=construct,
        )  # fmt: skip


def _message(codes: tuple[str, ...]) -> str:
    unknown = [code for code in codes if not any(known.startswith(code) for known in _CODES)]
    if unknown:
        return (
            f"`noqa` names {', '.join(unknown)}, which is no code of celeryleak-lint "
            "(they are written in capitals): it switches off nothing; remove it"
        )
    return (
        f"`noqa` names {', '.join(codes)}, which nothing here would report: "
        "it would only hide a later finding; remove it"
    )


def _is_ours(code: str) -> bool:
    """Of our codes, what switches CLK902 itself off cannot be judged by it."""
    return code.upper().startswith(OURS) and not SUPPRESSION_UNUSED.code.startswith(code)


def _excuses(data: bytes) -> tuple[Excuse, ...]:
    if read_suppressions(data).whole_file:
        return ()
    lines = physical_lines(data)
    comments = _comments(lines)
    shift = 1 if data.startswith(_MARK) else 0
    found = (_excuse(lines, first, last, comments, shift) for first, last in joined_lines(lines))
    return tuple(excuse for excuse in found if excuse is not None)


def _excuse(
    lines: tuple[str, ...], first: int, last: int, comments: dict[int, int], shift: int
) -> Excuse | None:
    """The first ``noqa`` in a run of lines, if it stands in a comment and has codes.

    Only the first counts for flake8, wherever it stands, so no later one is looked at.
    """
    for number in range(first, last + 1):
        text = lines[number - 1].rstrip("\n")
        start = text.lower().find("# noqa")
        if start < 0:
            continue
        match = _NOQA.match(text, start)
        if match is None or comments.get(number, len(text)) > start:
            return None
        shifted = shift if number == 1 else 0
        return Excuse(first, last, number, text, start, *match.span("codes"), shift=shifted)
    return None


def _comments(lines: tuple[str, ...]) -> dict[int, int]:
    """The column (from 0) at which the comment of a line begins; empty for broken files."""
    try:
        tokens = tokenize.generate_tokens(io.StringIO("".join(lines)).readline)
        return {t.start[0]: t.start[1] for t in tokens if t.type == tokenize.COMMENT}
    except REFUSALS:
        return {}


def _removal(path: str, excuse: Excuse, codes: tuple[str, ...]) -> Fix:
    """Drop ``codes`` from the comment, and the comment with its last code."""
    kept = [code for code in excuse.codes if code not in codes]
    title = f"drop {', '.join(codes)} from the comment"
    if kept:
        listed = excuse.text[excuse.codes_from : excuse.codes_to]
        end = excuse.codes_from + len(listed.rstrip(", \t"))
        return Fix("safe", title, (_edit(path, excuse, excuse.codes_from, end, ", ".join(kept)),))
    rest = excuse.text[excuse.codes_to :].strip()
    # words behind the codes give the reason for them, and a following comment is somebody else's
    is_other = rest.startswith("#")
    end = excuse.codes_to if is_other else len(excuse.text)
    applicability: Applicability = "unsafe" if rest and not is_other else "safe"
    before = excuse.text[: excuse.start].rstrip()
    if not before and not is_other:
        edit = Edit(path, excuse.line, 1, excuse.line + 1, 1, "")
        return Fix(applicability, title, (edit,))
    start = excuse.start if is_other else len(before)
    return Fix(applicability, title, (_edit(path, excuse, start, end, ""),))


def _edit(path: str, excuse: Excuse, start: int, end: int, text: str) -> Edit:
    shift = 1 + excuse.shift
    return Edit(path, excuse.line, start + shift, excuse.line, end + shift, text)
