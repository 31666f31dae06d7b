"""What a report rests on, and whether it still stands after a file has changed.

While a project is judged, the index notes which bodies were opened and which names were
asked for. A changed file changes nothing that was found as long as everything that was
looked at is the same in it: what is new has to bear a name that nobody asked for. Where
things stand in the file does not count, so the caller sees to it that no place in the file
is reported.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from celeryleak_lint.catalog.celery_settings import todays_name
from celeryleak_lint.model.facts import (
    CLASS_BODY,
    FunctionBody,
    FunctionFact,
    ModuleSummary,
    StoreFact,
    unpacked,
)
from celeryleak_lint.standing.contributions import Item, contributions
from celeryleak_lint.standing.plain import doings, outline

if TYPE_CHECKING:
    from celeryleak_lint.link.project import Project

#: Settings that rules ask for beside those of Celery.
_SETTINGS = frozenset({"DEBUG"})
#: Kinds of items that count whatever their names are.
_ALWAYS = frozenset({"alias", "attribute", "kept", "base"})


class Ground(msgspec.Struct, frozen=True, array_like=True):
    """Everything that was looked at.

    ``calls``, ``references`` and ``readers`` are the names asked for; ``makers`` are last
    names and ``roots`` first names under which something may be built; ``names`` are those
    asked for at module level, by module; ``texts`` were searched for in all bodies.
    ``labels`` are those of arguments on which it depends whether something is built.
    ``opened`` gives for each path the places of the functions whose bodies were read.
    """

    calls: frozenset[str]
    references: frozenset[str]
    readers: frozenset[str]
    makers: frozenset[str]
    roots: frozenset[str]
    labels: frozenset[str]
    names: dict[str, frozenset[str]]
    texts: frozenset[str]
    opened: dict[str, frozenset[int]]


_decoder = msgspec.msgpack.Decoder(Ground)


def ground_of(project: Project) -> Ground | None:
    """What the answers of a project rested on so far; ``None`` when any name may build something."""
    index, catalog = project.index, project.catalog
    if catalog.open_roots:
        return None
    survey = index.survey
    asked = survey.asked_calls()
    calls = asked | {name for name, tails in survey.aliases.items() if not tails.isdisjoint(asked)}
    opened: dict[str, set[int]] = {}
    firsts: dict[str, int] = {}
    for function in index.everything:
        path = function.module.path
        first = firsts.setdefault(path, function.number)
        if function.fact.was_opened:
            opened.setdefault(path, set()).add(function.number - first)
    return Ground(
        calls=frozenset(calls),
        references=frozenset(survey.asked.references),
        readers=frozenset(survey.asked.readers),
        makers=frozenset(project.production.makers()),
        roots=frozenset(catalog.resource_roots),
        labels=frozenset(catalog.conditions),
        names={module: frozenset(names) for module, names in survey.asked.names.items()},
        texts=frozenset(survey.asked.texts),
        opened={path: frozenset(places) for path, places in opened.items()},
    )


def packed_ground(project: Project) -> bytes | None:
    """The ground of a project, encoded."""
    ground = ground_of(project)
    return None if ground is None else msgspec.msgpack.encode(ground)


def unpacked_ground(data: bytes) -> Ground | None:
    """What was packed; ``None`` when it is of another shape."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, MemoryError):
        return None


def still_stands(ground: Ground, before: ModuleSummary, now: ModuleSummary) -> bool:
    """Whether everything that was looked at in a file is as it was."""
    if len(before.functions) != len(now.functions):
        return False
    told, tells = outline(before), outline(now)
    if told.outline != tells.outline:
        return False
    opened = ground.opened.get(now.path, frozenset())
    for place, (old, new) in enumerate(zip(before.functions, now.functions, strict=True)):
        if old.packed == new.packed:
            continue
        was, remains = unpacked(old.packed), unpacked(new.packed)
        if new.qualname == "":
            was = _as_asked(ground, was, now.module)
            remains = _as_asked(ground, remains, now.module)
        if place in opened:
            if doings(old, was, before.fresh, told.lambdas) != doings(
                new, remains, now.fresh, tells.lambdas
            ):
                return False
        elif not _adds_the_same(ground, (old, was), (new, remains)):
            return False
    return True


def _as_asked(ground: Ground, body: FunctionBody, module: str) -> FunctionBody:
    """A module's body without the names that it only gives values, and nobody asked for."""
    asked = ground.names.get(module, frozenset())
    prefix = f"@{module}." if module else "@"

    def is_idle(store: StoreFact) -> bool:
        name = store.target.removeprefix(prefix)
        is_name = name.isidentifier() and name != store.target
        return is_name and name not in asked and store.value[:1] == "=" and not _is_setting(name)

    stores = tuple(store for store in body.stores if not is_idle(store))
    return msgspec.structs.replace(body, stores=stores, by_local=None, by_use=None, by_type=None)


def _is_setting(name: str) -> bool:
    return name in _SETTINGS or name.isupper() or bool(todays_name(name))


def _adds_the_same(
    ground: Ground,
    before: tuple[FunctionFact, FunctionBody],
    now: tuple[FunctionFact, FunctionBody],
) -> bool:
    """Whether two bodies that nobody opened give the same answers to all that was asked."""
    runs_once = not now[0].qualname or bool(now[0].flags & CLASS_BODY)
    was, remains = (Counter(contributions(body, runs_once=runs_once)) for _, body in (before, now))
    gone = [item for item in was - remains if item[0] != "base"]  # it was none of a kept collection
    if any(_matters(ground, item) for item in (*gone, *(remains - was))):
        return False
    return all(
        (text in before[0].packed) == (text in now[0].packed)
        for text in (asked.encode() for asked in ground.texts)
    )


def asked_for(ground: Ground, item: Item) -> bool:
    """Whether a question that was asked finds this item of a body."""
    kind, name = item
    if kind == "call":
        return name in ground.calls
    if kind == "callee":
        return _may_make(ground, name)
    if kind == "label":
        return name in ground.labels
    if kind == "reference":
        return name in ground.references
    if kind == "read":
        return name in ground.readers
    return kind == "stored" and _is_setting(name)


def _matters(ground: Ground, item: Item) -> bool:
    """Whether an item may change an answer; what fills or keeps something always may."""
    return item[0] in _ALWAYS or asked_for(ground, item)


def _may_make(ground: Ground, callee: str) -> bool:
    """Whether calling this may build a resource, as far as its name tells."""
    if callee.startswith("@builtins."):
        return callee == "@builtins.open"
    tail = callee.rpartition(".")[2].lstrip("@%>$")
    root = callee[1:].partition(".")[0] if callee[:1] == "@" else ""
    return tail in ground.makers or root in ground.roots or callee in ("^", f"%{tail}")
