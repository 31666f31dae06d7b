"""Which keys come with traffic, so that there are more of them each day, and which are as many as something else."""

from __future__ import annotations

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.holdings import Holding
from celeryleak_lint.link.keys import BARE_IDS
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values

#: Words of keys that name who writes to a bot or service.
_WRITERS = frozenset({"user", "chat", "uid", "sender", "member"})

#: Names of checks and decorators that let only those on a list pass.
_GATES = frozenset(
    {"is_allowed", "is_allowed_user", "is_user_allowed", "is_authorized", "is_authorised", "is_admin", "is_owner", "require_auth",
     "require_admin", "restricted", "admin_only", "owner_only", "authorized_only", "allowed_only", "check_allowed", "check_authorized"}
)  # fmt: skip


def is_bare_id(name: str) -> bool:
    """True for an ``id`` that does not say of what: who calls has to tell."""
    return name in BARE_IDS


def is_table(project: Project, holding: Holding) -> bool:
    """True for a dict that begins with entries: it holds what the program works on, and is no cache of it."""
    owner, _, name = holding.id.rpartition(".")
    assigned = project.index.assigned(owner, name)
    return holding.kind == "module" and any(v[:1] == "{" and len(v) > 1 for v in assigned)


def is_own_attribute(project: Project, function: Function, key: str) -> bool:
    """True for ``self.run_id`` that the constructor sets: one for each instance, of which there may be one."""
    method: Function | None = function
    while method is not None and method.fact.parent:
        method = project.index.enclosing(method)  # its `self` is that of the method around it
    cls = project.graph.owner(method) if method is not None else None
    if cls is None or key[:2] != "!." or not key[2:].isidentifier():
        return False
    if project.lifetimes.lifetime(cls) == "call":
        return False
    setters = project.resolver.attribute_values(cls, key[2:])
    return bool(setters) and all(setter.name == "__init__" for setter, _ in setters)


def is_for_few(project: Project, function: Function, word: str) -> bool:
    """True for a key that names who writes, where only those on a list are served.

    The list is looked at by the function itself or by who calls it: ``if not self.auth.is_allowed(user)``.
    """
    if _WRITERS.isdisjoint(split_words(word)):
        return False
    callers = [e.function for e in project.graph.callers(function) if not e.function.module.is_test]
    return _is_gated(function) or (bool(callers) and all(map(_is_gated, callers)))


def has_default(function: Function, key: str) -> bool:
    """``key = session_key or "_default"``: who names nothing shares one entry, and few name anything."""
    held = function.locals.get(key[1:], ()) if key[:1] == "%" else (key,)
    return any(
        value[:1] == "|" and any(values.literal_text(v) for v in values.choices(value))
        for value in held
    )


def _is_gated(function: Function) -> bool:
    named = (*(d.name for d in function.fact.decorators), *(c.name for c in function.fact.calls))
    return not _GATES.isdisjoint(name.lstrip("_") for name in named)


def is_of_type(key: str) -> bool:
    """``content_type.id``: as many as there are types, which nobody makes at run time."""
    owner = key.rpartition(".")[0].rpartition(".")[2].lstrip("$%>@!^")
    return split_words(owner)[-1:] in (("type",), ("kind",))
