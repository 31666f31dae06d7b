"""CLK501: nothing ever replaces the processes of a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from celeryleak_lint.link.elements import Site
from celeryleak_lint.link.project import Project
from celeryleak_lint.link.recycling import SINGLE_PROCESS
from celeryleak_lint.model.deploy import EnvironmentSetting, WorkerCommand
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.configured import is_set, texts

_PREFORK = frozenset({"prefork", "processes"})
_OPTIONS = (
    "max-tasks-per-child", "maxtasksperchild", "max-memory-per-child", "maxmemperchild",
    "maxmemoryperchild",
)  # fmt: skip
_LIMITS = ("maxtasksperchild", "maxmemoryperchild", "maxmemperchild")
_NOTHING = frozenset({"", "0", "false", "none", "null", "~"})
_BY_THE_WAY = frozenset(
    {
        "ci",
        "debug",
        "demo",
        "dev",
        "development",
        "docs",
        "example",
        "examples",
        "local",
        "sample",
        "test",
    }
)
_PRODUCTION = frozenset({"deploy", "deployment", "prod", "production"})
_WAY_OUT = "set `worker_max_tasks_per_child` or `worker_max_memory_per_child`"
_NO_FIX = "the right limit depends on how long a task and the start of a process take"


def check(project: Project) -> Iterator[Suspect]:
    """At most one suspect a project: what any place limits is limited."""
    workers = project.deploy.workers
    configured = project.configuration.named(
        "worker_max_tasks_per_child", "worker_max_memory_per_child"
    )
    limited = [worker for worker in workers if _limit(worker)]
    if limited or is_set(configured) or any(map(_is_limit, project.deploy.settings)):
        if workers and all(_pool(project, worker) in SINGLE_PROCESS for worker in workers):
            yield from _without_effect(project, limited)
        return
    forking = [worker for worker in workers if _pool(project, worker) in _PREFORK]
    if forking:
        yield _never_recycled(project, min(forking, key=_rank))
    elif not workers and project.configuration.is_configured:
        yield from _unlimited_application(project.configuration.applications)


def _limit(worker: WorkerCommand) -> str:
    """The option by which a command line limits its processes; empty without one."""
    for name in _OPTIONS:
        if (worker.option(name) or "").strip("'\"").lower() not in _NOTHING:
            return name
    return ""


def _is_limit(setting: EnvironmentSetting) -> bool:
    name, value = _squashed(setting.name), _squashed(setting.value)
    if any(limit in name for limit in _LIMITS):
        return setting.value.strip().lower() not in _NOTHING
    return any(limit in value for limit in _LIMITS)


def _squashed(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _pool(project: Project, worker: WorkerCommand) -> str:
    """The pool of a worker; empty when a variable chooses it."""
    if worker.pool or worker.option("P", "pool") is not None:
        return worker.pool
    configured = {texts(setting.value) for setting in project.configuration.named("worker_pool")}
    if not configured:
        return "prefork"
    chosen = configured.pop()
    return chosen[0] if len(chosen) == 1 and not configured else ""


def _rank(worker: WorkerCommand) -> tuple[bool, bool, bool, bool, str, int]:
    """The line that shows most clearly how the worker runs comes first."""
    return (
        worker.program == "airflow",
        _is_by_the_way(worker.path),
        worker.is_opaque,
        _PRODUCTION.isdisjoint(_words(worker.path)),
        worker.path,
        worker.span.line,
    )


def _is_by_the_way(path: str) -> bool:
    return not _BY_THE_WAY.isdisjoint(_words(path))


def _words(path: str) -> list[str]:
    return path.lower().replace("-", ".").replace("_", ".").replace("/", ".").split(".")


def _never_recycled(project: Project, worker: WorkerCommand) -> Suspect:
    if worker.program == "airflow":
        return _suspect(
            worker,
            "possible",
            "no setting in sight limits the life of this Airflow worker's processes; what leaks in "
            "them is never given back; put `worker_max_tasks_per_child` into "
            "`[celery] extra_celery_config`",
        )
    configuration = project.configuration
    is_whole = bool(configuration.applications) and not configuration.is_open
    is_plain = not worker.is_opaque and not _is_by_the_way(worker.path)
    return _suspect(
        worker,
        "likely" if is_whole and is_plain else "possible",
        "nothing replaces the processes of this worker, neither its options nor the application's "
        f"settings; what leaks in them is never given back; {_WAY_OUT}",
    )


def _without_effect(project: Project, limited: Sequence[WorkerCommand]) -> Iterator[Suspect]:
    for worker in limited[:1]:
        pool = _pool(project, worker)
        yield _suspect(
            worker,
            "likely",
            f"`--{_limit(worker)}` has no effect with the pool `{pool}`, which has no child "
            "processes; the worker is never recycled; restart it on a schedule or use `prefork`",
        )


def _suspect(worker: WorkerCommand, confidence: Confidence, message: str) -> Suspect:
    return Suspect(
        code="CLK501",
        path=worker.path,
        spot=Spot("text", "", worker.span.line, worker.text),
        message=message,
        confidence=confidence,
        resource="worker_max_tasks_per_child",
        effect=None,
        no_fix=_NO_FIX,
        span=worker.span,
    )


def _unlimited_application(applications: Sequence[Site]) -> Iterator[Suspect]:
    """Nothing says how workers run: the application is the only place to speak of."""
    settled = [site for site in applications if site.function.is_module_body]
    if not settled:
        return
    site = min(settled, key=lambda s: s.function.module.path)
    call = site.call
    yield Suspect(
        code="CLK501",
        path=site.function.module.path,
        spot=Spot("call", site.function.spot_function, call.line, call.name, call.ordinal),
        message=(
            "no setting in sight limits the life of this application's worker processes; what "
            f"leaks in them is never given back; {_WAY_OUT}"
        ),
        confidence="possible",
        resource="worker_max_tasks_per_child",
        effect=None,
        no_fix=_NO_FIX,
    )


RULE = Rule(
    code="CLK501",
    slug="worker-never-recycled",
    summary="nothing ever replaces the processes of a Celery worker",
    since="0.1",
    check=check,
)
