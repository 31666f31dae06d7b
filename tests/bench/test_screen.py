"""What a screen of bytes would have to keep, on a project whose parts that matter are known."""

from __future__ import annotations

from pathlib import Path

from edits import Project
from screen import price, shares

from tests.projects import written

LEAKY = """\
import httpx
from celery import shared_task


@shared_task
def task(url):
    return ask(url)


def ask(url):
    return httpx.Client().get(url).text
"""
QUIET = """\
def double(number):
    return number + number


def question():
    return "ask"
"""


def test_files_and_functions_that_matter_are_counted(tmp_path: Path) -> None:
    project = Project.of(written(tmp_path, {"app/leaky.py": LEAKY, "app/quiet.py": QUIET}))
    project.report()
    found = shares(project, 0)
    assert found.lines == LEAKY.count("\n") + QUIET.count("\n")
    assert found.files == LEAKY.count("\n") / found.lines
    assert found.functions == 4 / 8  # `task` and `ask`
    assert found.words == 6 / 8  # "ask" in `question` is a word like any other


def test_the_most_frequent_words_can_be_left_out(tmp_path: Path) -> None:
    project = Project.of(written(tmp_path, {"app/leaky.py": LEAKY, "app/quiet.py": QUIET}))
    project.report()
    assert shares(project, 1000).words == 0


def test_a_price_is_told_of_files_that_cannot_be_parsed_too() -> None:
    assert price([b"def f(x):\n    return x\n\n\n" * 500, b"def broken(:\n"]) > 0
