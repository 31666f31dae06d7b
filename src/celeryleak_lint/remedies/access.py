"""Remedies for what is built on access or stored over what was there: kept on the instance instead."""

from __future__ import annotations

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model.facts import ASYNC, CONDITIONAL
from celeryleak_lint.model.findings import Confidence
from celeryleak_lint.model.remedies import CachedProperty, Guard
from celeryleak_lint.remedies.gates import refusal

_COPYING = ("__getstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__getnewargs__", "__getnewargs_ex__")  # fmt: skip
_INITIALISERS = frozenset({"__init__", "__new__", "__post_init__"})
#: Classes whose instances have no dictionary of attributes, or fixed fields.
_FIELDED = ("typing.NamedTuple", "typing.Protocol", "typing_extensions.Protocol", "enum.", "msgspec.Struct", "builtins.tuple")  # fmt: skip
_FIELD_DECORATORS = frozenset({"dataclass", "define", "frozen", "mutable", "attrs", "attr", "s"})
#: Words of functions whose purpose is a new object.
_RENEWING = frozenset({"refresh", "reload", "renew", "reset", "rotate", "update", "reconnect", "restart", "recreate", "rebuild", "reopen", "replace", "change", "switch"})  # fmt: skip


def cached_property_remedy(project: Project, build: Build) -> CachedProperty | str:
    """``cached_property`` on the property that builds, or why it cannot be one."""
    function = build.function
    reason = refusal(project, build)
    if reason:
        return reason
    decorators = function.fact.decorators
    if len(decorators) != 1 or decorators[0].value != "@builtins.property":
        return "only a plain `@property` can keep its result"
    owner = project.graph.owner(function)
    if owner is None:
        return "only a plain `@property` can keep its result"
    if "returned" not in build.fate.ends or len(function.fact.returns) != 1:
        return "the property does not always return what it builds"
    reason = keeping_reason(project, owner, function)
    return reason or CachedProperty(function.fact.qualname, decorators[0].line)


def keeping_reason(project: Project, owner: Class, function: Function) -> str:
    """Why an instance cannot keep what a property of its class gives; empty when it can."""
    name = function.name
    family = (owner, *_ancestors(project, owner), *project.graph.subclasses(owner))
    if any(attribute == "__slots__" for cls in family for attribute, _, _ in cls.fact.attributes):
        return "the class has `__slots__`"
    if any(d.name in _FIELD_DECORATORS for d in owner.fact.decorators):
        return "the class is a data class, whose fields may be all it has"
    if any(base.startswith(_FIELDED) for base in project.resolver.ancestors(owner)):
        return "instances of the class have no room for it"
    if _is_redefined(project, function):
        return f"`{name}` has a setter or a deleter"
    others = [cls for cls in family if cls is not owner]
    if any(name in cls.methods or _declares(cls, name) for cls in others):
        return f"another class of the family has a `{name}` of its own"
    if any(method in cls.methods for cls in family for method in _COPYING):
        return "instances are copied or pickled, and what is kept would go along"
    entry = project.heat.instance_entry(owner)
    if entry is not None and entry.instance == "per-call":
        return "an instance lives for one request: what it keeps is built again for the next"
    changed = _changed_attribute(project, owner, function)
    return f"it depends on `self.{changed}`, which changes later" if changed else ""


def _ancestors(project: Project, owner: Class) -> list[Class]:
    classes = project.index.classes
    return [classes[name] for name in project.resolver.ancestors(owner) if name in classes]


def _declares(cls: Class, name: str) -> bool:
    return any(attribute == name for attribute, _, _ in cls.fact.attributes)


def _is_redefined(project: Project, function: Function) -> bool:
    """True when another function of that name follows: ``@client.setter``."""
    return any(
        other is not function and other.fact.qualname == function.fact.qualname
        for other in project.index.everything
        if other.module is function.module
    )


def _changed_attribute(project: Project, owner: Class, function: Function) -> str:
    for attribute, _ in function.fact.reads:
        for method, _value in project.resolver.attribute_values(owner, attribute):
            if method.name not in _INITIALISERS:
                return attribute
    return ""


def guard_remedy(project: Project, build: Build, kept: str, confidence: Confidence) -> Guard | str:
    """A test for ``None`` above the assignment; ``kept`` is the value of its target."""
    reason = refusal(project, build) or _unguardable(project, build)
    if reason:
        return reason
    if confidence == "possible":
        return "it is not certain that it runs more than once for one object"
    function = build.function
    if kept.startswith("!."):
        if "." in kept[2:]:
            return "it is kept on another object"
        return _guarded_attribute(project, function, kept[2:])
    module, _, name = kept[1:].rpartition(".")
    if module != function.module.module:
        return "it is kept in another module"
    if project.index.assigned(module, name) != ["=None"]:
        return f"`{name}` does not begin as `None`, so there is nothing to test"
    return Guard(name, declares=False)


def _unguardable(project: Project, build: Build) -> str:
    function = build.function
    if _RENEWING.intersection(split_words(function.name)):
        return f"`{function.name}` is there to make a new one"
    if project.origins.of_call(function, build.site.index).params:
        return "it is built from what the caller passes: the first one would serve all"
    if function.fact.flags & ASYNC:
        return "calls of a coroutine overlap: two could build one at the same time"
    owner = project.graph.owner(function)
    entry = project.heat.instance_entry(owner) if owner is not None else None
    if entry is not None and entry.instance == "per-call":
        return "an instance lives for one request: what it keeps is built again for the next"
    return ""


def _guarded_attribute(project: Project, function: Function, name: str) -> Guard | str:
    owner = project.graph.owner(function)
    if owner is None:
        return "it is kept on an object that is not known here"
    if _starts_as_none(owner, name):
        return Guard(f"self.{name}", declares=False)
    family = (owner, *_ancestors(project, owner), *project.graph.subclasses(owner))
    stored = [
        method
        for cls in family
        for method, _ in project.resolver.attribute_values(cls, name)
        if method is not function
    ]
    declared = any(name in cls.methods or _declares(cls, name) for cls in family)
    slotted = any(_declares(cls, "__slots__") for cls in family)
    fielded = any(base.startswith(_FIELDED) for base in project.resolver.ancestors(owner))
    if stored or declared or slotted or fielded or owner.fact.decorators or owner.fact.metaclass:
        return f"`self.{name}` does not begin as `None`, so there is nothing to test"
    return Guard(f"self.{name}", declares=True)


def _starts_as_none(owner: Class, name: str) -> bool:
    """True when the class or its ``__init__`` sets the attribute to ``None`` before anything else does."""
    if any(attribute == name and value == "=None" for attribute, value, _ in owner.fact.attributes):
        return True
    init = owner.methods.get("__init__")
    if init is None:
        return False
    stores = [store for store in init.fact.stores if store.target == f"!.{name}"]
    return bool(stores) and all(
        store.value == "=None" and not store.flags & CONDITIONAL for store in stores
    )
