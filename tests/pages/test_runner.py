"""The runner, with an analysis made up for the purpose: a call of `Leak()` is a finding."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from celeryleak_lint.model.findings import Confidence, Failure, Finding, Report, Step
from celeryleak_lint.model.source import Span
from tests.pages.page import parse
from tests.pages.runner import problems

HOT = frozenset({"task"})


def finding(path: str, function: str, line: int, confidence: Confidence, root: int) -> Finding:
    return Finding(
        "CLK101", "slug", "text", path, Span(line, 1, line, 2), function, "r", None, confidence,
        (Step(path, root, 1, "hot"),), None, None, function,
    )  # fmt: skip


def leaks(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
    """Certain under `@task`, possible elsewhere; knows imports and nothing of `options`."""
    found = []
    for path, text in files.items():
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            hot = any("task" in ast.unparse(each) for each in node.decorator_list)
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Leak"):
                    level: Confidence = "certain" if hot else "possible"
                    found.append(finding(path, node.name, call.lineno, level, node.lineno))
    wanted = [f for f in found if confidence == "possible" or f.confidence == "certain"]
    return Report(tuple(wanted), (), (), len(files), 0)


def faithless(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
    """Knows one spelling only, one module name only, and one place of the file only."""
    if "main.py" not in files or "from lib import Leak\n" not in files["main.py"]:
        return Report((), (), (), 1, 0)
    return leaks(files, options=options, confidence=confidence)


def check(code: str, analyse: object = leaks, info: str = "py") -> list[str]:
    (case,) = parse("p.md", f"# t\n```{info}\n{code}```\n").cases
    return problems(case, analyse, HOT)  # type: ignore[arg-type]


GOOD = """\
from lib import Leak

@app.task
def f():  # trace
    Leak()  # error: CLK101

def g():
    Leak()  # possible: CLK101
"""


def test_a_right_case_has_no_problem() -> None:
    assert check(GOOD) == []
    assert check("x = 1\n") == []


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (GOOD.replace("# error: CLK101", ""), "default confidence: main.py:5: unexpected CLK101"),
        (GOOD.replace("# error", "# possible"), "default confidence: main.py:5: unexpected"),
        (GOOD.replace("# possible", "# error"), "main.py:8: CLK101 expected, nothing found"),
        (GOOD.replace("# possible: CLK101", ""), "confidence possible: main.py:8: unexpected"),
        (GOOD.replace("import Leak", "import Leak  # trace"), "main.py:1: no trace passes here"),
        ("x =\n", "main.py:1: does not parse"),
    ],
)
def test_each_wrong_expectation_is_named(code: str, problem: str) -> None:
    assert any(problem in each for each in check(code))


def test_twins_that_differ_are_named() -> None:
    found = "\n".join(check(GOOD, faithless))
    for twin in ("aliased imports", "dotted imports", "renamed modules"):
        assert f"twin `{twin}` differs" in found
    assert "twin `shifted`" not in found


def test_the_split_twin_runs_when_asked() -> None:
    code = "from lib import Leak\n\ndef make():\n    Leak()  # possible: CLK101\n\n"
    code += "def f():\n    make()\n"
    assert check(code, leaks, "py split") == []
    assert check(code) == []
    assert any("twin `split` differs" in each for each in check(code, only_main, "py split"))


def only_main(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
    kept = {path: text for path, text in files.items() if "divided" not in path}
    return leaks(kept, options=options, confidence=confidence)


def stubborn(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
    """Certain with or without the decorator."""
    text = {path: each.replace("#\n", "@task\n", 1) for path, each in files.items()}
    return leaks(text, options=options, confidence=confidence)


def test_certainty_must_go_with_the_hot_root() -> None:
    assert any("still certain" in each for each in check(GOOD, stubborn))


def test_failures_are_problems() -> None:
    def failing(files: Mapping[str, str], *, options: str, confidence: Confidence | None) -> Report:
        return Report((), (Failure("main.py", 1, 1, "unplaced"),), (), 1, 0)

    assert any("failure: unplaced" in each for each in check("x = 1\n", failing))
