"""What deploy and lock files say: worker command lines, settings by environment, locked releases.

Values only. Spans are in lines and code points of the file they come from.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Span

Program = Literal["celery", "airflow"]


class WorkerCommand(msgspec.Struct, frozen=True):
    """One command line that starts a worker.

    ``app`` and ``pool`` are empty when the line does not name them. ``options`` pairs the
    name of each option, without its dashes, with its value (empty for a switch).
    ``is_opaque`` is true when a variable or template stands where options may hide.
    """

    path: str
    span: Span
    text: str
    program: Program
    app: str
    pool: str
    options: tuple[tuple[str, str], ...]
    is_opaque: bool

    def option(self, *names: str) -> str | None:
        """The value of the first option with one of these names, or ``None``."""
        return next((value for name, value in self.options if name in names), None)


class EnvironmentSetting(msgspec.Struct, frozen=True):
    """One setting that a deploy file gives by name: an environment variable, a chart's value."""

    path: str
    span: Span
    name: str
    value: str


class LockedRelease(msgspec.Struct, frozen=True):
    """One distribution that a file pins to one release; ``name`` is normalised as PyPI does."""

    path: str
    span: Span
    name: str
    version: str


class DeployFacts(msgspec.Struct, frozen=True):
    """Everything that the deploy and lock files of a project, or one of them, say."""

    workers: tuple[WorkerCommand, ...] = ()
    settings: tuple[EnvironmentSetting, ...] = ()
    releases: tuple[LockedRelease, ...] = ()
    failures: tuple[Failure, ...] = ()


def joined(parts: list[DeployFacts]) -> DeployFacts:
    """The facts of several files as one value, in order."""
    return DeployFacts(
        workers=tuple(worker for part in parts for worker in part.workers),
        settings=tuple(setting for part in parts for setting in part.settings),
        releases=tuple(release for part in parts for release in part.releases),
        failures=tuple(failure for part in parts for failure in part.failures),
    )
