"""Applies edits to the bytes of a file; what no edit covers stays as it is, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from celeryleak_lint.cst.decoding import Undecodable, decode
from celeryleak_lint.fixes.sheet import Refusal
from celeryleak_lint.model.edits import Edit, Fix

_Place = tuple[int, int]


def compatible(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """The fixes, in order, of which no two change the same place; a fix is taken whole or not at all.

    Two fixes may share an edit, such as an import that both need.
    """
    taken: list[Fix] = []
    edits: set[Edit] = set()
    defined: set[tuple[str, str]] = set()
    for fix in fixes:
        names = {(edit.path, name) for edit in fix.edits for name in fix.defines}
        if names & defined:
            continue
        new = [edit for edit in fix.edits if edit not in edits]
        if any(_touch(edit, other) for edit in new for other in edits if other.path == edit.path):
            continue
        taken.append(fix)
        defined |= names
        edits.update(new)
    return tuple(taken)


def _touch(one: Edit, other: Edit) -> bool:
    """True when two ranges share a character or meet where one of them inserts."""
    start, end = _start(one), _end(one)
    other_start, other_end = _start(other), _end(other)
    if start == end or other_start == other_end:
        return start <= other_end and other_start <= end
    return start < other_end and other_start < end


def _start(edit: Edit) -> _Place:
    return edit.line, edit.column


def _end(edit: Edit) -> _Place:
    return edit.end_line, edit.end_column


def apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes | Refusal:
    """The bytes of one file after ``edits``, whose new text takes the file's line ends and encoding.

    Edits that insert at one place keep their order.
    """
    source = decode(data)
    if isinstance(source, Undecodable):
        return Refusal(source.reason)
    lines = _physical(data)
    newline = _newline(lines)
    pieces: list[bytes] = []
    done = 0
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for edit in sorted(dict.fromkeys(edits), key=_start):
        try:
            start = _offset(lines, starts, _start(edit), source.encoding)
            end = _offset(lines, starts, _end(edit), source.encoding)
            text = edit.text.replace("\n", newline).encode(source.encoding)
        except UnicodeError:
            return Refusal(f"the encoding of the file, {source.encoding}, cannot hold the change")
        if start < done or end < start:
            return Refusal("two changes overlap")
        pieces += (data[done:start], text)
        if edit.line > len(lines) and lines and not lines[-1].endswith((b"\n", b"\r")):
            pieces.insert(-1, newline.encode(source.encoding))
        done = end
    return b"".join((*pieces, data[done:]))


def _physical(data: bytes) -> list[bytes]:
    """The lines with their ends; only line feeds and carriage returns end one."""
    return data.splitlines(keepends=True)


def _newline(lines: Sequence[bytes]) -> str:
    """The line end that most lines have."""
    ends = {"\r\n": 0, "\n": 0, "\r": 0}
    for line in lines:
        for end in ends:
            if line.endswith(end.encode()):
                ends[end] += 1
                break
    return max(ends, key=lambda end: (ends[end], end == "\n"))


def _offset(lines: Sequence[bytes], starts: Sequence[int], place: _Place, encoding: str) -> int:
    """The byte at a line and column (from 1, code points); a mark before the first line is a column."""
    line, column = place
    if line > len(lines):
        return starts[-1]
    written = lines[line - 1]
    if written.isascii():
        return starts[line - 1] + min(column - 1, len(written))
    head = written.decode(encoding)[: column - 1]
    return starts[line - 1] + len(head.encode(encoding))
