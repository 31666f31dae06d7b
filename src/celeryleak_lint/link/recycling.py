"""Whether every Celery task has a process of its own: ``worker_max_tasks_per_child = 1``."""

from __future__ import annotations

from celeryleak_lint.link.configuration import Configuration
from celeryleak_lint.model.deploy import DeployFacts, WorkerCommand

#: Pools without child processes, which no limit replaces.
SINGLE_PROCESS = frozenset({"eventlet", "gevent", "solo", "threads"})
_OPTIONS = ("max-tasks-per-child", "maxtasksperchild")


class Recycling:
    """Answers one question about the project, once, from its settings and its command lines."""

    def __init__(self, configuration: Configuration, deploy: DeployFacts) -> None:
        self._configuration = configuration
        self._deploy = deploy
        self._after_each_task: bool | None = None

    @property
    def after_each_task(self) -> bool:
        """True when a process ends with its task, whichever way workers are started.

        A command line wins over settings, as it does for Celery.
        """
        if self._after_each_task is None:
            self._after_each_task = self._find()
        return self._after_each_task

    def _find(self) -> bool:
        workers = [worker for worker in self._deploy.workers if worker.program == "celery"]
        is_set = self._is_set()
        return all(self._is_single_use(w, is_set=is_set) for w in workers) if workers else is_set

    def _is_set(self) -> bool:
        """True when all settings in sight say one task, and none asks for a pool without processes."""
        named = self._configuration.named("worker_max_tasks_per_child")
        pools = {setting.value[1:] for setting in self._configuration.named("worker_pool")}
        return {setting.value for setting in named} == {"=1"} and pools.isdisjoint(SINGLE_PROCESS)

    @staticmethod
    def _is_single_use(worker: WorkerCommand, *, is_set: bool) -> bool:
        if worker.pool in SINGLE_PROCESS:
            return False
        told = worker.option(*_OPTIONS)
        return is_set if told is None else told.strip("'\"") == "1"
