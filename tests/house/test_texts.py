"""What every text of the project must keep to."""

from __future__ import annotations

import re

from celeryleak_lint.model.findings import CONFIDENCES, Effect
from tests.house.sources import ROOT, texts

#: An absolute path below somebody's own folder, on this or any other machine.
MACHINE_PATH = re.compile(r"(?<![\w./])/(?:home|root|Users|workspaces?|work)/\w|\b[A-Z]:\\+Users\\")
TERM = re.compile(r"^\*\*(.+?)\*\*: ", re.MULTILINE)
VOCABULARY = (
    "destination", "false alarm", "guard", "heat", "hot root", "missed alarm", "producer",
    "resource", "trace",
)  # fmt: skip


def test_no_path_of_somebodys_machine() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts()
        for number, line in enumerate(text.split("\n"), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, "\n".join(found)


def test_the_pattern_for_such_paths_finds_them() -> None:
    for folder in ("home", "root", "Users"):
        assert MACHINE_PATH.search(f"see /{folder}/me/x")
    assert not MACHINE_PATH.search("https://example.org/home/me")


def test_the_glossary_defines_the_vocabulary_in_order() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = TERM.findall(text)
    assert terms == sorted(set(terms))
    assert set(VOCABULARY) <= set(terms)
    for value in (*CONFIDENCES, *Effect.__args__):  # type: ignore[attr-defined]
        assert f"`{value}`" in text
