"""CLK504: tasks or results travel as pickles."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.marks import is_occasional
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import DecoratorFact
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.model.source import Spot
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.configured import from_setting, shown, texts

_PICKLES = frozenset({"pickle", "application/x-python-serialize"})
_CONSEQUENCE = (
    "whole object graphs travel with every message and stay alive in the worker, and whoever "
    "can write to the broker runs code in it; pass plain values and use `json`"
)
_NO_FIX = "what is passed today may not be serializable as JSON"


def check(project: Project) -> Iterator[Suspect]:
    """Serializers that are set to pickle; accepted content only where no serializer says it."""
    if not project.configuration.uses_celery:
        return
    found = False
    for setting in project.configuration.named("task_serializer", "result_serializer"):
        if _PICKLES.intersection(texts(setting.value)):
            found = True
            message = f"{shown(setting)} is pickle; {_CONSEQUENCE}"
            yield from_setting("CLK504", setting, "likely", message, no_fix=_NO_FIX)
    for function in project.index.everything:
        if not function.module.is_test:
            for decorator in function.fact.decorators:
                if _is_pickling(decorator):
                    found = True
                    yield _at_task(function, decorator)
    for setting in project.configuration.named("accept_content", "result_accept_content"):
        if not found and _PICKLES.intersection(texts(setting.value)):
            message = f"{shown(setting)} lets workers read pickles; {_CONSEQUENCE}"
            yield from_setting("CLK504", setting, "possible", message, no_fix=_NO_FIX)


def _is_pickling(decorator: DecoratorFact) -> bool:
    if decorator.value.rpartition(".")[2] not in ("task", "shared_task", "periodic_task"):
        return False
    given = dict(decorator.args).get("serializer", "")
    return bool(_PICKLES.intersection(texts(given)))


def _at_task(function: Function, decorator: DecoratorFact) -> Suspect:
    outer = function.spot_function.rpartition(".")[0]
    return Suspect(
        code="CLK504",
        path=function.module.path,
        spot=Spot("decorator", outer, decorator.line, decorator.name),
        message=f"the task `{function.name}` is sent as a pickle; {_CONSEQUENCE}",
        confidence="possible" if is_occasional(function) else "likely",
        resource="task_serializer",
        effect=None,
        no_fix=_NO_FIX,
    )


RULE = Rule(
    code="CLK504",
    slug="pickle-serializer",
    summary="tasks or results are serialized with pickle",
    since="0.1",
    check=check,
)
