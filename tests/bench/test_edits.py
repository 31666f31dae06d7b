"""Random edits of a sample: what is said to stand is what an analysis of everything says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from edits import Project, edited, judged

from tests.projects import written

SAMPLE = Path(__file__).parents[2] / "samples"
TEXT = "def f():\n    x = 1\n    return x\n\n\ndef g():\n    pass\n"


@pytest.mark.parametrize("seed", range(4))
def test_no_report_stands_that_should_fall(tmp_path: Path, seed: int) -> None:
    files = {
        path.relative_to(SAMPLE).as_posix(): path.read_bytes() for path in SAMPLE.rglob("*.py")
    }
    files |= {"tools/quiet.py": TEXT, "tools/noisy.py": NOISY}
    project = Project.of(written(tmp_path, files))
    outcomes, wrong = judged(project, 60, seed)
    assert wrong == []
    assert outcomes["does not matter"] > 0


NOISY = """\
import logging

logger = logging.getLogger(__name__)
SEEN = []
LIMIT = 5


class Basket:
    def __init__(self):
        self.items = []

    def put(self, item):
        self.items.append(item)
        return len(self.items)

    @property
    def first(self):
        return self.items[0]


def handle(request):
    basket = Basket()
    basket.put(request)
    SEEN.append(request)
    logger.info("seen %s", basket.first)
    return lambda: basket


def quiet(values):
    found = [value for value in values if value > LIMIT]
    return sorted(found, key=lambda value: -value)
"""


def test_an_edit_leaves_python() -> None:
    rng = random.Random(1)
    texts = {edited(TEXT, rng, ["f", "g"]) for _ in range(50)}
    assert len(texts) > 10
    for text in texts - {None}:
        compile(str(text), "edited.py", "exec")
