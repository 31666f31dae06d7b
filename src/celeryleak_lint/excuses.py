"""``noqa`` comments that name one of our codes, and which of them excuse nothing.

Knows comments and lines. What was looked for and found it learns from its caller; it must
not know rules, and codes of other tools are none of its business.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass

from celeryleak_lint.model.edits import Applicability, Edit, Fix
from celeryleak_lint.model.source import Span
from celeryleak_lint.suppressions import joined_lines, physical_lines, read_suppressions

PREFIX = "CLK"
#: Names itself when it is switched off, so nobody can ask whether it is used.
OWN_CODE = "CLK902"

_NOQA = re.compile(r"# noqa:\s?(?P<codes>(?:[A-Z]+[0-9]+(?:[,\s]+)?)+)", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Excuse:
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
        return Span(
            self.line, self.start + 1 + self.shift, self.line, end + 1 + self.shift
        )


@dataclass(frozen=True, slots=True)
class Idle:
    """A comment with codes that excuse nothing: its place, these codes, and how to drop them."""

    span: Span
    codes: tuple[str, ...]
    fix: Fix


def idle_excuses(path: str, data: bytes, is_idle: Callable[[Excuse, str], bool]) -> tuple[Idle, ...]:
    """The comments of a Python file that name codes of ours in vain.

    ``is_idle`` is asked for each code of ours whether it excuses nothing. Never fails,
    whatever the bytes are; a file that is switched off as a whole has no such comment.
    """
    lowered = data.lower()
    if b"noqa" not in lowered or PREFIX.lower().encode() not in lowered:
        return ()
    found = []
    for excuse in _excuses(data):
        codes = tuple(code for code in excuse.codes if _is_ours(code) and is_idle(excuse, code))
        if codes:
            found.append(Idle(excuse.span, codes, _removal(path, excuse, codes)))
    return tuple(found)


def _is_ours(code: str) -> bool:
    return code.upper().startswith(PREFIX) and not OWN_CODE.startswith(code)


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
    except (tokenize.TokenError, SyntaxError):
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
