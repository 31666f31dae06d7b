"""Every case of every page, and what a page must have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from celeryleak_lint.model.run_codes import (
    BASELINE_STALE,
    FILE_NOT_READ,
    RUN_CODES,
    SUPPRESSION_UNUSED,
    RunCode,
)
from celeryleak_lint.rules import RULES, Rule
from tests.pages.analysis import analyse, hot_decorators, mend
from tests.pages.collect import LONG_TAIL, RULE_PAGES, long_tail, rule_pages
from tests.pages.mending import mending_problems
from tests.pages.page import Case, Page
from tests.pages.runner import problems

HEADINGS = (
    "What it finds",
    "Why it hurts",
    "Example",
    "Instead",
    "Fix safety",
    "Not reported",
    "Known missed alarms",
    "Options",
)
SENTENCE = re.compile(r"\w[.:](?:\s|$)")
SILENT = ("Instead", "Not reported")
#: No case can show these: files that do not parse, and lines of a baseline.
OUTSIDE_CASES = (FILE_NOT_READ.code, BASELINE_STALE.code)
PAGES = rule_pages()
CASES = tuple(case for page in (*PAGES, *long_tail()) for case in page.cases)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    found = problems(case, analyse, hot_decorators())
    assert not found, f"{case.name} ({case.heading})\n" + "\n".join(found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fixes_of_a_case(case: Case) -> None:
    found = mending_problems(case, analyse, mend)
    assert not found, f"{case.name} ({case.heading})\n" + "\n".join(found)


def test_every_rule_has_its_page() -> None:
    entries = (*RULES, *RUN_CODES)
    expected = {f"{each.code}-{each.slug}.md": f"{each.code} {each.slug}" for each in entries}
    assert {path.name for path in RULE_PAGES.glob("CLK*")} == set(expected)
    assert {Path(page.name).name: page.title for page in PAGES} == expected


def test_every_folder_of_the_long_tail_belongs_to_a_rule() -> None:
    folders = {path.name for path in LONG_TAIL.glob("*")}
    assert folders <= {f"{rule.code}-{rule.slug}" for rule in RULES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page: Page) -> None:
    code = page.title.split(" ")[0]
    titles = tuple(section.title for section in page.sections if section.level == 2)
    assert titles == HEADINGS, f"{page.name}: the headings of level 2 differ"
    for section in page.sections:
        assert section.prose or section.title in ("Not reported", "Known missed alarms"), (
            f"{page.name}:{section.line}: `{section.title}` says nothing"
        )
    errors = {(case.section, m.code) for case in page.cases for m in case.markers}
    assert ("Example", code) in errors or code in OUTSIDE_CASES, (
        f"{page.name}: no case under Example is reported"
    )
    for case in page.cases:
        if case.section in SILENT:
            reported = {m.code for m in case.markers if m.kind == "error"}
            assert code not in reported, f"{case.name}: `{case.section}` must be silent"
    decisions = [s for s in page.sections if s.parent == "Not reported" and s.level == 3]
    assert decisions, f"{page.name}: `Not reported` names no decision"
    for decision in decisions:
        where = f"{page.name}:{decision.line}: `{decision.title}`"
        assert decision.cases or code in OUTSIDE_CASES, f"{where} shows no silent case"
        assert SENTENCE.search(decision.prose), f"{where} gives no reason"


@pytest.mark.parametrize("rule", [*RULES, SUPPRESSION_UNUSED], ids=lambda rule: rule.code)
def test_the_command_reports_what_the_page_says(rule: Rule | RunCode, tmp_path: Path) -> None:
    """The first example of each rule through the real command, so that the doors agree."""
    pages = [page for page in PAGES if page.title.startswith(rule.code)]
    wanted = [c for p in pages for c in p.cases if rule.code in {m.code for m in c.markers}]
    assert wanted, f"no page shows what {rule.code} reports"
    case = wanted[0]
    for path, text in case.texts().items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    if case.options:
        (tmp_path / "celeryleak-lint.toml").write_text(case.options, encoding="utf-8")
    words = [sys.executable, "-m", "celeryleak_lint", "check", ".", "--no-cache"]
    done = subprocess.run(
        [*words, "--output-format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    found = {(f["path"], f["line"], f["code"]) for f in report["findings"]}
    assert found == case.expected("error")
    assert report["failures"] == []
