"""What other tools say to fixed code: no more than they said before, and nothing to format."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.analysis import mend
from tests.pages.collect import long_tail, rule_pages

RUFF = ("F", "B", "E9", "E301", "E302", "E303", "E304", "E305", "E306", "PLW0603", "W29", "W391")
Trees = tuple[Path, Path]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    """Every changed file of every case, as it was and as it is, in two folders."""
    before, after = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after")
    count = 0
    for page in (*rule_pages(), *long_tail()):
        for case in page.cases:
            texts = {path: text.encode() for path, text in case.unmarked().items()}
            for confidence in (None, "possible"):
                done = mend(texts, options=case.options, confidence=confidence)  # type: ignore[arg-type]
                for path, text in done.texts.items():
                    if path.endswith(".py"):
                        count += 1
                        name = f"case{count}_line{case.line}_{Path(page.name).stem[:6]}.py"
                        (before / name).write_bytes(texts[path])
                        (after / name).write_bytes(text)
    assert count > 60, "hardly anything is fixed"
    return before, after


def ruff(folder: Path) -> Counter[tuple[str, str]]:
    words = [
        "check",
        "--isolated",
        "--preview",
        "--no-cache",
        "--exit-zero",
        "--select",
        ",".join(RUFF),
    ]
    done = tool("ruff", *words, "--output-format", "json", ".", cwd=folder)
    return Counter((Path(each["filename"]).name, each["code"]) for each in json.loads(done.stdout))


def flake8(folder: Path) -> Counter[tuple[str, str]]:
    words = ["--isolated", "--select", "F,E3,E9,W29,W391", "--format", "%(path)s %(code)s", "."]
    done = tool("flake8", *words, cwd=folder)
    rows = [line.split() for line in done.stdout.splitlines()]
    return Counter((Path(path).name, code) for path, code in rows)


def tool(name: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", name, *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def unformatted(name: str, folder: Path) -> set[str]:
    """Files that a formatter would change."""
    words = ["format", "--isolated", "--no-cache"] if name == "ruff" else ["-q"]
    found = set()
    originals = {path.name: path.read_bytes() for path in folder.glob("*.py")}
    done = tool(name, *words, ".", cwd=folder)
    assert done.returncode == 0, done.stderr
    for path in folder.glob("*.py"):
        if path.read_bytes() != originals[path.name]:
            found.add(path.name)
            path.write_bytes(originals[path.name])
    return found


def added(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> Iterator[str]:
    for (path, code), count in (after - before).items():
        yield f"{path}: {count} new {code}"


def test_linters_have_nothing_new_to_say(trees: Trees) -> None:
    before, after = trees
    found = [*added(ruff(before), ruff(after)), *added(flake8(before), flake8(after))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("formatter", ["ruff", "black"])
def test_formatters_leave_the_result_alone(trees: Trees, formatter: str) -> None:
    pytest.importorskip(formatter)
    before, after = trees
    found = unformatted(formatter, after) - unformatted(formatter, before)
    assert not found, "\n\n".join(f"{n}\n{(after / n).read_text()}" for n in sorted(found))
