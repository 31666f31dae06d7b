"""The table of leaky releases: its shape, and what it answers."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from celeryleak_lint.catalog.leaks import KnownLeak, known_leaks, leaks_of, wrong_in

LEAKS = known_leaks()


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: f"{leak.name}{leak.versions}")
def test_a_leak_is_bounded_and_proven(leak: KnownLeak) -> None:
    assert leak.name == canonicalize_name(leak.name)
    assert leak.evidence.startswith("https://")
    assert leak.what[:1].islower()
    assert not leak.what.endswith(".")
    versions = SpecifierSet(leak.versions)
    assert not versions.contains("9999")
    if leak.fixed_in:
        assert not versions.contains(Version(leak.fixed_in), prereleases=True)


def test_releases_on_both_sides_of_a_fix() -> None:
    assert leaks_of("apache-airflow-providers-celery", "3.20.0")
    assert not leaks_of("apache-airflow-providers-celery", "3.21.0")
    assert [leak.fixed_in for leak in leaks_of("celery", "5.5.3")] == ["5.6.0", "5.6.0"]
    assert not leaks_of("celery", "5.6.0")
    assert not leaks_of("celery", "not a version")
    assert not leaks_of("flask", "3.0")


GOOD = {"name": "x", "versions": "==1.0", "what": "it leaks", "evidence": "https://x"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"versions": ">=1.0"}, "open-ended"),
        ({"versions": ">=1.0,<2"}, "a guess"),
        ({"versions": "~=1.0"}, "expected `==x`"),
        ({"what": ""}, "missing key 'what'"),
        ({"fixed": "2"}, "unknown key 'fixed'"),
        ({"confidence": "sure"}, "expected one of"),
    ],
)
def test_a_row_that_guesses_is_refused(change: dict[str, str], message: str) -> None:
    assert list(wrong_in(GOOD, "leak[0]")) == []
    assert any(message in text for text in wrong_in({**GOOD, **change}, "leak[0]"))
