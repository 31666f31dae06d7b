"""Every door on one project with old findings: one new leak is reported, exactly that one.

The steps of the GitHub Action and the recipes of docs/ci.md are run as they are written.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.frontends.command import flake8, module, run
from tests.projects import LEAKY_TASK, committed, written

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
RECIPES = (ROOT / "docs" / "ci.md").read_text()
BIN = str(Path(sys.executable).parent)

SETTINGS = """\
baseline = "known.toml"
select = ["CLK1", "CLK9"]
per-file-ignores = { "scripts/**" = ["CLK101"] }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two known findings, one ignored by its path, and a new one in ``pkg/new.py``."""
    files = {
        "jobs.py": LEAKY_TASK,
        "pkg/mail.py": LEAKY_TASK.replace("remember", "send"),
        "scripts/once.py": LEAKY_TASK,
        ".gitignore": ".celeryleak_cache/\n",
        "celeryleak-lint.toml": SETTINGS,
    }
    folder = written(tmp_path / "project", files)
    assert run("check", "--write-baseline", "known.toml", cwd=folder).code == 0
    assert (folder / "known.toml").read_text().count("fingerprint = ") == 2
    committed(folder)
    return written(folder, {"pkg/new.py": LEAKY_TASK.replace("remember", "forget")})


def only_the_new_one(lines: list[str]) -> bool:
    return len(lines) == 1 and bool(
        re.search(r"pkg/new\.py:7:14: CLK101 (\[\*\] )?`forget`", lines[0])
    )


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a CI system does: with bash, and with an end at the first failure."""
    path = os.pathsep.join((BIN, os.environ["PATH"]))
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env={**os.environ, "PATH": path, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_command_and_flake8(project: Path) -> None:
    ended = run("check", "--output-format", "concise", cwd=project)
    assert only_the_new_one(ended.lines)
    assert only_the_new_one(flake8(cwd=project).lines)
    assert only_the_new_one(run("check", "--output-format", "concise", "pkg", cwd=project).lines)


def test_editor_sees_the_buffer(project: Path) -> None:
    text = LEAKY_TASK.replace("remember", "forget").encode()
    (project / "pkg/new.py").write_text("x = 1\n")
    name = "pkg/new.py"
    plugin = flake8("--stdin-display-name", name, "-", cwd=project, stdin=text)
    assert only_the_new_one(plugin.lines)
    options = ["--output-format", "concise", "--stdin-filename", name, "-"]
    assert only_the_new_one(run("check", *options, cwd=project, stdin=text).lines)


def test_hook(project: Path) -> None:
    (hook,) = [
        hook
        for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
        if hook["id"] == "celeryleak-lint"
    ]
    hook |= {"language": "system", "args": ["--output-format", "concise", "--quiet"]}
    hook["entry"] = f"{sys.executable} -m celeryleak_lint {hook['entry'].partition(' ')[2]}"
    settings = {"repos": [{"repo": "local", "hooks": [hook]}]}
    written(project, {".pre-commit-config.yaml": yaml.safe_dump(settings)})
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    environment = {"PRE_COMMIT_HOME": str(project.parent / "hooks")}
    ended = module("pre_commit", "run", cwd=project, **environment)
    assert only_the_new_one([line for line in ended.lines if "CLK" in line])
    assert ended.code == 1
    (project / "pkg/new.py").write_text("x = 1\n")
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    assert module("pre_commit", "run", "--all-files", cwd=project, **environment).code == 0


def test_fixing_hook(project: Path) -> None:
    """It changes what is staged and safe to change, and says so by failing, once."""
    (hook,) = [
        hook
        for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
        if hook["id"] == "celeryleak-lint-fix"
    ]
    hook |= {"language": "system"}
    hook["entry"] = f"{sys.executable} -m celeryleak_lint {hook['entry'].partition(' ')[2]}"
    settings = {"repos": [{"repo": "local", "hooks": [hook]}]}
    head = "from celery import shared_task\n\n\n@shared_task\ndef read(path):\n"
    text = f"{head}    return open(path).read()\n"
    written(project, {".pre-commit-config.yaml": yaml.safe_dump(settings), "pkg/new.py": text})
    written(project, {"pkg/untouched.py": text, "celeryleak-lint.toml": ""})
    staged = ["pkg/new.py", ".pre-commit-config.yaml", "celeryleak-lint.toml"]
    subprocess.run(["git", "add", *staged], cwd=project, check=True)
    environment = {"PRE_COMMIT_HOME": str(project.parent / "hooks")}
    ended = module("pre_commit", "run", cwd=project, **environment)
    assert ended.code == 1
    assert "files were modified by this hook" in ended.out
    assert (project / "pkg/new.py").read_text() == (
        f"{head}    with open(path) as f:\n        return f.read()\n"
    )
    assert (project / "pkg/untouched.py").read_text() == text
    subprocess.run(["git", "add", "pkg/new.py"], cwd=project, check=True)
    assert module("pre_commit", "run", cwd=project, **environment).code == 0


def action_step(name: str) -> dict[str, Any]:
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("name") == name]
    return dict(step)


def check_step(project: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The step of the action that checks, with the action's inputs."""
    temporary = project.parent / "runner"
    temporary.mkdir(exist_ok=True)
    given = {name: str(entry["default"]) for name, entry in ACTION["inputs"].items()} | inputs
    step = action_step("Check")
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], text)
        for name, text in step["env"].items()
    }
    files = {
        name: str(temporary / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
    }
    return shell(
        step["run"], project, **environment, **files, RUNNER_TEMP=str(temporary),
        CELERYLEAK_LINT=f"{BIN}/celeryleak-lint", GITHUB_WORKSPACE=str(project),
    )  # fmt: skip


def test_action_annotates_and_writes_sarif(project: Path) -> None:
    done = check_step(project)
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error title=CLK101 (resource-built-per-call),file=pkg/new.py,line=7,")
    temporary = project.parent / "runner"
    name, _, sarif = (temporary / "github_output").read_text().strip().partition("=")
    assert name == "sarif"
    (result,) = json.loads(Path(sarif).read_text())["runs"][0]["results"]
    assert result["ruleId"] == "CLK101"
    assert "1 finding in" in (temporary / "github_step_summary").read_text()
    assert "1  CLK101" in done.stderr


def test_action_takes_a_base_and_options(project: Path) -> None:
    inputs = {"base": "HEAD", "args": "--isolated --select CLK101", "paths": "jobs.py pkg"}
    done = check_step(project, **inputs)
    assert [line.count("pkg/new.py,") for line in done.stdout.splitlines()] == [1]
    (project / "pkg/new.py").unlink()
    assert check_step(project, **inputs).returncode == 0
    assert check_step(project, base="nowhere").returncode == 2
    assert check_step(project, args="$(touch smuggled) `touch smuggled` ;").returncode == 2
    assert not list(project.rglob("smuggled"))


def test_no_script_of_the_action_holds_an_input() -> None:
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_action_is_what_github_accepts() -> None:
    assert module(
        "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml", cwd=ROOT
    ).code == 0  # fmt: skip


def recipe(heading: str, language: str) -> str:
    """The first block of ``language`` under a heading of docs/ci.md."""
    part = RECIPES.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    match = re.search(rf"```{language}\n(.*?)```", part, re.DOTALL)
    assert match, heading
    return match[1]


def test_gitlab_recipe(project: Path) -> None:
    job = yaml.safe_load(recipe("GitLab", "yaml"))["leaks"]
    script = [line for line in job["script"] if not line.startswith("pip ")]
    done = shell("\n".join(script), project, CI_PROJECT_DIR=str(project))
    assert done.returncode == 1
    reports = job["artifacts"]["reports"]
    (entry,) = json.loads((project / reports["codequality"]).read_text())
    assert (entry["check_name"], entry["location"]["path"]) == ("CLK101", "pkg/new.py")
    assert 'failures="1"' in (project / reports["junit"]).read_text()
    assert [(project / path).is_dir() for path in job["cache"]["paths"]] == [True]


def test_plain_and_workflow_recipes(project: Path) -> None:
    assert shell(recipe("A plain gate", "console"), project).returncode == 1
    part = RECIPES.partition("Without the action:")[2]
    steps = yaml.safe_load(part.partition("```yaml\n")[2].partition("```")[0])
    (script,) = [s["run"] for s in steps if "pip" not in s["run"].split()[0]]
    done = shell(script, project)
    assert done.stdout.count("::error") == 1
    assert (project / "leaks.sarif").is_file()


def test_tox_and_nox_recipes_run_the_same_command(project: Path) -> None:
    import configparser

    parser = configparser.ConfigParser()
    parser.read_string(recipe("tox", "ini"))
    command = parser["testenv:leaks"]["commands"].replace("{posargs}", "pkg")
    assert shell(command, project).returncode == 1
    words = re.search(r"session\.run\((.*?), \*session", recipe("nox", "python"))
    assert words
    assert shlex.split(words[1].replace(",", "")) == command.split()[:2]


def test_hook_recipe_names_hooks_that_exist() -> None:
    (repo,) = yaml.safe_load(recipe("pre-commit", "yaml"))["repos"]
    known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in repo["hooks"]} <= known


def test_flake8_recipe(project: Path) -> None:
    text = recipe("flake8", "ini").replace("celeryleak-baseline.toml", "known.toml")
    written(project, {".flake8": text.replace("extend-select = CLK", "select = CLK")})
    assert only_the_new_one(module("flake8", cwd=project).lines)
