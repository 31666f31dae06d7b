"""``check --executor`` from the outside, with real Dask clusters on the loopback."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.clusters import (  # fmt: skip
    CHANGED,
    DYING,
    LOOPBACK,
    SLOW,
    Cluster,
    cluster,
    python_without_us,
    wait_for,
)
from tests.frontends.command import Ended, run
from tests.projects import LEAKY_TASK, written

pytestmark = [
    pytest.mark.skipif(find_spec("distributed") is None, reason="the extra dask is missing"),
    pytest.mark.skipif(sys.platform == "win32", reason="workers are ended by signals"),
]

FILES = 160


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), "", "") as started:
        yield started


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Leaks in some files, nothing in others, one file nobody can read and a link across files."""
    folder = tmp_path / "project"
    for number in range(FILES):
        text = LEAKY_TASK.replace("remember", f"remember_{number}") if number % 3 else "x = 1\n"
        written(folder, {f"shop/m{number:03d}.py": text})
    far = "from celery import Celery\n\n\ndef make():\n    return Celery('far')\n"
    near = "from celery import shared_task\nfrom shop.far import make\n\n\n@shared_task\n"
    near += "def notify():\n    make().send_task('x')\n"
    newer = "def f():\n    try:\n        pass\n    except A, B:\n        pass\n"
    return written(
        folder,
        {"shop/far.py": far, "shop/near.py": near, "shop/bad.py": "x =\n", "shop/new.py": newer},
    )


def check(project: Path, *arguments: str) -> Ended:
    return run("check", "--output-format", "concise", *arguments, cwd=project)


def test_findings_failures_and_order_are_those_of_this_machine(
    project: Path, healthy: Cluster
) -> None:
    here = check(project, "--no-cache", "--jobs", "1")
    there = check(project, "--no-cache", "--executor", healthy.url)
    assert len(here.lines) == FILES - (FILES + 2) // 3 + 1
    assert (there.code, there.out, there.complaints) == (here.code, here.out, here.complaints)
    assert here.code == 2
    (complaint,) = here.complaints
    assert complaint.startswith("shop/bad.py:1:4: ")


def test_cache_is_shared_with_runs_on_this_machine(
    project: Path, healthy: Cluster, tmp_path: Path
) -> None:
    folder = str(tmp_path / "cache")
    there = check(project, "--cache-dir", folder, "--executor", healthy.url)
    packs = {path: path.stat().st_mtime_ns for path in Path(folder).rglob("??.pack")}
    written(project, {"shop/m000.py": "x = 2\n"})  # so that no report is remembered as a whole
    here = check(project, "--cache-dir", folder)
    written(project, {"shop/m000.py": "x = 3\n"})
    again = check(project, "--cache-dir", folder, "--executor", healthy.url)
    assert there.lines
    assert here.out == there.out == again.out
    changed = [path for path, stamp in packs.items() if path.stat().st_mtime_ns != stamp]
    assert len(changed) == 1, "files were read again that have not changed"


def test_unsaved_text_goes_there_too(project: Path, healthy: Cluster) -> None:
    arguments = ("check", "--output-format", "concise", "--no-cache", "-", "--stdin-filename")
    text = LEAKY_TASK.encode()
    there = run(*arguments, "shop/m000.py", "--executor", healthy.url, cwd=project, stdin=text)
    assert there.code == 1
    assert [line.partition(": ")[0] for line in there.lines] == ["shop/m000.py:7:14"]


def test_lost_worker_costs_no_finding(project: Path, tmp_path: Path) -> None:
    here = check(project, "--no-cache")
    with cluster(tmp_path / "cluster", "", DYING) as mixed:
        there = check(project, "--no-cache", "--executor", mixed.url)
        assert mixed.workers[1].wait(30) == -signal.SIGKILL
        assert mixed.workers[0].poll() is None
    assert (there.code, there.out, there.complaints) == (here.code, here.out, here.complaints)


def test_all_workers_lost_cost_no_finding_and_one_line(project: Path, tmp_path: Path) -> None:
    here = check(project, "--no-cache")
    with cluster(tmp_path / "cluster", DYING, DYING) as dying:
        there = check(project, "--no-cache", "--executor", dying.url)
        assert [worker.wait(30) for worker in dying.workers] == [-signal.SIGKILL] * 2
    assert (there.code, there.out) == (here.code, here.out)
    warning, *rest = there.complaints
    assert rest == here.complaints
    assert warning.startswith(f"celeryleak-lint: warning: the cluster at {dying.url[7:]} lost ")
    assert warning.endswith("; their files are read here instead")


def test_lost_scheduler_costs_no_finding_and_one_line(project: Path, tmp_path: Path) -> None:
    here = check(project, "--no-cache")
    with cluster(tmp_path / "cluster", SLOW) as slow, ThreadPoolExecutor(1) as beside:
        run_there = beside.submit(check, project, "--no-cache", "--executor", slow.url)
        wait_for((slow.folder / "begun").is_file, slow.folder / "worker0.log")
        slow.scheduler.kill()
        there = run_there.result()
    assert (there.code, there.out) == (here.code, here.out)
    warning, *rest = there.complaints
    assert rest == here.complaints
    assert warning.startswith(f"celeryleak-lint: warning: the cluster at {slow.url[7:]} lost ")


def refused(project: Path, url: str, **environment: str) -> str:
    """The one line with which a run ends that cannot begin."""
    ended = run("check", "--executor", url, cwd=project, **environment)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("celeryleak-lint: --executor: ")
    return line.removeprefix("celeryleak-lint: --executor: ")


def test_nobody_listens(project: Path) -> None:
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))  # taken, but nobody listens
        port = bound.getsockname()[1]
        assert refused(project, f"dask://{LOOPBACK}:{port}") == (
            f"no scheduler at {LOOPBACK}:{port}: connection refused; start one there with "
            f"`dask scheduler --port {port}`, or read all files here, without it"
        )


def test_whoever_listens_is_no_scheduler(project: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as mute:
        port = mute.getsockname()[1]
        told = refused(project, f"dask://{LOOPBACK}:{port}")
    assert told.startswith(f"no scheduler at {LOOPBACK}:{port}: no Dask scheduler answers (")


def test_scheduler_without_workers(project: Path, tmp_path: Path) -> None:
    with cluster(tmp_path / "cluster") as empty:
        told = refused(project, empty.url)
    address = empty.url[7:]
    assert told == (
        f"the scheduler at {address} has no worker that answers; start some with "
        f"`dask worker {address}`"
    )


def test_workers_must_be_of_this_version(project: Path, tmp_path: Path) -> None:
    with cluster(tmp_path / "cluster", "", CHANGED) as mixed:
        told = refused(project, mixed.url)
    assert told.startswith(f"worker tcp://{LOOPBACK}:")
    assert "would summarise files differently: there is celeryleak-lint 0.0.7-py3." in told
    assert told.endswith("; install the same there")


def test_workers_must_have_us(project: Path, tmp_path: Path) -> None:
    with cluster(tmp_path / "cluster") as bare:
        bare.add_worker(python=python_without_us(tmp_path / "others"))
        told = refused(project, bare.url)
    assert f"at {bare.url[7:]} cannot find celeryleak-lint; install " in told


def test_extra_is_missing(project: Path, tmp_path: Path) -> None:
    written(tmp_path, {"distributed.py": "raise ModuleNotFoundError('no', name='distributed')\n"})
    told = refused(project, "dask://localhost:8786", PYTHONPATH=str(tmp_path))
    assert told == 'a Dask cluster needs an extra: pip install "celeryleak-lint[dask]"'


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("dsak://h:1", "`dsak` is no executor that is known here; did you mean `dask`?"),
        ("ray://h:1", "`ray` is no executor that is known here; expected dask://HOST:PORT"),
        ("h:8786", "`h:8786` is no URL of an executor; expected dask://HOST:PORT"),
        ("", "`` is no URL of an executor; expected dask://HOST:PORT"),
        ("dask://h", "`dask://h` has no port; expected dask://HOST:PORT"),
        ("dask://:8786", "`dask://:8786` has no host; expected dask://HOST:PORT"),
        ("dask://h:0", "`dask://h:0` has no port; expected"),
        ("dask://h:65536", "`dask://h:65536` has no valid port or host; expected"),
        ("dask://h:port", "`dask://h:port` has no valid port or host; expected"),
        ("dask://[::1:8786", "`dask://[::1:8786` has no valid port or host; expected"),
        ("dask://h:1/x", "`dask://h:1/x` has more than a host and a port; expected"),
        ("dask://me@h:1", "`dask://me@h:1` has more than a host and a port; expected"),
    ],
)
def test_url_that_makes_no_sense(project: Path, url: str, told: str) -> None:
    assert refused(project, url).startswith(told)
