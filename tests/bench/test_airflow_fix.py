"""What the answers of the Airflow bench mean, and how a changed tree is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow_fix import REQUIREMENTS, difference, main, read_probe, table
from environments import pins_of

ANSWER = {
    "sends": 200, "built": 1, "same": True, "distinct": True,
    "brokers": {"red": "memory://red", "blue": "memory://blue"}, "names": {},
}  # fmt: skip


def test_one_app_for_each_team_is_mended() -> None:
    assert read_probe("3.21.0", ANSWER).mended


@pytest.mark.parametrize(
    "change",
    [
        {"built": 200},
        {"built": 0},
        {"same": False},
        {"distinct": False},
        {"brokers": {"red": "memory://red", "blue": "memory://red"}},
    ],
)
def test_one_wrong_answer_is_enough(change: dict[str, object]) -> None:
    assert not read_probe("x", {**ANSWER, **change}).mended


def test_the_table_has_a_row_for_each_provider() -> None:
    rows = table([read_probe("3.20.0", {**ANSWER, "built": 200, "same": False})]).split("\n")
    cells = "| 3.20.0 | 200 | 200 | no | yes | blue: `memory://blue`, red: `memory://red` |"
    assert rows[2:] == [cells]
    assert rows[0].count("|") == rows[1].count("|") == rows[2].count("|")


def test_only_files_that_changed_are_shown(tmp_path: Path) -> None:
    for tree, text in (("old", "a = 1\n"), ("new", "a = 2\n")):
        (tmp_path / tree / "p").mkdir(parents=True)
        (tmp_path / tree / "p" / "m.py").write_text(text)
        (tmp_path / tree / "p" / "same.py").write_text("b = 1\n")
    lines = list(difference(tmp_path / "old", tmp_path / "new"))
    assert lines == ["--- a/p/m.py", "+++ b/p/m.py", "@@ -1 +1 @@", "-a = 1", "+a = 2"]


def test_everything_but_the_provider_is_pinned() -> None:
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    assert {"apache-airflow-core", "celery"} <= set(pins)
    assert "apache-airflow-providers-celery" not in pins
    assert all("==" in pin for pin in pins.values())


def test_no_send_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--sends", "0"])
    assert ended.value.code == 2
    assert "--sends 0: expected at least 1" in capsys.readouterr().err
