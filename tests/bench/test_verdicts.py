"""Drawing and counting verdicts, and the committed ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import Place, Reported
from releases import pinned
from verdicts import VERDICTS, Drawn, Verdict, load, precision, sampled, shown, skeleton

FINDING = Reported(
    "CLK101", "likely", "f", "a client is built per call", Place("a.py", 3, 3),
    ((Place("a.py", 1, 1), "hot: a task"),),
)  # fmt: skip


def test_a_skeleton_is_an_unread_entry(tmp_path: Path) -> None:
    path = tmp_path / "v.toml"
    path.write_text(skeleton(Drawn("p", "1", tmp_path, FINDING), 7))
    assert load(path) == (Verdict("p", "1", "a.py", 3, "CLK101", 7),)
    path.write_text(path.read_text() * 2)
    with pytest.raises(ValueError, match="listed twice"):
        load(path)


def test_a_finding_is_shown_with_code_and_trace(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("@task\ndef f():\n    Client()\n")
    text = "\n".join(shown(Drawn("p", "1", tmp_path, FINDING)))
    assert "p 1  CLK101 (likely)\na.py:3 in f\na client is built per call" in text
    assert "  >     3     Client()" in text
    assert "-- a.py:1: hot: a task\n  >     1 @task" in text


def test_what_was_read_is_not_drawn_again(tmp_path: Path) -> None:
    drawn = [Drawn(name, "1", tmp_path, FINDING) for name in ("p", "q", "r")]
    read = frozenset({("q", "1", "a.py", 3, "CLK101")})
    left = sampled(drawn, seed=1, count=5, read=read)
    assert sorted(one.package for one in left) == ["p", "r"]
    assert left == sampled(drawn, seed=1, count=5, read=read)
    assert len(sampled(drawn, seed=1, count=2, read=frozenset())) == 2


def test_precision_counts_only_what_was_decided() -> None:
    def read(line: int, word: str) -> Verdict:
        return Verdict("p", "1", "a.py", line, "CLK101", 1, word, "because")

    text = precision([read(1, "right"), read(2, "right"), read(3, "wrong"), read(4, "unclear")])
    assert "| CLK101 | 2 | 1 | 1 | 0 | 0.67 |" in text
    assert "| all | 0 | 0 | 0 | 0 | - |" in precision([])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('verdict = "perhaps"', "one of right, wrong, unclear"),
        ('verdict = "right"', "needs a `reason`"),
        ('line = "3"', "`line` is unknown or has the wrong type"),
        ('note = "x"', "`note` is unknown"),
        ("", "seed"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, line: str, message: str) -> None:
    good = ['package = "p"', 'version = "1"', 'path = "a.py"', "line = 3", 'code = "CLK101"']
    good += ["seed = 1"] if line else []
    key = line.partition(" ")[0] or "none"
    rows = ["[[finding]]", *(each for each in good if not each.startswith(key)), line]
    path = tmp_path / "v.toml"
    path.write_text("\n".join(rows))
    with pytest.raises(ValueError, match=message):
        load(path)


def test_the_committed_verdicts_are_well_formed() -> None:
    for verdict in load(VERDICTS):
        assert verdict.verdict, f"{verdict.path}:{verdict.line} was drawn but never read"


def test_a_release_is_pinned_exactly() -> None:
    assert pinned("celery==5.4.0") == ("celery", "5.4.0")
    with pytest.raises(ValueError, match="NAME==VERSION"):
        pinned("celery>=5")
