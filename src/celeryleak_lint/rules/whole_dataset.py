"""CLK401 whole-dataset-in-task: a task holds everything it works on in memory at once."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.loading import Load, loads, suspect_of
from celeryleak_lint.rules.result_held import is_held
from celeryleak_lint.rules.wording import shown_function


def check(project: Project) -> Iterator[Suspect]:
    """Readers, fetches and lists of query sets that nothing in sight bounds."""
    for load in loads(project):
        if is_held(project, load):
            continue  # CLK402 has the better word
        yield suspect_of(
            "CLK401",
            load,
            f"{shown_function(load.function)} {_verb(load)} at once with `{load.name.removeprefix('builtins.')}`; "
            "the data may outgrow the worker, and a worker that grew gives back little; "
            f"{load.row.better}",
        )


def _verb(load: Load) -> str:
    return "makes a list of everything" if load.row.kind == "lazy" else "loads everything"


RULE = Rule(
    "CLK401",
    "whole-dataset-in-task",
    "a task loads data of unbounded size into memory at once",
    "0.1",
    check,
)
