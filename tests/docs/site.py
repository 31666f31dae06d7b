"""Builds the site, and reads what a browser would read in its pages."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

#: Elements that a browser loads from somewhere, and the attribute that says where from.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


def built(project: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout as strictly as the checks do."""
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir"]
    return subprocess.run(
        [*words, str(folder)],
        cwd=project, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip


class Page(HTMLParser):
    """One page: its links, what it loads, the ids in it, and the classes of its elements."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.navigation: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.classes: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says."""
        values = {name: value or "" for name, value in attrs}
        classes = set(values.get("class", "").split())
        self.classes |= classes
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
            if "md-nav__link" in classes:
                self.navigation.append(values["href"])
        if LOADED.get(tag, "") in values and values.get("rel") not in ("next", "prev", "canonical"):
            self.loaded.append(values[LOADED[tag]])


def pages(site: Path) -> dict[str, Page]:
    """All pages by their path in the site."""
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}
