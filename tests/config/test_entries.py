"""``hot``, ``once`` and ``processes``: what they do to the findings of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from celeryleak_lint.config import Config, catalog_tables
from tests.frontends.command import run
from tests.projects import LEAKY_TASK, written

COLD = LEAKY_TASK.replace("@shared_task\n", "")


def found(folder: Path, settings: str, files: dict[str, str]) -> list[str]:
    """The confidence of each finding, with its path."""
    written(folder, {"celeryleak-lint.toml": settings, **files})
    rows = run(
        "check", "--output-format", "json", "--confidence", "possible", "--no-cache", cwd=folder
    ).document["findings"]
    return [f"{row['path']} {row['confidence']}" for row in rows]


@pytest.mark.parametrize("name", ["remember", "shop.jobs.remember"])
def test_hot_functions(tmp_path: Path, name: str) -> None:
    files = {"shop/__init__.py": "", "shop/jobs.py": COLD}
    assert "shop/jobs.py certain" not in found(tmp_path, "", files)
    assert found(tmp_path, f"hot = ['{name}']\n", files) == ["shop/jobs.py certain"]
    assert "shop/jobs.py certain" not in found(tmp_path, "hot = ['other.remember']\n", files)


def test_the_trace_says_who_called_it_hot(tmp_path: Path) -> None:
    written(tmp_path, {"celeryleak-lint.toml": "hot = ['remember']\n", "jobs.py": COLD})
    assert "`remember` is a configured entry point" in run("check", cwd=tmp_path).out


def test_once_overrules_what_a_decorator_says(tmp_path: Path) -> None:
    assert found(tmp_path, "", {"jobs.py": LEAKY_TASK}) == ["jobs.py certain"]
    assert found(tmp_path, "once = ['jobs.remember']\n", {"jobs.py": LEAKY_TASK}) == []


FACTORY = "import httpx\n\n\ndef connect():\n    return httpx.Client()\n"
USE = "from store import connect\n\n\ndef poll():\n    connect().get('http://a')\n"


def test_a_script_ends_with_its_work(tmp_path: Path) -> None:
    files = {"store.py": FACTORY, "ops/poll.py": USE}
    plain = found(tmp_path, "", files)
    script = found(tmp_path, 'processes = { "ops" = "script" }\n', files)
    assert plain != script
    assert not [row for row in script if row.endswith(("certain", "likely"))]


def test_a_path_that_misleads_is_overruled(tmp_path: Path) -> None:
    files = {"store.py": FACTORY, "app/management/commands/poll.py": USE}
    usual = found(tmp_path, "", files)
    daemon = found(tmp_path, 'processes = { "commands/poll.py" = "long-running" }\n', files)
    pattern = 'processes = { "**/commands/poll.py" = "long-running" }\n'
    assert daemon == usual
    assert found(tmp_path, pattern, files) != usual


@pytest.mark.parametrize(
    ("pattern", "path", "is_script"),
    [
        ("poll.py", "a/poll.py", True),
        ("/poll.py", "a/poll.py", False),
        ("/poll.py", "poll.py", True),
        ("**/poll.py", "poll.py", True),
        ("/a", "a/b/poll.py", True),
        ("/b", "a/b/poll.py", False),
        ("a/*/poll.py", "a/b/poll.py", True),
    ],
)
def test_which_files_a_pattern_means(
    tmp_path: Path, pattern: str, path: str, is_script: bool
) -> None:
    rows = found(
        tmp_path, f'processes = {{ "{pattern}" = "script" }}\n', {"store.py": FACTORY, path: USE}
    )
    assert rows == [f"{path} {'possible' if is_script else 'likely'}"]


def test_rows_follow_those_of_the_user() -> None:
    own = {"why": "mine", "name": "x"}
    config = Config(hot=("tick",), tables={"entry-point": [own]})
    rows = catalog_tables(config)["entry-point"]
    assert isinstance(rows, list)
    assert rows[0] is own
    assert rows[1]["name"] == "tick"


@pytest.mark.parametrize(
    ("pattern", "anchor", "paths"),
    [
        ("tools", "", ["tools", "tools/"]),
        ("/tools/", "", ["[t/]ools", "tools/*"]),
        ("a/b.py", "", ["a/b.py", "a/b.py/*"]),
        ("**/b.py", "", ["**/b.py", "**/b.py/*", "[b/].py", "b.py/*"]),
        ("/svc/tools", "svc", ["[t/]ools", "tools/*"]),
    ],
)
def test_patterns_are_those_of_a_gitignore(pattern: str, anchor: str, paths: list[str]) -> None:
    config = Config(processes=((pattern, "script"),), anchor=anchor)
    (row,) = catalog_tables(config)["entry-point"]  # type: ignore[misc]
    assert row["paths"] == paths
