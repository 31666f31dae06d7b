"""What a text literal says when it is a piece of SQL: whether its result is bounded.

Knows words, not grammar: a limit anywhere in a text counts, and so does an aggregate that
leaves one row.
"""

from __future__ import annotations

import re

from celeryleak_lint.model import values

_LIMIT = re.compile(
    r"\b(?:LIMIT\s*(?:[\d:?%{@$(]|$)|TOP\s*\(?\s*\d|FETCH\s+(?:FIRST|NEXT)|ROWNUM|TABLESAMPLE)",
    re.IGNORECASE,
)
_AGGREGATE = re.compile(r"\bSELECT\s+(?:COUNT|SUM|MIN|MAX|AVG|EXISTS)\s*\(", re.IGNORECASE)
_GROUPED = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
_WHERE = re.compile(r"\b(?:WHERE|HAVING|JOIN|DISTINCT|GROUP\s+BY)\b", re.IGNORECASE)
_SELECT = re.compile(r"\bSELECT\b", re.IGNORECASE)
_OTHER = re.compile(
    r"^\s*(?:SHOW|DESCRIBE|EXPLAIN|PRAGMA|CALL|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE
)
#: One of these is in every text that anything is said about: a cheap test before the expressions.
_MARKS = ("select", "limit", "where", "fetch", "join", "having", "group by", "show", "describe", "explain", "pragma", "call", "insert", "update", "delete", "merge", "top", "rownum")  # fmt: skip


def sql_piece(text: str) -> str:
    """The value of a text literal that is not kept: ``=~``, with a word behind it when it is SQL."""
    folded = text.lower()
    for mark in _MARKS:
        if mark in folded:
            break
    else:
        return values.LITERAL
    if _LIMIT.search(text) or _OTHER.search(text):
        return values.LIMITED
    if _AGGREGATE.search(text) and not _GROUPED.search(text):
        return values.LIMITED
    if _WHERE.search(text):
        return values.FILTERED
    return values.SELECTING if _SELECT.search(text) else values.LITERAL
