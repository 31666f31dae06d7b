"""What the page about the fixes claims of its table: leaky grows or costs more, fixed is flat."""

from __future__ import annotations

import re

from tests.docs.transcript import ROOT

ROW = re.compile(r"^\| (\w+) \| (leaky|fixed) \| (.+) \|$", re.MULTILINE)
MEMORY, FILES, APPS, CONNECTIONS = 1, 2, 4, 6
FLAT_MEGABYTES, FLAT_COUNT = 1.5, 5.0


def _table() -> dict[tuple[str, str], list[list[float]]]:
    text = (ROOT / "docs" / "growth.md").read_text(encoding="utf-8")
    return {
        (sample, variant): [
            [float(number.replace(",", "")) for number in cell.split(" / ")]
            for cell in cells.split(" | ")
        ]
        for sample, variant, cells in ROW.findall(text)
    }


def test_every_row_shows_what_the_page_says() -> None:
    table = _table()
    known = {path.name for path in (ROOT / "samples" / "growth").iterdir() if path.is_dir()}
    names = {sample for sample, _ in table}
    assert names
    assert names <= known
    for name in names:
        leaky, fixed = table[name, "leaky"], table[name, "fixed"]
        assert leaky[0] == [1], f"{name} is reported once"
        assert fixed[0] == [0], f"{name} is mended"
        assert fixed[MEMORY][-1] - fixed[MEMORY][0] <= FLAT_MEGABYTES
        assert fixed[FILES][-1] - fixed[FILES][0] <= FLAT_COUNT
        assert (
            leaky[MEMORY][-1] > fixed[MEMORY][-1] + FLAT_MEGABYTES
            or leaky[FILES][-1] > fixed[FILES][-1] + FLAT_COUNT
            or leaky[APPS][-1] > fixed[APPS][-1] + 1
            or leaky[CONNECTIONS][-1] > 2 * fixed[CONNECTIONS][-1]
        ), f"{name} costs no more before the fix"
