"""Signs that a build belongs to one occasion: what it is set up for, which answer it fetches, whose name says so."""

from __future__ import annotations

from celeryleak_lint.link.index import Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.rules.rebuilding import THINGS

_PERSISTENT = ("!.", "^.", "@")

#: Words that as often name a thing as what is done with it: they count where the work itself is named.
_NAMED_ONLY = THINGS - {"stream"} | {"embedding", "embeddings", "generation"}


def is_tailored(build: Build) -> bool:
    """True when the function gives the object a function of its own: it serves this call alone."""
    function = build.function
    holders = {sink[4:] for sink in build.call.sinks if sink.startswith("var ")}
    own = f"@{function.id}."
    return any(
        store.value.startswith(own) and store.target.startswith(f"%{holder}.")
        for store in function.fact.stores
        for holder in holders
    )


def fetches_for_key(build: Build) -> bool:
    """True when it runs only while a mapping that outlives the call has no answer under a key, and fills it."""
    filled = {
        store.target
        for store in build.function.fact.stores
        if store.target.startswith(_PERSISTENT) and store.target.endswith("[]")
    }
    return not filled.isdisjoint(build.call.guards)


def is_unlikely_override(project: Project, function: Function, *, is_sure: bool) -> bool:
    """True when only an overridden method leads here, and no name on the way speaks of daily work."""
    return not is_sure and project.heat.daily_word(function) is None


def says_daily_work(project: Project, build: Build) -> bool:
    """True when the names around a build speak of daily work.

    Where a producer or an owner lies between, a caller's name says little of what it is for:
    the function that gets the object has to be named after what is done.
    """
    function = build.function
    if build.via is not None:
        if project.heat.is_seldom(function):
            return False
        return project.catalog.frequent_like(function.name) not in (None, *_NAMED_ONLY)
    return project.heat.daily_word(function, named_only=_NAMED_ONLY) is not None
