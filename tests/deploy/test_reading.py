"""Every format, from bytes to facts with their places."""

from __future__ import annotations

import pytest

from celeryleak_lint.deploy.reading import MAX_DEPLOY_BYTES, MAX_LOCK_BYTES, read
from celeryleak_lint.model.deploy import DeployFacts, WorkerCommand

WANTED = frozenset({"celery", "kombu", "awslabs-aws-api-mcp-server"})


def facts(path: str, text: str) -> DeployFacts:
    return read(path, text.encode(), wanted=WANTED)


def only(path: str, text: str) -> WorkerCommand:
    found = facts(path, text)
    assert found.failures == ()
    (worker,) = found.workers
    return worker


def shown(worker: WorkerCommand, text: str) -> str:
    """What stands at the worker's span."""
    span = worker.span
    assert span.line == span.end_line
    return text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("Dockerfile", "FROM x\nCMD celery -A a worker\n", "celery -A a worker"),
        ("Dockerfile", "FROM x\nENTRYPOINT exec celery -A a worker\n", "celery -A a worker"),
        ("Dockerfile", 'FROM x\nCMD ["celery", "-A", "a", "worker"]\n', 'celery", "-A", "a", "worker"]'),
        ("docker/Dockerfile.prod", 'FROM x\nENTRYPOINT ["celery"]\nCMD ["-A", "a", "worker"]\n',
         'CMD ["-A", "a", "worker"]'),
        ("web.dockerfile", 'FROM x\nCMD ["sh", "-c", \\\n  "celery -A a worker"]\n', 'celery -A a worker"]'),
        ("Procfile", "web: gunicorn\nworker: celery -A a worker\n", "celery -A a worker"),
        ("run.sh", "set -e\n\texec celery -A a worker\n", "celery -A a worker"),
        ("services/worker/run", "#!/bin/bash\ncelery -A a worker\n", "celery -A a worker"),
        ("w.service", "[Service]\nExecStart=-/bin/celery -A a worker\n", "celery -A a worker"),
        ("w.service", "[Service]\nExecStart=/bin/celery \\\n-A a \\\n# why\nworker\n", "celery \\"),
        ("sup.conf", "[program:w]\ncommand=celery -A a worker ; all\n", "celery -A a worker ; all"),
        ("sup.ini", "[program:w]\ncommand = celery -A a\n    worker\n", "celery -A a"),
        ("compose.yaml", "s:\n  w:\n    command: celery -A a worker\n", "celery -A a worker"),
        ("compose.yml", "w:\n  command: [celery, -A, a, worker]\n", "celery, -A, a, worker]"),
        ("compose.yml", "w:\n  command: >\n    sh -c 'sleep 1 &&\n    celery -A a worker'\n",
         "celery -A a worker'"),
        ("k/w.yaml", "c:\n- command: [celery]\n  args:\n  - -A\n  - a\n  - worker\n", "celery]"),
        ("k/w.yaml", 'c:\n- args: ["celery -A a worker"]\n', 'celery -A a worker"]'),
        ("k/w.yaml", "c:\n  command:\n  - sh\n  - -c\n  - |\n    x\n    celery -A a worker\n",
         "celery -A a worker"),
        ("render.yaml", "- startCommand: celery -A a worker\n", "celery -A a worker"),
        ("h/w.yaml", "{{- if .x }}\nw:\n  command: celery -A {{ .y }} worker\n{{- end }}\n",
         "celery -A {{ .y }} worker"),
        ("h/w.yaml", "{{/* a\nb: [ */}}\nw:\n  args: [celery, worker, '{{ .y }}']\n",
         "celery, worker, '{{ .y }}']"),
        ("ü.yaml", "w:\n  command: echo ü && celery -A a worker\n", "celery -A a worker"),
    ],
)  # fmt: skip
def test_a_worker_and_its_place(path: str, text: str, place: str) -> None:
    worker = only(path, text)
    assert shown(worker, text) == place
    assert worker.app in ("a", "")
    assert only(path, text.replace("\n", "\r\n")).span.line == worker.span.line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", "FROM x\nENV A=1 CELERYD_MAX_TASKS_PER_CHILD=7\n"),
        ("Dockerfile", "FROM x\nENV CELERYD_MAX_TASKS_PER_CHILD 7\n"),
        ("c.yaml", "w:\n  environment:\n    CELERYD_MAX_TASKS_PER_CHILD: 7\n"),
        ("c.yaml", "w:\n  environment:\n  - CELERYD_MAX_TASKS_PER_CHILD=7\n"),
        ("c.yaml", "w:\n  env:\n  - name: CELERYD_MAX_TASKS_PER_CHILD\n    value: '7'\n"),
        ("values.yaml", "celery:\n  CELERYD_MAX_TASKS_PER_CHILD: 7\n"),
        ("w.service", "[Service]\nEnvironment=A=1\nEnvironment=CELERYD_MAX_TASKS_PER_CHILD=7\n"),
        ("w.service", '[Service]\nEnvironment="A=1" "CELERYD_MAX_TASKS_PER_CHILD=7"\n'),
        ("sup.conf", "[program:w]\nenvironment=A=1,CELERYD_MAX_TASKS_PER_CHILD=7\n"),
        (".env", "export CELERYD_MAX_TASKS_PER_CHILD=7\n"),
        ("run.sh", "export CELERYD_MAX_TASKS_PER_CHILD=7\n"),
    ],
)
def test_a_setting_of_the_environment(path: str, text: str) -> None:
    (setting,) = facts(path, text).settings
    assert (setting.name, setting.value) == ("CELERYD_MAX_TASKS_PER_CHILD", "7")


def test_the_value_of_a_secret_or_config_map_counts_as_given() -> None:
    text = "env:\n- name: CELERYD_MAX_TASKS_PER_CHILD\n  valueFrom: {configMapKeyRef: {key: x}}\n"
    (setting,) = facts("w.yaml", text).settings
    assert setting.value


def test_airflow_settings_are_taken_in() -> None:
    text = "[celery]\nextra_celery_config = {}\n"
    (setting,) = facts("airflow.conf", text).settings
    assert setting.name == "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"


def test_an_anchor_is_read_once() -> None:
    text = "x: &w\n  command: celery -A a worker\na: *w\nb:\n  <<: *w\n"
    assert only("compose.yaml", text).span.line == 2


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("requirements.txt", "a==1\nCelery[redis] == 5.2.0 ; python_version > '3' # x\n", ("celery", "5.2.0", 2)),
        ("requirements/base.txt", "celery==5.2.0 \\\n  --hash=sha256:aa\n", ("celery", "5.2.0", 1)),
        ("constraints-3.12.txt", "awslabs.aws_api_mcp_server===1.0\n", ("awslabs-aws-api-mcp-server", "1.0", 1)),
        ("pyproject.toml", '[project]\ndependencies = [\n "celery==5.2",\n]\n', ("celery", "5.2", 3)),
        ("pyproject.toml", '[project.optional-dependencies]\nw = ["celery==5.2"]\n', ("celery", "5.2", 2)),
        ("pyproject.toml", '[dependency-groups]\nd = ["kombu==5.2", {include-group = "x"}]\n', ("kombu", "5.2", 2)),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "5.2"\n', ("celery", "5.2", 2)),
        ("pyproject.toml", '[tool.poetry.group.w.dependencies]\ncelery = {version = "==5.2"}\n', ("celery", "5.2", 2)),
        ("uv.lock", 'v = 1\n\n[[package]]\nname = "celery"\nversion = "5.2"\n', ("celery", "5.2", 4)),
        ("poetry.lock", '[[package]]\nname = "Celery"\nversion = "5.2"\n\n[package.extras]\nx = []\n\n[metadata]\na = 1\n',
         ("celery", "5.2", 2)),
        ("pdm.lock", '[[package]]\nname = "kombu"\nversion = "5.2"\n[[package]]\nname = "x"\nversion = "1"\n',
         ("kombu", "5.2", 2)),
        ("Pipfile.lock", '{"_meta": 1,\n "default": {\n  "celery": {"version": "==5.2"}}}', ("celery", "5.2", 3)),
    ],
)  # fmt: skip
def test_a_release_and_its_place(path: str, text: str, place: tuple[str, str, int]) -> None:
    found = facts(path, text)
    assert found.failures == ()
    assert [(r.name, r.version, r.span.line) for r in found.releases] == [place]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "celery>=5.2\ncelery==5.*\ncelery\n-r celery.txt\n# celery==5.2\n-e git+x#egg=celery\n"),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "^5.2"\nkombu = "~5.2"\n'),
        ("pyproject.toml", '[project]\nname = "celery"\ndependencies = "celery==5.2"\n'),
        ("uv.lock", '[[package]]\nname = "celery-types"\nversion = "5.2"\n'),
        ("Pipfile.lock", '["celery"]'),
    ],
)  # fmt: skip
def test_what_pins_nothing(path: str, text: str) -> None:
    assert facts(path, text) == DeployFacts()


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("c.yaml", "c: [celery, worker\nb: }", "cannot be read as YAML: "),
        ("c.yaml", "'celery worker': " + "[" * 300, "nested too deeply"),
        (
            "h.yaml",
            "a: {{ x }}\nc: [celery, worker\nb: }",
            "as YAML behind its template expressions",
        ),
        ("w.conf", "[celery]\nworker\n= celery\n", "cannot be read: "),
        ("pyproject.toml", "celery = ", "is not valid TOML: "),
        ("uv.lock", '[[package]]\nname = "celery"\nversion = \n', "this package cannot be read: "),
        ("Pipfile.lock", '{"celery": ', "is not valid JSON: "),
    ],
)
def test_a_broken_file_is_one_failure(path: str, text: str, message: str) -> None:
    found = facts(path, text)
    (failure,) = found.failures
    assert message in failure.message
    assert failure.path == path
    assert "\n" not in failure.message


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("c.yaml", "a: [worker\nb: }"),
        ("c.yaml", "celery: [task\nb: }"),
        ("h.yaml", "{{ celery }}: [}"),
        ("h.yaml", "celeryworker: [}\n{{ celery }}"),
        ("LICENSE", "celery worker"),
        ("notes", "celery -A a worker"),
        (".github/workflows/ci.yml", "run:\n  command: celery -A a worker\n"),
        ("c.yaml", "celery: worker\n" + "#" * MAX_DEPLOY_BYTES),
        ("Dockerfile", "\x00\xff celery"),
        ("x.toml", "celery==5.2"),
    ],
)
def test_what_says_nothing_is_passed_over(path: str, text: str) -> None:
    assert facts(path, text) == DeployFacts()


def test_a_lock_file_of_absurd_size_is_a_failure() -> None:
    (failure,) = facts("uv.lock", "# celery\n" + "#" * MAX_LOCK_BYTES).failures
    assert "8 MiB" in failure.message


@pytest.mark.parametrize(
    "text",
    [
        "celery worker\n" + "\n".join(" " * n + "a:" for n in range(900)),
        "celery: worker\na: &a [x]\n" + "\n".join(f"b{n}: [*a, *a]" for n in range(3000)),
        "celery worker: &a [*a, *a]\n",
        "celery worker: &a\n  b: *a\n",
    ],
)
def test_hostile_yaml_comes_to_an_end(text: str) -> None:
    found = facts("c.yaml", text)
    assert found.workers == ()
    assert len(found.failures) <= 1
