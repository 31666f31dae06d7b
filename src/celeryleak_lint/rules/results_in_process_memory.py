"""CLK503: results are stored in the memory of the processes, or in queues nobody may read."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.configuration import Setting
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.configured import from_setting, is_set, shown, texts

_NO_FIX = "which store can hold the results is for the application to say"


def check(project: Project) -> Iterator[Suspect]:
    """Every result backend that lives in the process or in reply queues."""
    configuration = project.configuration
    eager = {s.module.path for s in configuration.named("task_always_eager") if is_set((s,))}
    in_memory = any("memory" in texts(s.value) for s in configuration.named("cache_backend"))
    for setting in configuration.named("result_backend"):
        if setting.module.path in eager:
            continue
        found = _judged(setting, in_memory=in_memory)
        if found is not None:
            confidence, consequence = found
            message = (
                f"{shown(setting)} is {consequence}; use a store that expires, or ignore results"
            )
            yield from_setting("CLK503", setting, confidence, message, no_fix=_NO_FIX)


def _judged(setting: Setting, *, in_memory: bool) -> tuple[Confidence, str] | None:
    for text in texts(setting.value):
        lower = text.lower()
        if lower.startswith("cache+memory") or (lower == "cache" and in_memory):
            return "likely", (
                f"`{text}`, the memory of each process; results pile up in every worker process, "
                "and no other process can read them"
            )
        if lower.startswith(("rpc://", "amqp://")) or lower in ("rpc", "amqp"):
            return "possible", (
                f"`{text}`, which sends results to queues of the caller; those that nobody fetches "
                "pile up in the broker and in the caller's process"
            )
    return None


RULE = Rule(
    code="CLK503",
    slug="results-in-process-memory",
    summary="task results are kept in process memory or in queues that nobody empties",
    since="0.1",
    check=check,
)
