"""Which names of settings limit the life of a pool process, in any spelling.

``worker_max_tasks_per_child``, ``CELERYD_MAX_TASKS_PER_CHILD``, ``maxTasksPerChild`` and
``--maxtasksperchild`` say the same.
"""

from __future__ import annotations

_LIMITS = ("maxtasksperchild", "maxmemoryperchild", "maxmemperchild")
#: Settings of Airflow's Celery section, which may carry or lead to a limit.
_AIRFLOW = "airflow__celery__"


def is_limit(name: str) -> bool:
    """Whether a name, or a text that holds one, is about such a limit."""
    squashed = "".join(filter(str.isalnum, name.lower()))
    return any(limit in squashed for limit in _LIMITS)


def is_of_interest(name: str, value: str) -> bool:
    """Whether a setting of a deploy file bears on how workers are recycled."""
    return is_limit(name) or is_limit(value) or name.lower().startswith(_AIRFLOW)
