"""What the rules, their files, their pages and the changelog say agrees."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys

import pytest

from celeryleak_lint.model.findings import Finding
from celeryleak_lint.rules import RULES, Rule
from tests.house.sources import PACKAGE, ROOT
from tests.pages.analysis import analyse
from tests.pages.collect import long_tail, rule_pages

SLUG = re.compile(r"[a-z]+(-[a-z]+)+")


def messages() -> list[tuple[str, str, Finding]]:
    """Every finding of every case, with the place of the case."""
    return [
        (case.name, finding.message, finding)
        for page in (*rule_pages(), *long_tail())
        for case in page.cases
        for finding in analyse(case.texts(), options=case.options, confidence="possible").findings
    ]


def test_rules_are_listed_once_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    slugs = [rule.slug for rule in RULES]
    assert len(slugs) == len(set(slugs))
    assert not [slug for slug in slugs if not SLUG.fullmatch(slug)]


def test_every_rule_file_is_listed() -> None:
    files = {path.stem for path in (PACKAGE / "rules").glob("*.py")} - {"__init__"}
    modules = {name: importlib.import_module(f"celeryleak_lint.rules.{name}") for name in files}
    rules = {name: module.RULE for name, module in modules.items() if hasattr(module, "RULE")}
    assert set(rules.values()) == set(RULES)
    strange = [n for n, r in rules.items() if not set(n.split("_")) <= set(r.slug.split("-"))]
    assert not strange, "\n".join(strange)


def test_every_code_is_in_the_changelog() -> None:
    fragments = sorted((ROOT / "changes").glob("*.md")) + sorted(ROOT.glob("CHANGELOG.md"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in fragments)
    assert not [rule.code for rule in RULES if rule.code not in text]


def test_messages_are_worded_alike() -> None:
    bad = []
    for case, message, finding in messages():
        notes = [step.note for step in finding.trace]
        for text in (message, *notes):
            starts = text[:1].islower() or text[:1] == "`"
            if not starts or text.endswith((".", "!", " ")) or "\n" in text:
                bad.append(f"{case}: {finding.code}: {text!r}")
    assert not bad, "\n".join(bad)


def test_the_linter_passes_its_own_rules() -> None:
    words = [sys.executable, "-m", "celeryleak_lint", "check", "src", "--no-cache"]
    done = subprocess.run(
        [*words, "--isolated", "--output-format", "json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert report["failures"] == []
    assert done.returncode == 0


def test_generated_pages_are_up_to_date() -> None:
    words = [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_described(rule: Rule) -> None:
    assert re.fullmatch(r"CLK[1-59]\d\d", rule.code)
    assert rule.summary[:1].islower()
    assert not rule.summary.endswith(".")
