"""The pages of the codes, shipped inside the package and lying in ``docs/rules`` of a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def page(code: str, slug: str) -> str | None:
    """The Markdown page of a code, ``None`` when this installation has none."""
    name = f"{code}-{slug}.md"
    shipped = files("celeryleak_lint") / "pages" / name
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    checkout = Path(__file__).parents[3] / "docs" / "rules" / name
    return checkout.read_text(encoding="utf-8") if checkout.is_file() else None
