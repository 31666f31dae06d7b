"""Which command lines start workers, and what they say."""

from __future__ import annotations

import pytest

from celeryleak_lint.deploy.commands import workers_in, workers_of


def only(text: str) -> tuple[str, dict[str, str], bool]:
    """Program, options and opacity of the one worker in a text."""
    (worker,) = workers_in(text)
    return worker.program, dict(worker.options), worker.is_opaque


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("celery -A app worker", {"A": "app"}),
        ("celery worker -A app", {"A": "app"}),
        ("celery --app=app worker", {"app": "app"}),
        ("celery --app app worker --pool gevent", {"app": "app", "pool": "gevent"}),
        ("celery -Aapp worker -Pgevent -c4", {"A": "app", "P": "gevent", "c": "4"}),
        ("/opt/venv/bin/celery worker --maxtasksperchild 10", {"maxtasksperchild": "10"}),
        ("celery worker --max-tasks-per-child=10", {"max-tasks-per-child": "10"}),
        ("celery worker --max-memory-per-child 9", {"max-memory-per-child": "9"}),
        ("python -m celery -A app worker", {"A": "app"}),
        ("python3 manage.py celery worker -c 2", {"c": "2"}),
        ("exec ddtrace-run celery -A app worker &", {"A": "app"}),
        ("env X=1 DD_SERVICE=w celery -A app worker", {"A": "app"}),
        ("X=1 celery -A app worker 2>&1 | tee log", {"A": "app"}),
        ("./migrate.sh && celery -A app worker", {"A": "app"}),
        ("sh -c 'sleep 3; exec celery -A app worker'", {"A": "app"}),
        ("bash -lc 'sh -c \"celery -A app worker\"'", {"A": "app"}),
        ("docker compose exec web celery -A app worker", {"A": "app"}),
        ("${CELERY_BIN} -A app multi start w1 w2 -c 3", {"A": "app", "c": "3"}),
        ("celery multi restart 2 -A app", {"A": "app"}),
        ("celery -A app worker -c ${N:-1}", {"A": "app", "c": "${N:-1}"}),
        ("celery -A app worker \\\n  -P solo", {"A": "app", "P": "solo"}),
        ("celery -A app worker # restarts itself -P solo", {"A": "app"}),
        ("(celery -A app worker)", {"A": "app"}),
        ("celery -A app worker --loglevel info > log", {"A": "app", "loglevel": "info"}),
        ("celery -A app worker >>log -P solo", {"A": "app"}),
        ("celery --no-color -A app worker -E", {"no-color": "", "A": "app", "E": ""}),
        ("celery -A app worker --custom x -E", {"A": "app", "custom": "", "E": ""}),
    ],
)
def test_a_worker_in_every_spelling(text: str, options: dict[str, str]) -> None:
    program, found, is_opaque = only(text)
    assert program == "celery"
    assert found == options
    assert not is_opaque


@pytest.mark.parametrize("text", ["airflow celery worker --concurrency 4", "airflow worker"])
def test_airflow(text: str) -> None:
    assert only(text)[0] == "airflow"


@pytest.mark.parametrize(
    "text",
    ["celery -A app worker $OPTS", 'celery -A app worker "$@"', "celery -A app worker ${A} -c 2"],
)
def test_a_variable_may_hide_options(text: str) -> None:
    assert only(text)[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "celery",
        "celery -A app beat",
        "celery -A worker beat",
        "celery -A app inspect ping",
        "celery multi stop w1",
        "airflow scheduler",
        "airflow celery flower",
        "echo celery worker",
        "pip install celery worker",
        "pkill -f 'celery -A app worker'",
        "docker-compose up -d celery worker",
        "docker compose logs celery worker",
        "watchfiles --filter python 'celery -A app worker'",
        "watchmedo auto-restart -- celery -A app worker",
        "# celery -A app worker",
        "celery.sh worker",
        "celery worker + beat, started by the chart",
        "run-celery worker",
        "sh -c ''",
        "sh -c",
    ],
)
def test_no_worker(text: str) -> None:
    assert list(workers_in(text)) == []


def test_shells_in_shells_come_to_an_end() -> None:
    words: tuple[str, ...] = ("celery", "worker")
    for _ in range(5):
        words = ("sh", "-c", " ".join(repr(word) for word in words))
    assert list(workers_of(words)) == []


def test_a_quote_that_is_never_closed_costs_its_line_only() -> None:
    text = "echo it's broken\n" + "true\n" * 60 + "celery -A app worker\n"
    (worker,) = workers_in(text)
    assert worker.row == 61


def test_a_command_may_be_continued_over_many_lines() -> None:
    text = "celery -A app worker " + "\\\n  -E " * 50 + "\\\n -P solo\ncelery worker"
    first, second = workers_in(text)
    assert ("P", "solo") in first.options
    assert second.row == 52


def test_the_row_of_a_command() -> None:
    assert [w.row for w in workers_in("celery worker\n\nx \\\n y\ncelery worker -c 1\n")] == [0, 4]
