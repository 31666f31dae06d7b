"""From the bytes of one deploy or lock file to its facts: bounded in size, raising nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection

from celeryleak_lint.deploy import documents, images, locks, requirements, units
from celeryleak_lint.deploy.kinds import Kind, is_shell, kind_of
from celeryleak_lint.deploy.limits import is_limit
from celeryleak_lint.deploy.source import Source
from celeryleak_lint.model.deploy import DeployFacts

#: Nobody writes a deploy file of this size by hand; what is larger holds data.
MAX_DEPLOY_BYTES = 256 * 1024
MAX_LOCK_BYTES = 8 * 1024 * 1024

_READERS: dict[Kind, Callable[[Source], None]] = {
    "dockerfile": images.read_dockerfile,
    "yaml": documents.read_yaml,
    "unit": units.read_unit,
    "ini": units.read_ini,
    "procfile": units.read_procfile,
    "shell": units.read_shell,
    "script": units.read_shell,
    "environment": units.read_environment,
}
_NOTHING = DeployFacts()


def read(path: str, data: bytes, *, wanted: Collection[str]) -> DeployFacts:
    """The facts of the file at ``path``; ``wanted`` are the distributions worth reading locks for.

    A file that mentions nothing of interest costs one search through its bytes. What cannot
    be read is a failure among the facts.
    """
    kind = kind_of(path)
    if kind is None:
        return _NOTHING
    reader = _READERS.get(kind)
    if reader is not None:
        if len(data) > MAX_DEPLOY_BYTES or not _concerns_workers(kind, data):
            return _NOTHING
    elif not data or not _names_any(data, wanted):
        return _NOTHING
    source = Source.of(path, data)
    if reader is None and len(data) > MAX_LOCK_BYTES:
        source.fail(
            1, f"larger than {MAX_LOCK_BYTES // 1024**2} MiB; its releases were not checked"
        )
        return source.facts()
    (reader or functools.partial(_lock_reader(kind), wanted=wanted))(source)
    return source.facts()


def _concerns_workers(kind: Kind, data: bytes) -> bool:
    if kind == "script" and not is_shell(data):
        return False
    lower = data.lower()
    return b"celery" in lower or b"airflow worker" in lower or is_limit(lower.decode("latin-1"))


def _names_any(data: bytes, wanted: Collection[str]) -> bool:
    lower = data.lower().replace(b"_", b"-").replace(b".", b"-")
    return any(name.encode() in lower for name in wanted)


def _lock_reader(kind: Kind) -> Callable[..., None]:
    if kind == "requirements":
        return requirements.read_requirements
    if kind == "pyproject":
        return requirements.read_pyproject
    return locks.read_pipfile_lock if kind == "pipfile-lock" else locks.read_lock
