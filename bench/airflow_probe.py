"""Runs inside the environment of airflow_fix.py: sends workloads and counts Celery apps.

    PYTHONPATH=FOLDER_WITH_THE_PROVIDER python airflow_probe.py SENDS

Sends real workloads through `send_workload_to_executor`, as the scheduler does in its own
process, and prints one JSON object about the apps that were built and used for that. The
brokers are in memory, one for each team.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import uuid

TEAMS = ("red", "blue")
BROKER = "memory://shared"


def configure(home: str) -> None:
    """Settings that Airflow reads when it is imported."""
    os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CELERY__BROKER_URL=BROKER,
        AIRFLOW__CELERY__RESULT_BACKEND="cache+memory://",
        AIRFLOW__CELERY__OPERATION_TIMEOUT="600",  # a busy machine is no reason to fail
    )
    for team in TEAMS:
        os.environ[f"AIRFLOW__{team.upper()}___CELERY__BROKER_URL"] = f"memory://{team}"


def probe(sends: int) -> dict[str, object]:
    """What `sends` workloads without a team, and two for each team, built and used."""
    from airflow.executors.workloads import BundleInfo, ExecuteTask, TaskInstanceDTO
    from airflow.providers.celery.executors import celery_executor_utils as provider

    used: list[object] = []
    built: list[object] = []

    class Counted(provider.Celery):  # type: ignore[misc,name-defined]
        def __init__(self, *args: object, **options: object) -> None:
            built.append(self)
            super().__init__(*args, **options)

        def send_task(self, *args: object, **options: object) -> object:
            used.append(self)
            return super().send_task(*args, **options)

    provider.Celery = Counted

    def workload(number: int) -> ExecuteTask:
        ti = TaskInstanceDTO(
            id=uuid.uuid4(), dag_version_id=uuid.uuid4(), task_id=f"task_{number}",
            dag_id="bench", run_id="run", try_number=1, map_index=-1, pool_slots=1,
            queue="default", priority_weight=1,
        )  # fmt: skip
        bundle = BundleInfo(name="bench")
        return ExecuteTask(
            ti=ti, dag_rel_path="bench.py", token="", bundle_info=bundle, log_path=None
        )

    def send(team: str | None, number: int) -> Counted:
        item = workload(number)
        key, _, result = provider.send_workload_to_executor((item.ti.key, item, "default", team))
        if isinstance(result, provider.ExceptionWithTraceback):
            raise SystemExit(f"{key}: {result.traceback}")
        app = used[-1]
        assert isinstance(app, Counted)
        return app

    for number in range(sends):
        send(None, number)
    alone = len(built)
    teams = {team: (send(team, 1), send(team, 2)) for team in TEAMS}
    return {
        "sends": len(used) - 2 * len(TEAMS),
        "built": alone,
        "same": all(first is second for first, second in teams.values()),
        "distinct": len({id(app) for app, _ in teams.values()}) == len(TEAMS),
        "brokers": {team: app.conf.broker_url for team, (app, _) in teams.items()},
        "names": {team: app.main for team, (app, _) in teams.items()},
    }


def main() -> None:
    """Print the answers."""
    with tempfile.TemporaryDirectory() as home:
        configure(home)
        print(json.dumps(probe(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
