"""Commands that tell what the tool knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import celeryleak_lint
from celeryleak_lint.report.codes import ENTRIES
from tests.frontends.command import run
from tests.projects import LEAKY_TASK, copied, written

ROOT = Path(__file__).parents[2]


def test_version_needs_nothing_heavy(tmp_path: Path) -> None:
    ended = run("--version", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert ended.out == f"celeryleak-lint, version {celeryleak_lint.__version__}\n"
    for heavy in ("msgspec", "libcst", "celeryleak_lint.catalog", "multiprocessing"):
        assert heavy not in ended.err


def test_rules_as_table_and_as_json(tmp_path: Path) -> None:
    codes = [entry.code for entry in ENTRIES]
    assert [line.split()[0] for line in run("rules", cwd=tmp_path).lines] == codes
    rows = json.loads(run("rules", "--output-format", "json", cwd=tmp_path).out)
    assert [row["code"] for row in rows] == codes
    assert set(rows[0]) == {"code", "rule", "summary", "since"}


@pytest.mark.parametrize("name", ["CLK102", "clk102", "factory-called-per-call"])
def test_rule_prints_its_page(tmp_path: Path, name: str) -> None:
    page = ROOT / "docs/rules/CLK102-factory-called-per-call.md"
    assert run("rule", name, cwd=tmp_path).out.strip() == page.read_text().strip()


def test_why_shows_the_chain(tmp_path: Path) -> None:
    out = run("why", "jobs.py:7", cwd=written(tmp_path, {"jobs.py": LEAKY_TASK})).out
    assert "`remember`" in out
    assert "jobs.py:6" in out


def test_catalog_answers_to_a_name(tmp_path: Path) -> None:
    out = run("catalog", "celery.Celery", cwd=tmp_path).out
    assert "effect:          never-released" in out
    assert "source:" in out
    names = run("catalog", cwd=tmp_path).out
    assert "celery.Celery" in names
    assert "functools.cache" in names


def test_own_catalog_entries_that_nothing_uses(tmp_path: Path) -> None:
    settings = "".join(
        f"[[resource]]\nname = 'corp.{name}'\nwhy = 'opens sockets'\n"
        for name in ("Used", "Unused")
    )
    files = {"celeryleak-lint.toml": settings, "a.py": "from corp import Used\n\nx = Used()\n"}
    ended = run("catalog", "--unused", cwd=written(tmp_path, files))
    assert ended.lines == ["[[resource]] corp.Unused: nothing in the project uses this name"]
    assert ended.code == 1


def test_own_catalog_entries_are_found(tmp_path: Path) -> None:
    settings = "[[resource]]\nname = 'corp.Pool'\nwhy = 'opens sockets'\n"
    text = LEAKY_TASK.replace("import redis", "import corp").replace(
        'redis.Redis.from_url("redis://localhost")', "corp.Pool()"
    )
    project = written(tmp_path, {"jobs.py": text, "celeryleak-lint.toml": settings})
    assert "corp.Pool" in run("check", "--confidence", "possible", cwd=project).out


def test_config_shows_values_and_origins(tmp_path: Path) -> None:
    project = copied("two_roots", tmp_path)
    lines = run("config", "--exclude", "old", cwd=project).lines
    assert 'src = ["orders", "mail"]  # celeryleak-lint.toml' in lines
    assert 'exclude = ["old"]  # command line' in lines
    assert 'confidence = "likely"  # default' in lines
    assert "# source roots: mail, orders" in lines


def test_config_says_what_holds_for_a_file(tmp_path: Path) -> None:
    files = {
        "celeryleak-lint.toml": (
            'select = ["CLK101", "CLK102"]\nper-file-ignores = { "ops/**" = ["CLK101"] }\n'
            'processes = { "ops" = "script" }\n'
        ),
        "ops/poll.py": "",
        "tests/test_a.py": "",
    }
    project = written(tmp_path, files)
    lines = run("config", "ops/poll.py", cwd=project).lines
    assert 'processes = {"ops" = "script"}  # celeryleak-lint.toml' in lines
    assert lines[-4:] == [
        "# ops/poll.py:",
        "#   module ops.poll",
        "#   reported: CLK102",
        "#   ignored by per-file-ignores: CLK101",
    ]
    lines = run("config", "tests/test_a.py", cwd=project).lines
    assert "#   test code: it is read, and nothing is reported in it" in lines
    assert not [line for line in run("config", cwd=project).lines if line.startswith("#  ")]


def test_the_nearest_configuration_holds(tmp_path: Path) -> None:
    files = {
        "celeryleak-lint.toml": 'confidence = "certain"\n',
        "sub/pyproject.toml": '[tool.celeryleak-lint]\nconfidence = "possible"\n',
        "sub/a.py": "",
        "b.py": "",
    }
    project = written(tmp_path, files)
    assert (
        'confidence = "possible"  # sub/pyproject.toml' in run("config", "sub", cwd=project).lines
    )
    assert (
        'confidence = "certain"  # celeryleak-lint.toml' in run("config", "b.py", cwd=project).lines
    )


def test_hook_manifest_is_what_pre_commit_accepts() -> None:
    from pre_commit.clientlib import load_manifest

    hooks = {hook["id"]: hook for hook in load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))}
    assert all(hook["require_serial"] for hook in hooks.values())
    assert hooks["celeryleak-lint"]["types_or"] == ["python", "pyi"]
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert "celeryleak-lint" in [hook["id"] for hook in settings["repos"][0]["hooks"]]
