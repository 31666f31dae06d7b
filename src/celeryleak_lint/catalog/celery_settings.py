"""The settings of Celery that the rules know, under their names of today and of before.

Fixed by Celery itself, so no table that a user could extend.
"""

from __future__ import annotations

#: Today's name to the names of Celery 3, as its migration guide pairs them.
_BEFORE: dict[str, tuple[str, ...]] = {
    "accept_content": ("CELERY_ACCEPT_CONTENT",),
    "broker_pool_limit": ("BROKER_POOL_LIMIT",),
    "cache_backend": ("CELERY_CACHE_BACKEND",),
    "result_accept_content": (),
    "result_backend": ("CELERY_RESULT_BACKEND", "CELERY_BACKEND"),
    "result_expires": ("CELERY_TASK_RESULT_EXPIRES", "CELERY_RESULT_EXPIRES"),
    "result_serializer": ("CELERY_RESULT_SERIALIZER",),
    "task_always_eager": ("CELERY_ALWAYS_EAGER",),
    "task_ignore_result": ("CELERY_IGNORE_RESULT",),
    "task_serializer": ("CELERY_TASK_SERIALIZER",),
    "worker_max_memory_per_child": ("CELERYD_MAX_MEMORY_PER_CHILD",),
    "worker_max_tasks_per_child": ("CELERYD_MAX_TASKS_PER_CHILD",),
    "worker_pool": ("CELERYD_POOL",),
}
DEFAULT_NAMESPACE = "CELERY"

_TODAY: dict[str, str] = {
    **{name: name for name in _BEFORE},
    **{f"{DEFAULT_NAMESPACE}_{name.upper()}": name for name in _BEFORE},
    **{old: name for name, olds in _BEFORE.items() for old in olds},
}

#: Every spelling that means one of these settings wherever it stands in a dictionary.
SPELLINGS = frozenset(_TODAY)


def todays_name(spelling: str, namespaces: frozenset[str] = frozenset()) -> str:
    """Today's name of a setting, or empty; ``namespaces`` are prefixes the project chose itself."""
    known = _TODAY.get(spelling)
    if known is not None:
        return known
    for namespace in namespaces:
        if spelling.startswith(namespace + "_"):
            rest = spelling[len(namespace) + 1 :].lower()
            return rest if rest in _BEFORE else ""
    return ""
