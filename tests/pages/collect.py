"""Finds the pages: those of the rules, and those of the long tail."""

from __future__ import annotations

from pathlib import Path

from tests.pages.page import Page, load

ROOT = Path(__file__).parents[2]
RULE_PAGES = ROOT / "docs" / "rules"
LONG_TAIL = ROOT / "tests" / "fixtures" / "cases"


def rule_pages() -> tuple[Page, ...]:
    """The page of each rule, in order of code."""
    return tuple(load(path, ROOT) for path in sorted(RULE_PAGES.glob("CLK*.md")))


def long_tail() -> tuple[Page, ...]:
    """The pages with cases that a reader need not see."""
    return tuple(load(path, ROOT) for path in sorted(LONG_TAIL.glob("*/*.md")))
