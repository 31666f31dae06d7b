"""Every command that a page shows is run, and prints what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.transcript import ROOT, Block, Step, blocks, disagreement, steps, with_samples

SAMPLE = ROOT / "samples" / "leaky_worker"
UNTOUCHED = " (as it is)"
#: What the project's own environment can run; the others are measured by bench/speed.py.
AT_HAND = frozenset({"celeryleak-lint", "ruff"})


def test_the_tutorial_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    terminal = with_samples(tmp_path)
    ran = 0
    for block in blocks("tutorial.md"):
        if block.language == "py" and block.title.endswith(UNTOUCHED):
            path = terminal.folder / block.title.removesuffix(UNTOUCHED)
            assert block.body == path.read_text(encoding="utf-8")
        elif block.language == "py":
            (terminal.folder / block.title).write_text(block.body, encoding="utf-8")
        else:
            assert block.language == "console"
            for step in steps(block):
                trouble = disagreement(step, terminal.run(step.command))
                assert not trouble, trouble
                ran += 1
    assert ran > 10
    assert terminal.code == 0


def test_what_how_it_decides_shows(tmp_path: Path) -> None:
    terminal = with_samples(tmp_path)
    terminal.run("cd samples/leaky_worker")
    shown = [step for block in blocks("how-it-decides.md") for step in steps(block)]
    assert shown
    for step in shown:
        trouble = disagreement(step, terminal.run(step.command))
        assert not trouble, trouble


def test_what_the_comparison_shows_of_the_tools_at_hand(tmp_path: Path) -> None:
    terminal = with_samples(tmp_path)
    ran = set()
    for step in _compared():
        program = step.command.split()[0]
        if program in AT_HAND:
            trouble = disagreement(step, terminal.run(step.command))
            assert not trouble, trouble
            ran.add(program)
    assert ran == AT_HAND


@pytest.mark.parametrize(
    ("page", "scripts"),
    [
        ("comparison.md", {"bench/leakbench.py", "bench/speed.py"}),
        (
            "growth.md",
            {
                "bench/growth.py",
                "bench/airflow_fix.py",
                "bench/fix_packages.py",
                "bench/own_tests.py",
            },
        ),
    ],
)
def test_the_benches_know_the_options_that_a_page_gives_them(page: str, scripts: set[str]) -> None:
    shown = (block for block in blocks(page) if block.language == "console")
    commands = [step.command for block in shown for step in steps(block)]
    benches = [shlex.split(command) for command in commands if " bench/" in command]
    assert {words[1] for words in benches} == scripts
    for _, script, *arguments in benches:
        done = subprocess.run(
            [sys.executable, str(ROOT / script), "--help"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        for option in (word for word in arguments if word.startswith("--")):
            assert re.search(rf"{option}\b", done.stdout), f"{script} has no {option}"


def test_the_start_page_shows_what_the_sample_prints(tmp_path: Path) -> None:
    terminal = with_samples(tmp_path)
    terminal.run("cd samples/leaky_worker")
    printed = iter(terminal.run("celeryleak-lint check").splitlines())
    (shown,) = (block for block in blocks("index.md") if block.language == "text")
    for line in shown.body.splitlines():
        assert line in printed, f"not printed, or not in this order: {line}"


@pytest.mark.parametrize(
    ("shown", "printed", "agrees"),
    [
        ("a\nb", "a\nb\n", True),
        ("a in 1.23 s", "a in 4.56 s\n", True),
        ("a\n...", "a\nb\nc\n", True),
        ("...\nc", "a\nb\nc\n", True),
        ("a\n...\nc", "a\nb\nc\n", True),
        ("", "\n", True),
        ("a", "a\nb\n", False),
        ("b", "a\nb\n", False),
        ("a\n...\nd", "a\nb\nc\n", False),
        ("b\n...\na", "a\nb\n", False),
        ("a", "", False),
    ],
)
def test_a_transcript_is_compared_line_by_line(shown: str, printed: str, agrees: bool) -> None:
    step = Step("command", tuple(shown.splitlines()))
    assert (not disagreement(step, printed)) is agrees


def test_a_block_is_divided_at_its_prompts() -> None:
    found = list(steps(Block("console", "", "$ one\nprinted\n$ two\n")))
    assert found == [Step("one", ("printed",)), Step("two", ())]


def _compared() -> list[Step]:
    shown = (block for block in blocks("comparison.md") if block.language == "console")
    return [step for block in shown for step in steps(block)]
