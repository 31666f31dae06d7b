"""Writes docs/rules/index.md from the rules and their pages.

python scripts/generate_docs.py            write it
python scripts/generate_docs.py --check    exit code 1 when writing would change it
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from celeryleak_lint.rules import RULES

PAGES = Path(__file__).parents[1] / "docs" / "rules"
INDEX = PAGES / "index.md"
INTRODUCTION = """\
Each page says what is found, why it hurts, what to write instead, and what is deliberately
not reported.
"""
FAMILIES = {
    "CLK1": "Built too often",
    "CLK2": "Kept too long",
    "CLK3": "Not closed",
    "CLK4": "Held in memory by a task",
    "CLK5": "Configured to leak",
    "CLK9": "About the run itself",
}


def page_name(code: str, slug: str) -> str:
    """The file name of a rule's page."""
    return f"{code}-{slug}.md"


def index() -> str:
    """The whole index as Markdown; raises `FileNotFoundError` for a rule without a page."""
    parts = [
        "# Rules\n",
        "<!-- Written by scripts/generate_docs.py; change the pages instead. -->\n",
        INTRODUCTION,
    ]
    for family, title in FAMILIES.items():
        rules = [rule for rule in RULES if rule.code.startswith(family)]
        if not rules:
            continue
        parts.append(f"## {family}xx: {title}\n\n| code | rule | finds |\n| --- | --- | --- |")
        for rule in rules:
            page = page_name(rule.code, rule.slug)
            if not (PAGES / page).is_file():
                raise FileNotFoundError(f"{rule.code} has no page: write docs/rules/{page}")
            parts.append(f"| [{rule.code}]({page}) | {rule.slug} | {rule.summary} |")
        parts.append("")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the index, or tell whether it is as it would be written."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    text = index()
    if not options.check:
        INDEX.write_text(text, encoding="utf-8")
        return 0
    if INDEX.exists() and INDEX.read_text(encoding="utf-8") == text:
        return 0
    print("docs/rules/index.md is stale: run python scripts/generate_docs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
