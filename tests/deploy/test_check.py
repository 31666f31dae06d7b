"""Deploy and lock files through the command and the pre-commit hook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from celeryleak_lint.deploy.kinds import kind_of
from tests.frontends.command import Ended, flake8, run
from tests.projects import written

ROOT = Path(__file__).parents[2]
APP = 'from celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n'
WORKER = "FROM python:3.12\nCMD celery -A shop worker\n"


def project(folder: Path, **others: str) -> Path:
    files: dict[str, str | bytes] = {
        "pyproject.toml": "[project]\nname = 'shop'\n",
        "shop/celery.py": APP,
    }
    return written(
        folder, {**files, **{name.replace("__", "/"): text for name, text in others.items()}}
    )


def places(ended: Ended) -> list[tuple[str, int, str]]:
    return [(f["path"], f["line"], f["code"]) for f in ended.document["findings"]]


def check(folder: Path, *arguments: str) -> Ended:
    return run("check", *(arguments or (".",)), "--no-cache", "--output-format", "json", cwd=folder)


def test_the_command_finds_deploy_files_by_itself(tmp_path: Path) -> None:
    folder = project(tmp_path, docker__Dockerfile=WORKER)
    ended = check(folder)
    assert ended.code == 1
    assert places(ended) == [("docker/Dockerfile", 2, "CLK501")]
    (finding,) = ended.document["findings"]
    assert (finding["column"], finding["end_column"]) == (5, 26)
    assert finding["confidence"] == "likely"


def test_only_what_is_asked_for_is_reported(tmp_path: Path) -> None:
    folder = project(tmp_path, Dockerfile=WORKER)
    assert places(check(folder, "shop/celery.py")) == []
    assert places(check(folder, "Dockerfile")) == [("Dockerfile", 2, "CLK501")]
    assert check(folder, "shop").code == 0


def test_a_limit_in_python_silences_a_file_that_is_given_alone(tmp_path: Path) -> None:
    folder = project(tmp_path, Dockerfile=WORKER)
    (folder / "shop" / "celery.py").write_text(APP + "app.conf.worker_max_tasks_per_child = 9\n")
    assert check(folder, "Dockerfile").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "FROM x\nCMD celery -A shop worker  # noqa: CLK501\n",
        "FROM x\n# noqa: CLK501\nCMD celery -A shop worker\n",
        "FROM x\n# why\n# noqa\n# more\nCMD celery -A shop worker\n",
    ],
)
def test_a_comment_switches_a_finding_off(tmp_path: Path, text: str) -> None:
    ended = check(project(tmp_path, Dockerfile=text))
    assert ended.code == 0
    assert ended.document["summary"]["suppressed"] == 1


@pytest.mark.parametrize("text", ["# noqa: CLK502\nCMD", "# noqa: CLK501\nRUN true\nCMD"])
def test_another_comment_does_not(tmp_path: Path, text: str) -> None:
    assert check(project(tmp_path, Dockerfile=f"FROM x\n{text} celery -A shop worker\n")).code == 1


def test_excluded_ignored_and_tested_files_deploy_nothing(tmp_path: Path) -> None:
    folder = project(
        tmp_path, old__Dockerfile=WORKER, tests__Dockerfile=WORKER, ignored__Dockerfile=WORKER
    )
    (folder / ".gitignore").write_text("ignored/\n")
    (folder / "celeryleak-lint.toml").write_text('exclude = ["old/"]\n')
    assert check(folder).code == 0
    assert check(folder, "old/Dockerfile", "--force-exclude").code == 0


def test_a_broken_file_is_a_failure_with_its_line(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "compose.yaml").write_text("worker:\n  command: [celery, worker\nx: }\n")
    ended = check(folder)
    assert ended.code == 2
    (failure,) = ended.document["failures"]
    assert (failure["path"], failure["line"]) == ("compose.yaml", 3)
    assert check(folder, "shop").code == 0
    assert check(folder, ".", "--ignore", "CLK901").code == 0


def test_a_script_without_suffix_is_read_by_its_first_line(tmp_path: Path) -> None:
    folder = project(tmp_path, bin__worker="#!/bin/sh\nexec celery -A shop worker\n")
    assert places(check(folder)) == [("bin/worker", 2, "CLK501")]
    assert places(check(folder, "bin/worker")) == [("bin/worker", 2, "CLK501")]


def test_a_python_script_without_suffix_is_still_python(tmp_path: Path) -> None:
    folder = project(tmp_path, bin__tool="#!/usr/bin/env python\nx =\n")
    ended = check(folder, "bin/tool")
    assert ended.code == 2
    assert ended.document["failures"][0]["path"] == "bin/tool"


def test_an_unsaved_deploy_file(tmp_path: Path) -> None:
    folder = project(tmp_path)
    arguments = (
        "check",
        "-",
        "--stdin-filename",
        "Dockerfile",
        "--no-cache",
        "--output-format",
        "json",
    )
    ended = run(*arguments, cwd=folder, stdin=WORKER.encode())
    assert places(ended) == [("Dockerfile", 2, "CLK501")]


def test_flake8_says_nothing_of_files_that_it_does_not_see(tmp_path: Path) -> None:
    ended = flake8(".", cwd=project(tmp_path, Dockerfile=WORKER))
    assert (ended.code, ended.out) == (0, "")


def test_one_finding_for_a_release_that_many_files_name(tmp_path: Path) -> None:
    folder = project(tmp_path)
    lock = '[[package]]\nname = "celery"\nversion = "5.4.0"\n'
    written(folder, {"requirements.txt": "celery==5.4.0\n", "uv.lock": lock, "b/uv.lock": lock})
    ended = check(folder)
    assert places(ended) == [("requirements.txt", 1, "CLK506")]
    trace = ended.document["findings"][0]["trace"]
    assert [(step["path"], step["line"]) for step in trace] == [("b/uv.lock", 2), ("uv.lock", 2)]
    assert places(check(folder, "uv.lock")) == [("requirements.txt", 1, "CLK506")]


def test_items_of_dictionaries_have_exact_places(tmp_path: Path) -> None:
    folder = project(tmp_path)
    text = 'from celery import Celery\n\nCONF = {"é": 1, "broker_pool_limit": None}  # é\n'
    written(folder, {"shop/conf.py": text})
    (finding,) = check(folder).document["findings"]
    assert finding["code"] == "CLK108"
    assert (finding["line"], finding["column"], finding["end_column"]) == (3, 17, 42)
    (folder / "shop" / "conf.py").write_text(text.replace("# é", "# noqa: CLK108"))
    assert check(folder).code == 0


def test_the_hook_is_called_for_every_file_that_is_read() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (hook,) = [hook for hook in hooks if hook["id"] == "celeryleak-lint-config"]
    pattern = re.compile(hook["files"])
    read = (
        "Dockerfile", "docker/Dockerfile.prod", "web.dockerfile", "Containerfile", "Procfile", "a.yml",
        "deploy/a.yaml", "w.service", "supervisor.conf", "s.ini", "run.sh", ".env", ".env.prod", "w.env",
        "pyproject.toml", "uv.lock", "a/poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt",
        "dev-requirements.txt", "requirements/base.txt", "constraints-3.12.txt",
    )  # fmt: skip
    assert [path for path in read if not pattern.search(path) or kind_of(path) is None] == []
    others = ("a.py", "notes.txt", "Cargo.lock", "Dockerfiles/readme.md", "package.json")
    assert [path for path in others if pattern.search(path) or kind_of(path)] == []


TASK = """\
import boto3
from celery import Celery

app = Celery("work")
{setting}

@app.task
def archive(name):
    boto3.client("s3").head_object(Bucket="archive", Key=name)
"""


@pytest.mark.parametrize(
    ("command", "setting", "is_reported"),
    [
        pytest.param("--max-tasks-per-child=1", "", False, id="one task for each process"),
        pytest.param("--max-tasks-per-child=100", "", True, id="many"),
        pytest.param(
            "--max-tasks-per-child=100", "app.conf.worker_max_tasks_per_child = 1", True,
            id="a command line wins",
        ),
        pytest.param("", "app.conf.worker_max_tasks_per_child = 1", False, id="a setting"),
        pytest.param(
            "--pool=threads --max-tasks-per-child=1", "", True, id="threads are never replaced"
        ),
    ],
)  # fmt: skip
def test_what_ends_with_its_task_keeps_nothing(
    tmp_path: Path, command: str, setting: str, is_reported: bool
) -> None:
    files = {
        "work.py": TASK.format(setting=setting),
        "Procfile": f"worker: celery -A work worker {command}\n",
    }
    ended = run("check", "--select", "CLK101", cwd=written(tmp_path, files))
    assert ended.code == int(is_reported), ended.out
