"""Runs real Celery workers on leaky code and on the same code after the fix, side by side.

    python bench/growth.py                                        every sample, 10,000 tasks each
    python bench/growth.py --samples engine,dict_by_id --tasks 2000
    python bench/growth.py --plot docs/pictures/growth.png
    python bench/growth.py --results growth.json                  goes on where it was interrupted

Each sample of samples/growth is a small project with one leak that `celeryleak-lint check`
reports. The script copies it twice, lets `celeryleak-lint check --fix --unsafe-fixes` edit one
of the copies, and runs both in an environment of pinned releases: a worker with one child
process, a Redis of its own as broker (messages stay in memory where there is no
`redis-server`), and an HTTP server on this machine. Every figure is the highest one seen up to
that many tasks, so what waits for the garbage collector counts, too.

The exit code is 0 when every sample costs more before the fix than after it (memory, files,
connections), is flat after it, and nothing is reported there any more, else 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from checking import check, fix
from environments import installed
from services import Http, Redis, http_server, redis_server

BENCH = Path(__file__).parent
SAMPLES = BENCH.parent / "samples" / "growth"
REQUIREMENTS = BENCH / "growth-requirements.txt"
DEFAULT_CACHE = Path.home() / ".cache" / "celeryleak-growth"
REFERENCE = 10_000
ROWS = 200  # measurements of one run
CHECKPOINTS = (0.1, 0.5, 1.0)
MEGABYTE = 1e6
SETTLED = 0.1  # the part of a run in which imports, pools and bounded caches fill up
NOISE = {
    "memory": 1.5 * MEGABYTE,
    "files": 5.0,
    "threads": 0.0,
    "apps": 1.0,
}  # what two runs of the same code may differ by


@dataclass(frozen=True, slots=True)
class Row:
    """What the process that runs the tasks held after `tasks` of them.

    `memory` is the resident size in bytes, `files` and `threads` are counts of what is open
    and running, `apps` the Celery apps alive, and `cpu` seconds of its own since it started.
    """

    tasks: int
    memory: int
    files: int
    threads: int
    apps: int
    cpu: float


Metric = Callable[[Row], float]
METRICS: Mapping[str, Metric] = {
    "memory": lambda row: row.memory,
    "files": lambda row: row.files,
    "threads": lambda row: row.threads,
    "apps": lambda row: row.apps,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One worker from its start to its last task; `connections` were opened to the servers."""

    sample: str
    variant: str
    findings: int
    rows: tuple[Row, ...]
    connections: int

    def highest(self, name: str, share: float) -> float:
        """The largest value of a metric in the first `share` of the tasks."""
        last = self.rows[-1].tasks * share
        return max(METRICS[name](row) for row in self.rows if row.tasks <= last)

    def growth(self, name: str) -> float:
        """How much a metric still rose after the process had settled."""
        return self.highest(name, 1.0) - self.highest(name, SETTLED)

    def grows(self) -> tuple[str, ...]:
        """The metrics that rose by more than noise."""
        return tuple(name for name in METRICS if self.growth(name) > NOISE[name])

    def costs_more_than(self, other: Run) -> tuple[str, ...]:
        """What came out higher than in the other run by more than noise."""
        held = tuple(
            name
            for name in METRICS
            if self.highest(name, 1.0) - other.highest(name, 1.0) > NOISE[name]
        )
        return (*held, "connections") if self.connections > 2 * other.connections else held


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how the workers run."""

    python: Path
    redis: Redis | None
    http: Http
    tasks: int

    def environment(self) -> dict[str, str]:
        """The variables that the samples read, on top of those of this process."""
        broker = self.redis.url(0) if self.redis else "memory://"
        results, cache = (self.redis.url(1), self.redis.url(2)) if self.redis else ("", "")
        return {
            **os.environ,
            "BROKER_URL": broker,
            "RESULT_URL": results or "cache+memory://",
            "CACHE_URL": cache or "redis://localhost:6379/1",
            "STOCK_URL": self.http.url,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def connections(self) -> int:
        """How many connections the servers have accepted so far."""
        return self.http.connections() + (self.redis.connections() if self.redis else 0)


def samples(names: Iterable[str]) -> tuple[Path, ...]:
    """The folders of the samples; raises `ValueError` naming those that do not exist."""
    known = {path.name: path for path in sorted(SAMPLES.iterdir()) if path.is_dir()}
    wanted = tuple(names) or tuple(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"unknown samples: {', '.join(unknown)}; known are {', '.join(known)}")
    return tuple(known[name] for name in wanted)


def measured(sample: Path, bench: Bench, done: Sequence[Run]) -> Iterator[Run]:
    """Run the sample as it is, and then as the fix leaves it, unless that is `done` already."""
    for variant in ("leaky", "fixed"):
        known = [run for run in done if (run.sample, run.variant) == (sample.name, variant)]
        if known and known[0].rows[-1].tasks == bench.tasks:
            yield known[0]
            continue
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder).resolve() / sample.name
            shutil.copytree(sample, copy)
            if variant == "fixed":
                fix(copy)
            findings = len(check(copy).findings)
            before = bench.connections()
            rows = work(copy, bench)
            run = Run(sample.name, variant, findings, rows, bench.connections() - before)
            print(" | ".join(_cells(run)), file=sys.stderr, flush=True)
            yield run


def stored(path: Path | None) -> tuple[Run, ...]:
    """The runs that an earlier call has written to `path`; raises `ValueError` for other files."""
    if path is None or not path.exists():
        return ()
    try:
        return tuple(
            Run(**{**each, "rows": tuple(Row(**row) for row in each["rows"])})
            for each in json.loads(path.read_text(encoding="utf-8"))
        )
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{path}: no results of this bench: {error}") from None


def store(runs: Iterable[Run], path: Path) -> None:
    """Write the runs to `path`, in place of what is there."""
    rows = ",\n".join(json.dumps(asdict(run)) for run in runs)
    path.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


def work(folder: Path, bench: Bench) -> tuple[Row, ...]:
    """One worker on the project in `folder`; raises `RuntimeError` when a task fails."""
    if bench.redis:
        bench.redis.command("FLUSHALL")
    rows = folder / "rows.jsonl"
    words = [
        str(bench.python), str(BENCH / "growth_worker.py"),
        "--tasks", str(bench.tasks), "--every", str(max(1, bench.tasks // ROWS)),
        "--rows", str(rows), "--pool", "prefork" if bench.redis else "solo",
    ]  # fmt: skip
    done = subprocess.run(
        words, cwd=folder, env=bench.environment(), capture_output=True, text=True, check=False
    )
    lines = rows.read_text(encoding="utf-8").splitlines() if rows.exists() else []
    read = tuple(Row(**json.loads(line)) for line in lines)
    if not read or read[-1].tasks != bench.tasks:
        raise RuntimeError(f"{folder.name}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return read


def table(runs: Sequence[Run]) -> str:
    """Two rows for each sample, as Markdown; each cell shows all checkpoints."""
    marks = " / ".join(f"{round(runs[0].rows[-1].tasks * share):,}" for share in CHECKPOINTS)
    head = ("sample", "", "findings", f"memory in MB at {marks} tasks", "open files", "threads",
            "Celery apps", "CPU s", "connections")  # fmt: skip
    lines = [head, ("---", "---", *["---:"] * (len(head) - 2)), *map(_cells, runs)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(run: Run) -> tuple[str, ...]:
    memory = " / ".join(f"{run.highest('memory', each) / MEGABYTE:.1f}" for each in CHECKPOINTS)
    counts = [
        " / ".join(f"{run.highest(name, each):,.0f}" for each in CHECKPOINTS)
        for name in ("files", "threads", "apps")
    ]
    return (run.sample, run.variant, str(run.findings), memory, *counts,
            f"{run.rows[-1].cpu:.1f}", f"{run.connections:,}")  # fmt: skip


def verdicts(runs: Sequence[Run]) -> Iterator[str]:
    """A line for each thing that does not show what it should; runs come in pairs."""
    for leaky, fixed in zip(runs[::2], runs[1::2], strict=True):
        if not leaky.costs_more_than(fixed):
            yield f"{leaky.sample}: costs no more before the fix than after it"
        if fixed.grows():
            yield f"{fixed.sample}: still growing after the fix: {', '.join(fixed.grows())}"
        if fixed.findings:
            yield f"{fixed.sample}: {fixed.findings} findings after the fix"


def plot(runs: Iterable[Run], target: Path, python: Path) -> None:
    """Draw the runs, leaky beside fixed, as a PNG; raises `CalledProcessError`."""
    curves = [
        {"sample": run.sample, "variant": run.variant,
         "tasks": [row.tasks for row in run.rows],
         "memory": [row.memory / MEGABYTE for row in run.rows],
         "files": [row.files for row in run.rows]}
        for run in runs
    ]  # fmt: skip
    words = [str(python), str(BENCH / "growth_plot.py"), str(target.resolve())]
    subprocess.run(words, input=json.dumps(curves), text=True, check=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=REFERENCE, help="of each run, at least 10")
    parser.add_argument("--samples", default="", help="separated by commas (default: all)")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="also draw the runs")
    parser.add_argument("--results", type=Path, metavar="FILE", help="keep and reuse runs there")
    parser.add_argument("--tools-cache", type=Path, default=DEFAULT_CACHE)
    options = parser.parse_args(arguments)
    if options.tasks < 1 / min(CHECKPOINTS):
        parser.error(f"--tasks {options.tasks}: expected at least 10")
    try:
        options.samples = samples(filter(None, options.samples.split(",")))
        options.done = stored(options.results)
    except ValueError as error:
        parser.error(str(error))
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the samples and print the table."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # servers end, too
    pins = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if "==" in line]
    python = installed(options.tools_cache / "worker", pins) / "python"
    with redis_server() as redis, http_server() as http:
        if redis is None:
            print("no redis-server: messages stay in memory, redis_client is left out",
                  file=sys.stderr)  # fmt: skip
        bench = Bench(python, redis, http, options.tasks)
        chosen = [path for path in options.samples if redis or path.name != "redis_client"]
        runs: list[Run] = []
        for sample in chosen:
            for run in measured(sample, bench, options.done):
                runs.append(run)
                if options.results:
                    store(
                        [*runs, *(old for old in options.done if old not in runs)], options.results
                    )
    print(table(runs))
    if options.plot:
        plot(runs, options.plot, python)
    wrong = list(verdicts(runs))
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
