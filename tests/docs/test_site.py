"""The site is whole: each page can be reached, each link leads somewhere, nothing comes from outside."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.site import Page, built, pages
from tests.docs.transcript import ROOT

DOCS = ROOT / "docs"
SVG = "{http://www.w3.org/2000/svg}"
FETCHING = re.compile(r"""url\(\s*["']?(?:https?:)?//|@import""")
#: Made by the theme; its links are seen from the top of the site, wherever it is shown.
NOT_FOUND = "404.html"


@pytest.fixture(scope="session")
def read(site: Path) -> dict[str, Page]:
    found = pages(site)
    found.pop(NOT_FOUND)
    return found


def test_every_page_is_in_the_navigation(site: Path, read: dict[str, Page]) -> None:
    written = {
        path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")
    }
    start = read["index.html"]
    linked = {_target(site, start, link)[0] for link in start.navigation}
    assert written <= linked | {"index.html"}
    assert written == set(read)


def test_every_link_leads_somewhere(site: Path, read: dict[str, Page]) -> None:
    broken = []
    for name, page in read.items():
        for link in page.links:
            if urlsplit(link).scheme:
                continue
            target, anchor = _target(site, page, link)
            is_there = target in read if target.endswith(".html") else (site / target).exists()
            if not is_there or (anchor and anchor not in read[target].ids):
                broken.append(f"{name}: {link}")
    assert not broken, "\n".join(broken)


def test_nothing_is_loaded_from_elsewhere(site: Path, read: dict[str, Page]) -> None:
    foreign = [
        f"{name}: {source}"
        for name, page in read.items()
        for source in page.loaded
        if urlsplit(source).netloc or not (site / _target(site, page, source)[0]).is_file()
    ]
    foreign += [
        str(path) for path in site.rglob("*.css") if FETCHING.search(path.read_text("utf-8"))
    ]
    assert not foreign, "\n".join(foreign)
    assert all("mermaid" not in page.classes for page in read.values())


def test_every_block_of_a_rule_is_shown_as_code(site: Path) -> None:
    for path in (site / "rules").glob("CLK*.html"):
        text = path.read_text(encoding="utf-8")
        assert "```" not in text, path.name
        source = (DOCS / "rules" / path.with_suffix(".md").name).read_text(encoding="utf-8")
        assert text.count('class="filename"') == len(
            re.findall(r"^```\w+ .*(?:path=|fixed)", source, re.MULTILINE)
        )
        if re.search(r"^```py", source, re.MULTILINE) and "# error: CLK" in source:
            assert 'class="hll"' in text, path.name


def test_pictures_are_whole_and_shown(read: dict[str, Page]) -> None:
    shown = {Path(source).name for page in read.values() for source in page.loaded}
    pictures = list((DOCS / "pictures").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.name in shown, f"{picture.name} is on no page"
        if picture.suffix == ".png":
            content = picture.read_bytes()
            assert content.startswith(b"\x89PNG\r\n")
            assert b"IEND" in content[-12:]
            continue
        tree = ET.parse(picture).getroot()
        assert tree.tag == f"{SVG}svg"
        assert (tree.findtext(f"{SVG}title"), tree.findtext(f"{SVG}desc")) != (None, None)
        assert not [node for node in tree.iter() if any("href" in key for key in node.attrib)]


def test_a_broken_site_is_not_built(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(DOCS, project / "docs")
    shutil.copytree(ROOT / "scripts", project / "scripts")
    shutil.copy(ROOT / "mkdocs.yml", project)
    with (project / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[one](nowhere.md)\n[two](tutorial.md#nowhere)\n")
    (project / "docs" / "lonely.md").write_text("# Lonely\n", encoding="utf-8")
    done = built(project, tmp_path / "site")
    assert done.returncode == 1
    for trouble in ("nowhere.md", "#nowhere", "lonely.md"):
        assert trouble in done.stderr


def _target(site: Path, page: Page, link: str) -> tuple[str, str]:
    """The path in the site that a link leads to, and the anchor in it."""
    parts = urlsplit(link)
    path = page.path if not parts.path else page.path.parent / unquote(parts.path)
    return path.resolve().relative_to(site.resolve()).as_posix(), unquote(parts.fragment)
