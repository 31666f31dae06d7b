"""Real Dask clusters on this machine: a scheduler and workers, each a process, on the loopback.

Needs the extra ``dask``. What a worker should do wrong stands in a script that it runs before
it takes any work.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
SECONDS = 60.0

#: Dies at the first file it is asked about, as when the machine is taken away.
DYING = """\
import os, signal
import celeryleak_lint.summarising


def summarise(file, data):
    os.kill(os.getpid(), signal.SIGKILL)


celeryleak_lint.summarising.summarise = summarise
"""
#: Takes its time, and leaves a file named `begun` beside its logs when it has begun.
SLOW = """\
import os, time
import celeryleak_lint.summarising

summarise = celeryleak_lint.summarising.summarise


def slowly(file, data):
    open(os.environ["BEGUN"], "w").close()
    time.sleep(0.2)
    return summarise(file, data)


celeryleak_lint.summarising.summarise = slowly
"""
#: Is of another version, without saying so in its metadata.
CHANGED = """\
import celeryleak_lint.system.elsewhere

celeryleak_lint.__version__ = "0.0.7"
"""


@dataclass
class Cluster:
    """A scheduler and its workers, in a folder of their own."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    port: int
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What ``--executor`` is given."""
        return f"dask://{LOOPBACK}:{self.port}"

    def add_worker(self, script: str = "", python: Sequence[str] = (sys.executable,)) -> None:
        """Start a worker with one thread, and wait until the scheduler knows it."""
        number = len(self.workers)
        words = [*python, "-m", "distributed.cli.dask_worker", f"tcp://{LOOPBACK}:{self.port}"]
        words += ["--host", LOOPBACK, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        words += ["--local-directory", str(self.folder), "--name", f"w{number}"]
        if script:
            preload = self.folder / f"before{number}.py"
            preload.write_text(script, encoding="utf-8")
            words += ["--preload", str(preload)]
        log = self.folder / f"worker{number}.log"
        self.workers.append(_started(words, log))
        wait_for(lambda: "Registered to" in log.read_text(encoding="utf-8"), log)

    def end(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextlib.contextmanager
def cluster(folder: Path, *scripts: str) -> Iterator[Cluster]:
    """A scheduler with one worker for each script; an empty one makes a good worker."""
    folder.mkdir(parents=True, exist_ok=True)
    found, log = folder / "scheduler.json", folder / "scheduler.log"
    words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", LOOPBACK]
    words += ["--port", "0", "--no-dashboard", "--scheduler-file", str(found)]
    scheduler = _started(words, log)
    started = Cluster(folder, scheduler, 0)
    try:
        wait_for(lambda: found.is_file() and found.stat().st_size > 0, log)
        address = json.loads(found.read_text(encoding="utf-8"))["address"]
        started.port = int(address.rpartition(":")[2])
        for script in scripts:
            started.add_worker(script)
        yield started
    finally:
        started.end()


def python_without_us(folder: Path) -> tuple[str, ...]:
    """A Python that has everything installed here but celeryleak-lint."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "celeryleak" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    start = f"import sys, runpy; sys.path.insert(0, {str(folder)!r}); sys.argv.pop(1); "
    return (sys.executable, "-I", "-S", "-c", f"{start}{_RUN}")


_RUN = "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"


def _started(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(
            words,
            stdout=file,
            stderr=file,
            env={**os.environ, "BEGUN": str(log.with_name("begun"))},
        )


def wait_for(is_done: Callable[[], bool], log: Path) -> None:
    """Wait until something is so; the log says why it never came to that."""
    end = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < end, log.read_text(encoding="utf-8")
        time.sleep(0.05)
