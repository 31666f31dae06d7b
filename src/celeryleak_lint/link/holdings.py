"""Collections that outlive calls: module-level names, class attributes, attributes of kept instances.

Knows what is held and whether its type bounds it; what grows and shrinks it is ``growth``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from celeryleak_lint.link.caching import Caching
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.index import Class, Function, Index, Site
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import MAIN

HolderKind = Literal["module", "class", "instance", "thread", "function"]

#: Types whose attributes live as long as a thread or a context does.
_THREAD_HOLDERS = frozenset({"threading.local", "_thread._local", "asgiref.local.Local", "gevent.local.local", "werkzeug.local.Local", "eventlet.corolocal.local"})  # fmt: skip

_MAKERS = {
    "dict": "dict", "list": "list", "set": "set", "defaultdict": "dict", "OrderedDict": "dict",
    "Counter": "dict", "deque": "list", "ChainMap": "dict", "UserDict": "dict", "UserList": "list",
}  # fmt: skip
_BOUNDING_WORDS = frozenset({"limited", "lru", "ttl", "lfu", "fifo", "bounded", "weak", "expiring", "ring", "capped"})
_BOUNDING_ARGUMENTS = frozenset({"maxlen", "maxsize", "max_size", "capacity", "limit", "size_limit", "max_entries", "ttl"})
_FRAMEWORK_FIELDS = ("pydantic.", "sqlmodel.", "msgspec.", "ormar.", "odmantic.", "beanie.", "mongoengine.", "marshmallow.", "rest_framework.serializers.", "django.forms.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holding:
    """One collection that outlives calls.

    ``id`` is the dotted name of the variable or of class and attribute; ``shape`` is
    ``dict``, ``list`` or ``set``. ``lifetime`` of an instance's attribute is ``"process"``
    when the project keeps one instance, else ``"unknown"``.
    """

    kind: HolderKind
    id: str
    name: str
    shape: str
    cls: Class | None = None
    lifetime: Literal["process", "unknown"] = "process"


class Holdings:
    """Finds the holding a value refers to; remembers every answer."""

    def __init__(
        self, index: Index, resolver: Resolver, graph: CallGraph, caching: Caching
    ) -> None:
        self.index = index
        self.resolver = resolver
        self.graph = graph
        self.caching = caching
        self._modules: dict[str, Holding | None] = {}
        self._attributes: dict[tuple[str, str], Holding | None] = {}
        self._lifetimes: dict[str, Literal["process", "call", "unknown"]] = {}

    def of(self, function: Function, value: str, depth: int = 0) -> Holding | None:
        """The holding a simple value names, through one local alias."""
        if value.endswith("[]"):
            value = value[: value.index("[]")]
        mark = value[:1]
        if mark == "@":
            return self._global(value[1:])
        if mark in "!^" and value.count(".") == 1:
            owner = self._class_of(function)
            return self._attribute(owner, value[2:]) if owner is not None else None
        if mark == "%" and "." not in value and depth == 0:
            assigned = function.locals.get(value[1:], ())
            return self.of(function, assigned[0], 1) if len(assigned) == 1 else None
        if mark in "%$" and value.count(".") == 1:
            return self._through_receiver(function, value)
        return None

    def _through_receiver(self, function: Function, value: str) -> Holding | None:
        owner, _, name = value.partition(".")
        for meaning in self.resolver.meanings(function, owner):
            if meaning.cls is not None and meaning.kind == "instance":
                return self._attribute(meaning.cls, name)
        return None

    def _class_of(self, function: Function) -> Class | None:
        prefix = function.module.module + "." if function.module.module else ""
        return self.index.classes.get(prefix + function.fact.cls)

    # -- module level ----------------------------------------------------------------------

    def _global(self, dotted: str) -> Holding | None:
        if dotted not in self._modules:
            self._modules[dotted] = None
            self._modules[dotted] = self._find_global(dotted)
        return self._modules[dotted]

    def _find_global(self, dotted: str) -> Holding | None:
        canonical = self.resolver.canonical(dotted)
        owner, _, name = canonical.rpartition(".")
        cls = self.index.classes.get(owner)
        if cls is not None:
            return self._attribute(cls, name)
        assigned = self.index.module_values.get(owner, {}).get(name)
        body = self.index.bodies.get(owner)
        if assigned and body is not None:
            shape = self._shape(body, assigned)
            return Holding("module", canonical, name, shape) if shape else None
        if owner in self.index.modules:
            return None
        return self._of_instance(owner, name)

    def _of_instance(self, owner: str, name: str) -> Holding | None:
        """``processor.items`` where ``processor`` is a module-level instance, a thread-local or a function."""
        for meaning in self.resolver.named(owner):
            if meaning.kind == "instance" and meaning.name in _THREAD_HOLDERS:
                return Holding("thread", f"{owner}.{name}", f"{owner.rpartition('.')[2]}.{name}", "collection")
            if meaning.kind == "function" and meaning.function is not None:
                return Holding("function", f"{owner}.{name}", f"{meaning.function.name}.{name}", "collection")
            if meaning.kind == "instance" and meaning.cls is not None:
                return self._attribute(meaning.cls, name)
        return None

    # -- attributes ------------------------------------------------------------------------

    def _attribute(self, cls: Class, name: str) -> Holding | None:
        key = (cls.id, name)
        if key not in self._attributes:
            self._attributes[key] = None
            self._attributes[key] = self._find_attribute(cls, name)
        return self._attributes[key]

    def _find_attribute(self, cls: Class, name: str) -> Holding | None:
        chain = [cls, *(self.index.classes[a] for a in self.resolver.ancestors(cls) if a in self.index.classes)]
        for owner in chain:
            stored = [
                (function, value)
                for function, value in self.resolver.attribute_values(owner, name)
                if function.name in ("__init__", "__new__", "__post_init__", "__attrs_post_init__", "setup", "_init")
                and value[:1] != ":"
            ]
            if stored:
                shapes = [shape for f, value in stored if (shape := self._shape(f, [value]))]
                return self._instance_holding(owner, name, shapes[0]) if shapes else None
        for owner in chain:
            for attribute, value, _ in owner.fact.attributes:
                if attribute == name and value:
                    return self._class_holding(owner, name, value)
        return None

    def _instance_holding(self, cls: Class, name: str, shape: str) -> Holding | None:
        lifetime = self.lifetime(cls)
        if lifetime == "call":
            return None
        return Holding("instance", f"{cls.id}.{name}", name, shape, cls, lifetime)

    def _class_holding(self, cls: Class, name: str, value: str) -> Holding | None:
        body = self.index.class_bodies.get(cls.id)
        shape = self._shape(body, [value]) if body is not None else ""
        if not shape or self._is_copied_per_instance(cls) or cls.fact.parent:
            return None
        return Holding("class", f"{cls.id}.{name}", name, shape, cls)

    def _is_copied_per_instance(self, cls: Class) -> bool:
        """Frameworks that turn class-level defaults into fields of each instance."""
        if any(d.name in ("dataclass", "define", "attrs", "frozen", "mutable") for d in cls.fact.decorators):
            return True
        outside = [a for a in self.resolver.ancestors(cls) if a not in self.index.classes]
        return any(name.startswith(_FRAMEWORK_FIELDS) or name.endswith("BaseModel") for name in outside)

    def lifetime(self, cls: Class) -> Literal["process", "call", "unknown"]:
        """How long instances of a class live: one kept for the process, per call, or unknown."""
        known = self._lifetimes.get(cls.id)
        if known is None:
            self._lifetimes[cls.id] = "unknown"
            known = self._lifetimes[cls.id] = self._find_lifetime(cls)
        return known

    def lifetime_of(self, method: Function) -> Literal["process", "call", "unknown"]:
        """The lifetime of the class that ``method`` belongs to."""
        owner = self._class_of(method)
        return self.lifetime(owner) if owner is not None else "unknown"

    def _find_lifetime(self, cls: Class) -> Literal["process", "call", "unknown"]:
        if self.caching.is_singleton(cls):
            return "process"
        family = (cls, *self.graph.subclasses(cls))
        edges = [
            edge
            for member in family
            for edge in self.graph.builders(member)
            if not edge.function.module.is_test
        ]
        if any(self._is_kept_global(edge.site) for edge in edges):
            return "process"
        if any(self.caching.keeps_for_process(edge.function) for edge in edges):
            return "process"
        real = [e for e in edges if e.site is None or not e.site.call.flags & MAIN]
        return "call" if real else "unknown"

    @staticmethod
    def _is_kept_global(site: Site | None) -> bool:
        """``x = Cls()`` at module level, or ``global x; x = Cls()``; not under ``__main__``."""
        if site is None or site.call.flags & MAIN:
            return False
        return any(sink.startswith("glob ") for sink in site.call.sinks)

    # -- shapes ----------------------------------------------------------------------------

    def _shape(self, function: Function, assigned: list[str] | tuple[str, ...]) -> str:
        """``dict``, ``list`` or ``set`` for an unbounded collection; empty for anything else."""
        for value in assigned:
            for choice in values.choices(value):
                if choice[:1] == "{":
                    return "dict"
                if choice[:1] == "[":
                    return "list"
                if choice[:1] == "#" and choice == values.split(choice)[0]:
                    return self._made(function, int(choice[1:]))
        return ""

    def _made(self, function: Function, index: int) -> str:
        call = function.fact.calls[index]
        shape = _MAKERS.get(call.name, "")
        if not shape:
            return ""
        if any(label in _BOUNDING_ARGUMENTS for label, _ in call.args):
            return ""
        if call.name == "deque" and len(call.args) > 1:
            return ""
        if call.name == "defaultdict" and self._values_are_bounded(function, call.args):
            return ""
        return shape

    def _values_are_bounded(self, function: Function, args: tuple[tuple[str, str], ...]) -> bool:
        """``defaultdict(lambda: TTLCache(...))``: what it holds bounds itself."""
        for _, value in args[:1]:
            for meaning in self.resolver.meanings(function, value):
                if is_bounding_name(meaning.name):
                    return True
                if meaning.function is not None:
                    return any(is_bounding_name(call.name) for call in meaning.function.fact.calls)
        return False


def is_bounding_name(name: str) -> bool:
    """True for types whose name says that they drop entries: ``TTLCache``, ``LimitedDict``, ``WeakSet``."""
    return bool(_BOUNDING_WORDS.intersection(split_words(name.rpartition(".")[2])))
