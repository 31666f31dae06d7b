"""CLK502: results are kept for ever by configuration."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.configured import from_setting, is_off, is_set, shown, texts

#: What Celery does when nothing is said, in seconds.
_DAY = ("86400", "let results expire after a day, as Celery does by default")
_NOWHERE = frozenset({"", "None", "disabled"})


def check(project: Project) -> Iterator[Suspect]:
    """Every place that switches expiry off, unless no results are stored at all."""
    configuration = project.configuration
    if is_set(configuration.named("task_ignore_result")):
        return
    backends = configuration.named("result_backend")
    stores = any(not _NOWHERE.issuperset(texts(backend.value) or ("?",)) for backend in backends)
    confidence: Confidence = "likely" if stores else "possible"
    for setting in configuration.named("result_expires"):
        if is_off(setting.value):
            message = (
                f"{shown(setting)} keeps every result for ever; the result store grows with each "
                "task; set a time after which nobody asks for a result, or ignore results"
            )
            yield from_setting("CLK502", setting, confidence, message, value=_DAY)


RULE = Rule(
    code="CLK502",
    slug="results-never-expire",
    summary="task results are stored without a time after which they expire",
    since="0.1",
    check=check,
)
