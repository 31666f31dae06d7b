"""What the memo rules share: how large a memo may grow, and what its key is made of."""

from __future__ import annotations

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CLASSMETHOD, STATIC, DecoratorFact

#: What ``functools.lru_cache`` keeps when nobody says a size.
IMPLICIT_SIZE = 128

#: The code under which flake8-bugbear and ruff report every memo on a method.
SAME_ELSEWHERE = "B019"

#: Types of which there are few values, or as many as the code has classes.
_FEW = frozenset({"builtins.type", "typing.Type", "builtins.bool", "typing.Literal"})
_LITERALS = frozenset({"@typing.Literal", "@typing_extensions.Literal"})
_IDENTITY_ENDINGS = (
    "Client",
    "Session",
    "Request",
    "App",
    "Application",
    "Connection",
    "Engine",
    "Context",
)


def size_of(project: Project, decorator: DecoratorFact) -> int | str | None:
    """The bound of a functools memo: a number, ``None`` for unbounded, ``"implicit"`` or ``"explicit"``."""
    name = project.resolver.canonical(decorator.value[1:]).rpartition(".")[2]
    if name == "cache":
        return None
    if not decorator.called:
        return "implicit"
    for label, value in decorator.args:
        if label == "cache" and value[:1] == "#":
            return "explicit"  # ``cachetools.cached(cache=TTLCache(maxsize=100, ttl=600))`` bounds itself
        if label in ("0", "maxsize"):
            return _size(project, value)
    return "implicit"


def _size(project: Project, value: str) -> int | str | None:
    text = values.literal_text(value)
    if text is not None:
        return None if text == "None" else int(text) if text.isdigit() else "explicit"
    if value[:1] == "@":
        module, _, name = project.resolver.canonical(value[1:]).rpartition(".")
        assigned = project.index.assigned(module, name)
        if assigned == ["=None"]:
            return None
    return "explicit"


def is_keyed_by_self(project: Project, function: Function) -> bool:
    """True for a method whose memo has the instance in its key."""
    return project.graph.owner(function) is not None and not function.fact.flags & (
        STATIC | CLASSMETHOD
    )


def is_cleared(project: Project, function: Function) -> bool:
    """True when code of the project empties the memo: ``load.cache_clear()``, ``self.rows.cache_clear()``."""
    return any(
        _is_memo_of(project, site.function, site.callee.rpartition(".")[0], function)
        for site in project.index.calls_of("cache_clear")
        if not site.function.module.is_test
    )


def _is_memo_of(project: Project, caller: Function, value: str, function: Function) -> bool:
    if value[:1] == "@":
        return project.resolver.canonical(value[1:]) == function.id
    owner, _, name = value.rpartition(".")
    if name != function.name:
        return False
    return owner not in ("!", "^") or project.graph.owner(caller) is project.graph.owner(function)


def identity_parameter(project: Project, function: Function) -> tuple[str, str] | None:
    """A parameter whose class compares by identity, with its dotted name: each object is a new key."""
    for parameter in function.fact.params:
        if parameter.annotation[:1] != "@":
            continue
        name = project.resolver.canonical(parameter.annotation[1:])
        if _is_identity_type(project, name):
            return parameter.name, name
    return None


def _is_identity_type(project: Project, name: str) -> bool:
    if name in project.catalog.tables.vocabulary.identity_types:
        return True
    if _is_resource(project.catalog, name):
        return True
    cls = project.index.classes.get(name)
    if cls is None:
        return name.endswith(_IDENTITY_ENDINGS) and not name.startswith(("builtins.", "typing."))
    if project.resolver.method(cls, "__eq__") or project.resolver.method(cls, "__hash__"):
        return False
    if project.lifetimes.lifetime(cls) == "process":
        return False
    ancestors = project.resolver.ancestors(cls)
    return any(_is_resource(project.catalog, a) for a in ancestors) or (
        name.endswith(_IDENTITY_ENDINGS) and not cls.fact.decorators
    )


def comes_and_goes(project: Project, name: str) -> bool:
    """False for a class of the project that is no resource and of which only its name says what it is.

    There may be one engine or client of one's own for each kind that the code knows.
    """
    cls = project.index.classes.get(name)
    if cls is None or project.lifetimes.lifetime(cls) == "call":
        return True
    return any(_is_resource(project.catalog, a) for a in project.resolver.ancestors(cls))


def _is_resource(catalog: Catalog, name: str) -> bool:
    row = catalog.resource(name)
    return row is not None and row.report and row.kind != "registration"


def entity_parameter(project: Project, function: Function) -> str | None:
    """A parameter whose name says that it grows with traffic, such as ``user_id``."""
    for parameter in function.fact.params:
        if parameter.kind in ("*", "**") or parameter.name in ("self", "cls"):
            continue
        if _has_few_values(project, parameter.annotation):
            continue
        if project.catalog.configuration_key(parameter.name) is not None:
            continue
        if project.catalog.is_per_call(parameter.name) or _ends_in_id(parameter.name):
            return parameter.name
    return None


def _has_few_values(project: Project, annotation: str) -> bool:
    """True for classes, truth values, literals, and names of these: ``Event = Literal["start", "stop"]``."""
    if annotation[:1] != "@":
        return False
    name = project.resolver.canonical(annotation[1:])
    owner, _, last = name.rpartition(".")
    assigned = project.index.assigned(owner, last)
    is_alias = bool(assigned) and all(value.removesuffix("[]") in _LITERALS for value in assigned)
    return name in _FEW or is_alias


def _ends_in_id(name: str) -> bool:
    return name.endswith(("_id", "_uuid", "_pk"))
