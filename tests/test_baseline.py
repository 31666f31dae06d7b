"""Baselines as values: what is compared, written, read and refused."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from celeryleak_lint.baseline import (
    Entry,
    compare,
    entries_of,
    parse_baseline,
    render_baseline,
    stale_finding,
    with_reasons,
)
from celeryleak_lint.model.findings import Finding
from celeryleak_lint.model.fingerprint import fingerprint
from celeryleak_lint.model.source import Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def found(path: str = "a.py", function: str = "f", ordinal: int = 1) -> Finding:
    mark = fingerprint(
        code="CLK101", path=path, function=function, construct="x()", ordinal=ordinal
    )
    return Finding(
        code="CLK101", rule="resource-built-per-call", message="builds", path=path,
        span=Span(3, 1, 3, 4), function=function, resource="x", effect="cost",
        confidence="likely", trace=(), fix=None, no_fix=None, fingerprint=mark, construct="x()",
    )  # fmt: skip


def read(text: str) -> tuple[Entry, ...]:
    entries, errors = parse_baseline(tomllib.loads(text), text, file="known.toml")
    assert errors == ()
    return entries


def errors(text: str) -> list[str]:
    return list(parse_baseline(tomllib.loads(text), text, file="known.toml")[1])


def test_what_is_listed_is_known_and_the_rest_is_new() -> None:
    compared = compare(
        [found(), found(function="g")], entries_of([found(), found("c.py")]), exists=lambda _: True
    )
    assert compared.known == (found(),)
    assert compared.new == (found(function="g"),)
    assert [entry.path for entry in compared.unmatched] == ["c.py"]


def test_a_renamed_file_is_followed() -> None:
    compared = compare([found("new.py")], entries_of([found("old.py")]), exists=lambda _: False)
    assert (compared.new, compared.unmatched) == ((), ())


def test_a_copy_is_no_renaming() -> None:
    compared = compare(
        [found("a.py"), found("copy.py")], entries_of([found("a.py")]), exists=lambda _: True
    )
    assert compared.new == (found("copy.py"),)


def test_one_lost_file_accounts_for_one_new_file() -> None:
    compared = compare(
        [found("b.py"), found("c.py")], entries_of([found("a.py")]), exists=lambda _: False
    )
    assert len(compared.known) == len(compared.new) == 1


def test_what_is_written_is_read_back() -> None:
    entries = entries_of([found("b.py"), found("a.py", "g"), found("a.py")])
    text = render_baseline(replace(entry, reason='it "must"\n') for entry in entries)
    back = read(text)
    assert [(entry.path, entry.function) for entry in back] == [
        ("a.py", "f"), ("a.py", "g"), ("b.py", "f"),
    ]  # fmt: skip
    assert {entry.reason for entry in back} == {'it "must"\n'}
    assert all(entry.fingerprint in text.split("\n")[entry.line - 1] for entry in back)
    assert {entry.confidence for entry in back} == {"likely"}


@given(st.text(), st.text(), st.text())
def test_any_text_survives(function: str, construct: str, reason: str) -> None:
    try:
        f"{function}{construct}{reason}".encode()
    except UnicodeEncodeError:
        return
    entry = replace(entries_of([found()])[0], function=function, reason=reason, construct=construct)
    (back,) = read(render_baseline([entry]))
    assert (back.function, back.reason) == (function, reason)


def test_lines_of_two_branches_may_be_joined() -> None:
    ours = render_baseline(entries_of([found("a.py"), found("b.py")])).splitlines()
    theirs = render_baseline(entries_of([found("a.py"), found("c.py")])).splitlines()
    added = [line for line in theirs if line not in ours]
    joined = "\n".join([*ours[:-1], *added, ours[-2], ours[-1]])
    assert {entry.path for entry in read(joined)} == {"a.py", "b.py", "c.py"}


def test_reasons_are_kept_also_for_a_renamed_file() -> None:
    old = [replace(entries_of([found("old.py")])[0], reason="because")]
    assert [e.reason for e in with_reasons(entries_of([found("old.py")]), old)] == ["because"]
    assert [e.reason for e in with_reasons(entries_of([found("new.py")]), old)] == ["because"]
    assert [e.reason for e in with_reasons(entries_of([found("x.py", "g")]), old)] == [""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "version: expected 1, found 'nothing'; write it anew"),
        ("version = 2", "version: expected 1, found 2; write it anew"),
        ("version = 1\nx = 1", "x: unknown key; a baseline has `version` and `finding`"),
        ("version = 1\nfinding = 1", "finding: expected an array of tables, one for each finding"),
        ("version = 1\nfinding = [1]", "finding[0]: expected a table"),
        (
            "version = 1\nfinding = [{path = 'a', fingerprint = '012345678901234567890123'}]",
            "finding[0]: missing key `code`",
        ),
        (
            "version = 1\nfinding = [{code = 'CLK101', path = 'a', fingerprint = 'abc'}]",
            "finding[0].fingerprint: is not one of this version; write the baseline anew",
        ),
        (
            "version = 1\nfinding = [{code = 'C', path = 1, fingerprint = '012345678901234567890123'}]",
            "finding[0].path: expected a string",
        ),
        (
            (
                "version = 1\nfinding = [{code = 'C', path = '', confidence = 'sure', "
                "fingerprint = '012345678901234567890123'}]"
            ),
            "finding[0].confidence: expected one of `certain`, `likely`, `possible`",
        ),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    assert errors(text) == [f"known.toml: {message}"]


def test_stale_entry_is_a_finding_on_its_line() -> None:
    finding = stale_finding(replace(entries_of([found()])[0], line=7), "known.toml")
    assert (finding.code, finding.path, finding.span.line) == ("CLK903", "known.toml", 7)
    assert "CLK101 in `f` of a.py" in finding.message
