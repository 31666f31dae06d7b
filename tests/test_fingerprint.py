"""Fingerprints: what they survive and what they tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeryleak_lint.model.fingerprint import content_of, fingerprint, normalised
from tests.frontends.command import run
from tests.projects import LEAKY_TASK, written

CALL = 'redis.Redis.from_url("redis://localhost")'


@pytest.mark.parametrize(
    "text",
    [
        "redis . Redis.from_url( 'redis://localhost' )",
        "redis.Redis.from_url(\n    # the cache\n    'redis://localhost',\n)",
        'redis.Redis.from_url("redis://localhost",)',
    ],
)
def test_formatting_does_not_matter(text: str) -> None:
    assert normalised(text) == normalised(CALL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f(1, 2)", "f(12)"),
        ("f(a b)", "f(ab)"),
        ("f('it''s')", "f('its')"),
        ("f('\"')", 'f("")'),
        ("f(not a)", "f(nota)"),
        ("f(1)", "f((1,))"),
    ],
)
def test_what_means_something_else_stays_apart(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    "text",
    ["f(f'a { b } {{c}}')", "f(f'{x!r:>{width}}', rb'\\d')", 'f(f"""a\n {f\'{b}\'}""", 1)'],
)
def test_formatted_strings_count_as_they_are_written(text: str) -> None:
    assert normalised(text).replace(" ", "") == text.replace(" ", "")
    assert normalised(text).count("{") == text.count("{")


def test_what_cannot_be_tokenised_keeps_its_words() -> None:
    assert normalised('f("""  a\n b') == 'f(""" a b'


@given(st.text())
def test_any_text_is_normalised(text: str) -> None:
    assert isinstance(normalised(text), str)


def test_halves() -> None:
    here = fingerprint(code="CLK101", path="a.py", function="f", construct="x()", ordinal=1)
    there = fingerprint(code="CLK101", path="b.py", function="f", construct="x()", ordinal=1)
    second = fingerprint(code="CLK101", path="a.py", function="f", construct="x()", ordinal=2)
    assert here != there
    assert content_of(here) == content_of(there) != content_of(second)


def marks(folder: Path, text: str, name: str = "jobs.py") -> list[str]:
    for old in folder.glob("*.py"):
        old.unlink()
    written(folder, {name: text})
    document = run("check", "--output-format", "json", "--no-cache", cwd=folder).document
    return [finding["fingerprint"] for finding in document["findings"]]


def test_findings_keep_their_fingerprints(tmp_path: Path) -> None:
    (first,) = marks(tmp_path, LEAKY_TASK)
    assert marks(tmp_path, "# moved\n\n\n" + LEAKY_TASK) == [first]
    wrapped = LEAKY_TASK.replace('("redis://localhost")', "(\n        'redis://localhost',\n    )")
    assert marks(tmp_path, wrapped) == [first]
    assert [content_of(mark) for mark in marks(tmp_path, LEAKY_TASK, "other.py")] == [
        content_of(first)
    ]
    assert marks(tmp_path, LEAKY_TASK.replace("remember", "forget")) != [first]


def test_equal_calls_are_counted(tmp_path: Path) -> None:
    both = marks(tmp_path, LEAKY_TASK + LEAKY_TASK.partition("\n\n")[2])
    assert len(set(both)) == len(both) == 2
    assert marks(tmp_path, LEAKY_TASK) == [both[0]]
