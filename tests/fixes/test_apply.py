"""Edits in bytes: nothing outside of them changes, whatever the file is made of."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celeryleak_lint.fixes.apply import apply_edits, compatible
from celeryleak_lint.fixes.sheet import Refusal
from celeryleak_lint.model.edits import Edit, Fix
from tests.pages.analysis import mend

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\r\n\0")
LINES = st.lists(
    st.tuples(
        st.text(CHARACTERS, max_size=8).filter(lambda text: "coding" not in text),
        st.sampled_from(["\n", "\r\n", "\r"]),
    ),
    max_size=6,
)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """Lines with their ends, and places in them as `(line, column, end)` in code points."""
    lines = draw(LINES)
    text = "".join(content + end for content, end in lines) + draw(st.text(CHARACTERS, max_size=4))
    return text, lines


def pieces(text: str) -> list[str]:
    """Physical lines with their ends, as the tool counts them."""
    data = text.encode().splitlines(keepends=True)
    return [line.decode() for line in data]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_bytes_outside_of_edits_stay(data: st.DataObject) -> None:
    text, _ = data.draw(files())
    lines = pieces(text)
    newline = _most(lines)
    edits, expected = [], []
    for number, line in enumerate(lines, start=1):
        content = line.rstrip("\r\n")
        ends = line[len(content) :]
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, len(content)))
        new = data.draw(st.sampled_from([None, "", "x", "a\nb", "é𝒳"]))
        if new is None:
            expected.append(line)
            continue
        edits.append(Edit("a.py", number, start + 1, number, end + 1, new))
        expected.append(content[:start] + new.replace("\n", newline) + content[end:] + ends)
    random.shuffle(edits)
    result = apply_edits(text.encode(), edits)
    assert not isinstance(result, Refusal)
    assert result == "".join(expected).encode()


def _most(lines: list[str]) -> str:
    counts = {end: sum(1 for line in lines if _end(line) == end) for end in ("\n", "\r\n", "\r")}
    return max(counts, key=lambda end: (counts[end], end == "\n"))


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def test_lines_after_the_last_begin_a_new_one() -> None:
    edit = Edit("a.py", 2, 1, 2, 1, "y\n")
    assert apply_edits(b"x", [edit]) == b"x\ny\n"
    assert apply_edits(b"x\r\n", [edit]) == b"x\r\ny\r\n"
    assert apply_edits(b"", [Edit("a.py", 1, 1, 1, 1, "y\n")]) == b"y\n"


def test_what_the_encoding_cannot_hold_is_refused() -> None:
    text = b"# coding: latin-1\nx = 1\n"
    refusal = apply_edits(text, [Edit("a.py", 2, 1, 2, 2, "\u20ac")])
    assert isinstance(refusal, Refusal)
    assert "cannot hold the change" in refusal.reason


def test_overlapping_edits_are_refused() -> None:
    edits = [Edit("a.py", 1, 1, 1, 3, "x"), Edit("a.py", 1, 2, 1, 4, "y")]
    assert isinstance(apply_edits(b"abcdef\n", edits), Refusal)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=6))
def test_fixes_that_touch_each_other_are_not_taken_together(
    places: list[tuple[int, int, bool]],
) -> None:
    fixes = []
    for first, size, shares in places:
        shared = (Edit("a.py", 1, 1, 1, 1, "import x\n"),) if shares else ()
        fixes.append(Fix("safe", "t", (*shared, Edit("a.py", 3, first, 3, first + size, "y"))))
    taken = compatible(fixes)
    edits = {edit for fix in taken for edit in fix.edits}
    data = b"a = 1\nb = 2\n" + b"c" * 30 + b"\n"
    assert not isinstance(apply_edits(data, sorted(edits, key=repr)), Refusal)
    assert not fixes or taken


TASKS = [
    "def read{0}(path):\n    return open(path).read()\n",
    "def rows{0}(path):\n    conn = sqlite3.connect(path)\n    return conn.execute('').fetchall()\n",
    "@functools.cache\ndef name{0}(user_id):\n    return str(user_id)\n",
    "@shared_task\ndef keep{0}(x):\n    kept.append(x)\n",
    "@shared_task\ndef fetch{0}(url):\n    # a comment\n    client = redis.Redis()\n    client.get(url)\n",
]
HEAD = "import functools\nimport sqlite3\n\nimport redis\nfrom celery import shared_task\n\nkept = []\n"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TASKS), min_size=1, max_size=5), st.randoms())
def test_fixes_do_not_depend_on_each_other(tasks: list[str], order: random.Random) -> None:
    """Each function comes out as it does alone; twice is once; comments stay."""
    parts = [task.format(number) for number, task in enumerate(tasks)]
    together = _fixed(HEAD + "".join(f"\n\n{part}" for part in parts))
    assert _fixed(together) == together
    assert together.count("# a comment") == "".join(parts).count("# a comment")
    order.shuffle(parts)
    shuffled = _fixed(HEAD + "".join(f"\n\n{part}" for part in parts))
    assert sorted(_words(together)) == sorted(_words(shuffled))


def _fixed(text: str) -> str:
    done = mend({"main.py": text.encode()})
    assert done.problems == ()
    return done.texts.get("main.py", text.encode()).decode()


def _words(text: str) -> list[str]:
    """Lines, without the numbers by which names are told apart."""
    return ["".join(c for c in line if not c.isdigit()) for line in text.splitlines() if line]
