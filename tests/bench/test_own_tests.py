"""How test runs of others are read and compared."""

from __future__ import annotations

import pytest
from environments import pins_of
from own_tests import REQUIREMENTS, SUITES, Compared, Result, main, read_result, table

PYTEST = """\
..F.                                                                  [100%]
=========================== short test summary info ============================
FAILED tests/test_a.py::test_b - assert 1 == 2
ERROR tests/test_c.py
1 failed, 3 passed, 2 skipped in 3.44s
"""
UNITTEST = """\
======================================================================
FAIL: testIt (Topic.test.TopicTestCase)
----------------------------------------------------------------------
Ran 41 tests in 12.345s

FAILED (failures=1, skipped=2)
"""


def test_pytest_is_read_without_its_time() -> None:
    failed = frozenset({"tests/test_a.py::test_b", "tests/test_c.py"})
    assert read_result(PYTEST) == Result("1 failed, 3 passed, 2 skipped", failed)
    banner = "=========== 379 passed, 4 skipped, 2 warnings in 72.24s (0:01:12) ===========\n"
    assert read_result(banner) == Result("379 passed, 4 skipped, 2 warnings", frozenset())


def test_unittest_is_read_without_its_time() -> None:
    wanted = Result(
        "Ran 41 tests, FAILED (failures=1, skipped=2)",
        frozenset({"testIt (Topic.test.TopicTestCase)"}),
    )
    assert read_result(UNITTEST) == wanted
    assert read_result("Ran 1 test in 0.1s\n\nOK\n") == Result("Ran 1 test, OK", frozenset())


def test_no_run_has_no_counts() -> None:
    assert read_result("No module named pytest\n").counts == ""


def test_the_table_has_a_row_for_each_package() -> None:
    row = Compared(
        SUITES[0], 2, 1, Result("3 passed", frozenset()), Result("2 passed", frozenset())
    )
    assert table([row]).split("\n")[2] == "| cookiecutter 2.7.1 | 2 | 1 | 3 passed | 2 passed |"


def test_unknown_packages_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--packages", "biscuit"])
    assert ended.value.code == 2
    assert "unknown packages: biscuit; known are cookiecutter," in capsys.readouterr().err


def test_only_what_the_suites_need_is_pinned() -> None:
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    assert {"pytest", "setuptools"} <= set(pins)
    assert not {suite.project for suite in SUITES} & set(pins)
    assert all("==" in pin for pin in pins.values())
