"""Runs inside the environment of growth.py: one Celery worker that measures itself.

    python growth_worker.py --tasks 10000 --every 250 --rows rows.jsonl --pool prefork

Imports `shop.worker` from the working directory, starts a worker of its app, sends
`shop.tasks.handle` with 0, 1, 2, ... and, in the process that runs the tasks, writes one row
of JSON after every so many of them. Nothing is collected before a row is taken: what waits
for the collector is part of what a process holds. After the last task the worker is stopped
as an operator would stop it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
from celery import Celery
from celery._state import _get_active_apps
from celery.signals import task_failure, task_postrun, worker_ready

TASK = "shop.tasks.handle"
QUEUES = "celery"
AHEAD = 200  # messages that wait in the process itself when the transport is in memory


class Meter:
    """Counts the finished tasks of its process and writes the rows."""

    def __init__(self, rows: Path, tasks: int, every: int) -> None:
        self.rows, self.tasks, self.every = rows, tasks, every
        self.finished = 0
        self.operator = os.getpid()

    def count(self, sender: object = None, **_: object) -> None:
        """One task has ended; called by Celery, in the process that ran it."""
        if getattr(sender, "name", "") != TASK:
            return
        self.finished += 1
        if self.finished % self.every == 0 or self.finished == self.tasks:
            self.write()
        if self.finished == self.tasks:
            os.kill(self.operator, signal.SIGTERM)

    def write(self) -> None:
        """Append the row of this moment."""
        me = psutil.Process()
        used = me.cpu_times()
        row = {
            "tasks": self.finished,
            "memory": me.memory_info().rss,
            "files": me.num_fds(),
            "threads": me.num_threads(),
            "apps": len(_get_active_apps()),
            "cpu": used.user + used.system,
        }
        with self.rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def send(app: Celery, meter: Meter, *, patient: bool) -> None:
    """Send all the tasks; a patient sender keeps the queue short."""
    for number in range(meter.tasks):
        while patient and number - meter.finished > AHEAD:
            time.sleep(0.01)
        app.send_task(TASK, args=[number])


def failed(exception: BaseException | None = None, **_: object) -> None:
    """A sample that fails measures nothing: end the run at once."""
    print(f"{TASK} failed: {exception!r}", file=sys.stderr, flush=True)
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Start the worker; it returns when the last task has been counted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--every", type=int, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--pool", choices=["prefork", "solo"], required=True)
    options = parser.parse_args()
    sys.path.insert(0, os.getcwd())
    from shop.worker import app

    meter = Meter(options.rows, options.tasks, options.every)
    patient = options.pool == "solo"
    task_postrun.connect(meter.count, weak=False)
    task_failure.connect(failed, weak=False)

    @worker_ready.connect(weak=False)
    def start_sending(**_: object) -> None:
        work = threading.Thread(
            target=send, args=(app, meter), kwargs={"patient": patient}, daemon=True
        )
        work.start()

    app.worker_main(
        ["worker", "--pool", options.pool, "--concurrency", "1", "--queues", QUEUES,
         "--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    )  # fmt: skip


if __name__ == "__main__":
    main()
