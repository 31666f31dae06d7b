"""What the site makes of the repository's own conventions; called by mkdocs.

Pages of rules are executed by the tests, so their blocks carry words that only the tests
know, and markers at the end of lines. Readers get the path above the block and the marked
lines highlighted, long names in tables break where they may. The list of rules in the navigation follows from the pages themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generate_docs import FAMILIES

RULES = "Rules"
BLOCK = re.compile(r"^```(?P<head>[^`\n]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"<td[^>]*>.*?</td>", re.DOTALL)
CODE = re.compile(r"<code>[^<]*</code>")
SHORT = len("<code>never-released</code>")
MARKER = re.compile(r"# (?:error|possible): CLK\d")


def on_config(config: Any) -> None:
    """Put each page of a rule into the navigation, under its family."""
    pages = Path(config.docs_dir) / "rules"
    for item in config.nav:
        if RULES in item:
            item[RULES] = [*item[RULES], *_families(pages)]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn what tests read in the heads of blocks into what readers see."""
    return BLOCK.sub(_shown, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Let long names in tables break after dots and underscores, and nowhere else."""
    return CELL.sub(lambda cell: CODE.sub(_breakable, cell[0]), html)


def _breakable(code: re.Match[str]) -> str:
    if len(code[0]) <= SHORT:
        return code[0].replace("<code>", '<code class="whole">')
    return re.sub(r"(?<=\w)([._])(?=\w)", r"\1<wbr>", code[0])


def _families(pages: Path) -> Iterator[dict[str, list[dict[str, str]]]]:
    for family, title in FAMILIES.items():
        found = sorted(pages.glob(f"{family}*.md"))
        if found:
            yield {title: [{_title(page): f"rules/{page.name}"} for page in found]}


def _title(page: Path) -> str:
    code, _, slug = page.stem.partition("-")
    return f"{code} {slug}"


def _shown(block: re.Match[str]) -> str:
    language, *words = block["head"].split()
    paths = [word.removeprefix("path=") for word in words if word.startswith("path=")]
    others = [word for word in words if not word.startswith("path=")]
    if set(others) - {"split", "ignore", "fixed", "refused"}:
        return block[0]
    lines = [
        str(number)
        for number, line in enumerate(block["body"].split("\n"), start=1)
        if MARKER.search(line)
    ]
    titles = (
        [f"{path}, fixed" if path else "fixed" for path in paths or [""]]
        if "fixed" in others
        else paths
    )
    head = [language, *(f'title="{title}"' for title in titles)]
    if lines:
        head.append(f'hl_lines="{" ".join(lines)}"')
    return f"```{' '.join(head)}\n{block['body']}```"
