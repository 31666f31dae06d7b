"""The arithmetic of the growth bench on made-up rows, its samples, and its small servers."""

from __future__ import annotations

import http.client
import shutil
from pathlib import Path

import pytest
from checking import check
from environments import pins_of
from growth import REQUIREMENTS, SAMPLES, Row, Run, main, samples, store, stored, table, verdicts
from services import free_port, http_server, redis_server, stat

BASE = Row(0, 50_000_000, 15, 1, 1, 0.0)


def run(variant: str, *, per_task: int = 0, files: float = 0, findings: int = 0) -> Run:
    """A run of 1,000 tasks whose memory and files rise in a straight line."""
    rows = tuple(
        Row(n, BASE.memory + n * per_task, BASE.files + round(n * files), 1, 1, n / 100)
        for n in range(50, 1001, 50)
    )
    return Run("engine", variant, findings, rows, 9)


def test_the_highest_value_up_to_a_share_counts() -> None:
    rows = tuple(Row(n, 10_000_000, f, 1, 1, 0.0) for n, f in ((10, 5), (50, 90), (100, 7)))
    saw = Run("s", "leaky", 1, rows, 0)
    assert [saw.highest("files", share) for share in (0.1, 0.5, 1.0)] == [5, 90, 90]
    assert saw.growth("files") == 85


def test_what_rises_after_settling_grows() -> None:
    assert run("leaky", per_task=10_000).grows() == ("memory",)
    assert run("leaky", per_task=1_000).grows() == ()
    assert run("leaky", files=0.5).grows() == ("files",)
    assert run("fixed").grows() == ()


def test_what_costs_more_is_named() -> None:
    leaky, fixed = run("leaky", per_task=10_000), run("fixed")
    assert leaky.costs_more_than(fixed) == ("memory",)
    assert fixed.costs_more_than(leaky) == ()
    busy = Run("engine", "leaky", 1, fixed.rows, 10_009)
    assert busy.costs_more_than(fixed) == ("connections",)


def test_runs_are_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    assert stored(path) == stored(None) == ()
    runs = (run("leaky", files=1), run("fixed"))
    store(runs, path)
    assert stored(path) == runs
    path.write_text('[{"sample": "engine"}]')
    with pytest.raises(ValueError, match="no results of this bench"):
        stored(path)


def test_a_verdict_names_sample_and_metric() -> None:
    good = [run("leaky", per_task=10_000, findings=1), run("fixed")]
    assert list(verdicts(good)) == []
    bad = [run("leaky", findings=1), run("fixed", files=1, findings=2)]
    assert list(verdicts(bad)) == [
        "engine: costs no more before the fix than after it",
        "engine: still growing after the fix: files",
        "engine: 2 findings after the fix",
    ]


def test_the_table_shows_all_checkpoints_in_one_cell() -> None:
    head, _, row = table([run("leaky", per_task=10_000, findings=1)]).split("\n")
    assert "memory in MB at 100 / 500 / 1,000 tasks" in head
    assert row.startswith("| engine | leaky | 1 | 51.0 / 55.0 / 60.0 | 15 / 15 / 15 | 1 / 1 / 1 |")
    assert row.endswith("| 10.0 | 9 |")


@pytest.mark.parametrize("sample", samples([]), ids=lambda path: str(path.name))
def test_every_sample_is_reported(sample: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(sample, tmp_path / sample.name)
    checked = check(copy)
    assert not checked.failures
    assert [finding.place.path for finding in checked.findings] == ["shop/tasks.py"]


def test_unknown_samples_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert samples(["engine"]) == (SAMPLES / "engine",)
    with pytest.raises(SystemExit) as ended:
        main(["--samples", "engine,motor"])
    assert ended.value.code == 2
    assert "unknown samples: motor; known are app_per_send," in capsys.readouterr().err


def test_too_few_tasks_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--tasks", "9"])
    assert ended.value.code == 2
    assert "--tasks 9: expected at least 10" in capsys.readouterr().err


def test_the_worker_is_pinned() -> None:
    pins = pins_of(REQUIREMENTS.read_text(encoding="utf-8"))
    assert {"celery", "redis", "httpx", "boto3", "SQLAlchemy", "matplotlib"} <= set(pins)
    assert all("==" in pin for pin in pins.values())


def test_the_http_server_counts_connections() -> None:
    with http_server() as server:
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            for _ in range(3):
                connection.request("GET", "/stock")
                assert connection.getresponse().read() == b'{"stock": 3}'
            connection.close()
        assert server.connections() == 2


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server")
def test_a_redis_of_our_own_answers_and_counts() -> None:
    with redis_server() as redis:
        assert redis is not None
        assert "+PONG" in redis.command("PING")
        before = redis.connections()
        redis.command("PING")
        assert redis.connections() == before + 2
    with pytest.raises(ConnectionRefusedError):
        redis.command("PING")


def test_without_redis_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with redis_server() as redis:
        assert redis is None


def test_one_number_is_read_from_the_info() -> None:
    assert stat("# Stats\r\ntotal_connections_received:12\r\nx:1\r\n", "x") == 1
    with pytest.raises(KeyError):
        stat("# Stats\r\n", "x")
    assert 0 < free_port() < 65536
