"""The strategy for memos without a bound: the decorator gets a size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from celeryleak_lint.fixes.exchanged import exchanged
from celeryleak_lint.fixes.place import Place
from celeryleak_lint.fixes.sheet import Refusal, Sheet, Sheets, passage_at
from celeryleak_lint.model.edits import Edit, Fix
from celeryleak_lint.model.remedies import MemoBound

#: Entries that a memo keeps: many for one process, few for its memory.
SIZE = 1024

_JOB = "celeryleak_lint.fixes.memo_bound:size_argument"
_ON_SIZE = re.compile(r"bound|size|memo|cache|entries|few", re.IGNORECASE)
_BARE = re.compile(r"(?P<name>(?:\w+\.)?cache)(?:\(\s*\))?$")


def memo_bound(remedy: MemoBound, place: Place, sheets: Sheets) -> Fix | Refusal:
    """``cache`` becomes ``lru_cache(maxsize=...)``; a ``None`` becomes the size, all else stays."""
    passage = passage_at(sheets, place.path, remedy.line)
    if isinstance(passage, Refusal):
        return passage
    sheet = passage.sheet
    if any(_ON_SIZE.search(comment) for comment in _comments(sheet, remedy.line)):
        return Refusal("a comment speaks about the size of the memo")
    answer = passage.ask(_JOB, [passage.where(place.span)])
    if isinstance(answer, Refusal):
        return answer
    title = f"bound it with `lru_cache(maxsize={SIZE})`"
    if answer["edits"]:
        return Fix(remedy.ceiling, title, passage.edits(answer["edits"]))
    return _exchanged(sheet, place, remedy, str(answer["text"]), title)


def _comments(sheet: Sheet, line: int) -> Iterator[str]:
    """The comment behind the decorator, and those directly above it."""
    yield sheet.line(line).partition("#")[2]
    while sheet.line(line - 1).lstrip().startswith("#"):
        line -= 1
        yield sheet.line(line)


def size_argument(text: str, argument: Sequence[object]) -> list[object]:
    """The job: an edit of the size where one is written, else the text of the decorator."""
    import libcst as cst

    from celeryleak_lint.fixes.trees import dotted, parsed

    tree = parsed(text)
    (where,) = cast("tuple[list[int]]", argument)
    path = tree.path_to(where)
    if not path:
        return ["the decorator is not where it was expected"]
    node = path[-1]
    if not isinstance(node, cst.Call) or not node.args:
        return [{"edits": [], "text": tree.source(node)}]
    if dotted(node.func).rpartition(".")[2] == "cache":
        return ["its arguments are not known"]
    for number, arg in enumerate(node.args):
        if (arg.keyword is None and number == 0) or (
            arg.keyword and arg.keyword.value == "maxsize"
        ):
            if not isinstance(arg.value, cst.Name) or arg.value.value != "None":
                return ["its size is not written out"]
            value = tree.range(arg.value)
            start, end = value.start, value.end
            return [
                {"edits": [[start.line, start.column, end.line, end.column, str(SIZE)]], "text": ""}
            ]
    return ["its size is not written out"]


def _exchanged(
    sheet: Sheet, place: Place, remedy: MemoBound, written: str, title: str
) -> Fix | Refusal:
    """Another decorator in place of a bare ``cache``, with the import that goes along."""
    match = _BARE.match(written)
    top = sheet.top_level(remedy.line)
    if match is None or top is None:
        return Refusal("its size is not written out")
    known = exchanged(sheet, "functools", match["name"], "lru_cache", line=top.line)
    if isinstance(known, Refusal):
        return known
    name, imports = known
    span = place.span
    text = f"{name}(maxsize={SIZE})"
    edit = Edit(place.path, span.line, span.column, span.end_line, span.end_column, text)
    return Fix(remedy.ceiling, title, (*imports, edit))
