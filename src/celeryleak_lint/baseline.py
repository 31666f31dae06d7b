"""What was known before: a baseline's entries, and which findings they account for.

One line an entry, so that two branches can be joined line by line. It knows fingerprints,
findings and tables as decoded from TOML; it reads and writes no files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from celeryleak_lint.model.findings import CONFIDENCES, Confidence, Finding
from celeryleak_lint.model.fingerprint import CONTENT_LENGTH, PLACE_LENGTH, content_of, fingerprint
from celeryleak_lint.model.run_codes import BASELINE_STALE
from celeryleak_lint.model.source import Span

TABLE = "finding"
VERSION = 1

_KEYS = ("code", "confidence", "path", "function", "construct", "fingerprint", "reason")
_REQUIRED = ("code", "path", "fingerprint")
_LONGEST = 80
_HEAD = """\
# Findings that celeryleak-lint does not report, because they were there before.
# One line each: give a `reason` where there is one, delete the line when it is fixed.
# Lines of several branches may simply be joined: `merge=union` in .gitattributes.
"""


class Entry(msgspec.Struct, frozen=True):
    """One finding that is known. ``reason`` is the user's; ``line`` is where it stands, 0 if nowhere."""

    code: str
    path: str
    function: str
    construct: str
    fingerprint: str
    confidence: Confidence = "certain"
    reason: str = ""
    line: int = 0


class Comparison(msgspec.Struct, frozen=True):
    """Findings divided by what was known: ``new`` ones, ``known`` ones, and entries without any."""

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    unmatched: tuple[Entry, ...]


def compare(
    findings: Sequence[Finding], entries: Iterable[Entry], *, exists: Callable[[str], bool]
) -> Comparison:
    """Divide ``findings`` by whether an entry accounts for them, each entry for one at most.

    An entry fits by its whole fingerprint; when the file of an entry is gone, a finding of
    equal content in a file that no other entry knows is the same one, renamed. ``exists``
    says whether a path, relative to the project root, is still there.
    """
    waiting = {entry.fingerprint: entry for entry in entries}
    files = {entry.path for entry in waiting.values()}
    matched = {f.fingerprint for f in findings if waiting.pop(f.fingerprint, None) is not None}
    moved: dict[str, list[Entry]] = {}
    for entry in waiting.values():
        if not exists(entry.path):
            moved.setdefault(content_of(entry.fingerprint), []).append(entry)
    for finding in findings:
        alike = moved.get(content_of(finding.fingerprint))
        if finding.fingerprint not in matched and finding.path not in files and alike:
            matched.add(finding.fingerprint)
            del waiting[alike.pop(0).fingerprint]
    return Comparison(
        tuple(f for f in findings if f.fingerprint not in matched),
        tuple(f for f in findings if f.fingerprint in matched),
        tuple(waiting.values()),
    )


def entries_of(findings: Iterable[Finding]) -> tuple[Entry, ...]:
    """An entry for each finding."""
    return tuple(
        Entry(f.code, f.path, f.function, f.construct, f.fingerprint, f.confidence)
        for f in findings
    )


def with_reasons(entries: Iterable[Entry], earlier: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries with the reasons that earlier ones gave, also for a file that was renamed."""
    listed = tuple(entries)
    exact = {entry.fingerprint: entry.reason for entry in earlier}
    gone = exact.keys() - {entry.fingerprint for entry in listed}
    moved = {content_of(e.fingerprint): e.reason for e in earlier if e.fingerprint in gone}
    return tuple(
        replace(
            entry,
            reason=exact[entry.fingerprint]
            if entry.fingerprint in exact
            else moved.get(content_of(entry.fingerprint), ""),
        )
        for entry in listed
    )


def render_baseline(entries: Iterable[Entry]) -> str:
    """The baseline as TOML, in an order that does not depend on line numbers."""
    listed = sorted(
        {entry.fingerprint: entry for entry in entries}.values(),
        key=lambda e: (e.path, e.function, e.code, e.construct, e.fingerprint),
    )
    lines = "".join(f"  {{ {', '.join(_pairs(entry))} }},\n" for entry in listed)
    return f"{_HEAD}version = {VERSION}\n\n{TABLE} = [\n{lines}]\n"


def _pairs(entry: Entry) -> Iterator[str]:
    construct = entry.construct
    if len(construct) > _LONGEST:
        construct = construct[: _LONGEST - 3] + "..."
    values = {
        "code": entry.code,
        "confidence": entry.confidence,
        "path": entry.path,
        "function": entry.function,
        "construct": construct,
        "fingerprint": entry.fingerprint,
        "reason": entry.reason,
    }
    yield from (f"{key} = {_quoted(value)}" for key, value in values.items())


def _quoted(text: str) -> str:
    """A basic string of TOML; its escapes are those of JSON, and DEL, which TOML forbids."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def parse_baseline(
    document: Mapping[str, object], text: str, *, file: str
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The entries of a decoded baseline, and one message for each thing wrong with it.

    ``text`` is what was decoded: it says on which line an entry stands.
    """
    errors = [
        f"{file}: {key}: unknown key; a baseline has `version` and `{TABLE}`"
        for key in document
        if key not in ("version", TABLE)
    ]
    if document.get("version") != VERSION:
        found = document.get("version", "nothing")
        errors.append(f"{file}: version: expected {VERSION}, found {found!r}; write it anew")
    rows = document.get(TABLE, [])
    if not isinstance(rows, list):
        errors.append(f"{file}: {TABLE}: expected an array of tables, one for each finding")
        rows = []
    entries: list[Entry] = []
    for index, row in enumerate(rows):
        where = f"{file}: {TABLE}[{index}]"
        wrong = list(_wrong(row))
        errors += [f"{where}{message}" for message in wrong]
        if not wrong:
            entries.append(_entry(row, text))
    return tuple(entries), tuple(errors)


def _wrong(row: object) -> Iterator[str]:
    if not isinstance(row, dict):
        yield ": expected a table"
        return
    for key, value in row.items():
        if key not in _KEYS:
            yield f".{key}: unknown key; known are {', '.join(f'`{known}`' for known in _KEYS)}"
        elif not isinstance(value, str):
            yield f".{key}: expected a string"
    if row.get("confidence", "certain") not in CONFIDENCES:
        yield f".confidence: expected one of {', '.join(f'`{word}`' for word in CONFIDENCES)}"
    for key in _REQUIRED:
        if key not in row:
            yield f": missing key `{key}`"
    mark = row.get("fingerprint")
    if isinstance(mark, str) and len(mark) != CONTENT_LENGTH + PLACE_LENGTH:
        yield ".fingerprint: is not one of this version; write the baseline anew"


def _entry(row: dict[str, str], text: str) -> Entry:
    mark = row["fingerprint"]
    at = text.find(mark)
    line = text.count("\n", 0, at) + 1 if at >= 0 else 1
    confidences: Mapping[str, Confidence] = {word: word for word in CONFIDENCES}
    return Entry(
        code=row["code"],
        path=row["path"],
        function=row.get("function", ""),
        construct=row.get("construct", ""),
        fingerprint=mark,
        confidence=confidences[row.get("confidence", "certain")],
        reason=row.get("reason", ""),
        line=line,
    )


def stale_finding(entry: Entry, path: str) -> Finding:
    """The finding for an entry of the baseline at ``path`` that nothing matches any more."""
    where = f"`{entry.function}` of {entry.path}" if entry.function else entry.path
    return Finding(
        code=BASELINE_STALE.code,
        rule=BASELINE_STALE.slug,
        message=f"the baseline lists {entry.code} in {where}, which is gone; delete the line",
        path=path,
        span=Span(entry.line, 1, entry.line, 1),
        function="",
        resource="",
        effect=None,
        confidence="certain",
        trace=(),
        fix=None,
        no_fix=None,
        fingerprint=fingerprint(
            code=BASELINE_STALE.code, path=path, function="",
            construct=entry.fingerprint, ordinal=1,
        ),
        construct=entry.fingerprint,
    )  # fmt: skip
