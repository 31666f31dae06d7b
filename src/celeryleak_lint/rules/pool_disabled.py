"""CLK108: the pool of broker connections is switched off by configuration."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.project import Project
from celeryleak_lint.model.findings import Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.configured import from_setting, is_off, shown

#: What Celery does when nothing is said.
_TEN = ("10", "keep up to ten connections, as Celery does by default")


def check(project: Project) -> Iterator[Suspect]:
    """Every place that sets the pool's limit to nothing."""
    for setting in project.configuration.named("broker_pool_limit"):
        if is_off(setting.value):
            message = (
                f"{shown(setting)} switches the pool of broker connections off; every publish opens "
                "and closes a connection of its own; leave it out or set it to the number of "
                "threads that publish at once"
            )
            yield from_setting("CLK108", setting, "likely", message, value=_TEN)


RULE = Rule(
    code="CLK108",
    slug="pool-disabled",
    summary="a pool of connections is switched off by configuration",
    since="0.1",
    check=check,
)
