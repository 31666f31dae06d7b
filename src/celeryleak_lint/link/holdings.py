"""Collections that outlive calls: module-level names, class attributes, attributes of kept instances.

Knows what is held and whether its type bounds it; what grows and shrinks it is ``growth``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.lifetimes import Lifetimes, starts_service
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values

HolderKind = Literal["module", "class", "instance", "thread", "function", "closure"]

#: Types whose attributes live as long as a thread does.
_THREAD_HOLDERS = frozenset({"threading.local", "_thread._local", "asgiref.local.Local", "gevent.local.local", "werkzeug.local.Local", "eventlet.corolocal.local"})  # fmt: skip

_CONTEXT_VARIABLES = frozenset({"contextvars.ContextVar"})
_CONTEXT_VALUE = "<value>"

_MAKERS = {
    "dict": "dict", "list": "list", "set": "set", "defaultdict": "defaultdict", "OrderedDict": "dict",
    "Counter": "Counter", "deque": "list", "ChainMap": "dict", "UserDict": "dict", "UserList": "list",
}  # fmt: skip
_MAKE_MISSING = ("defaultdict", "Counter")
_MAKER_LIBRARIES = ("builtins", "collections", "typing")
_BOUNDING_WORDS = frozenset(
    {"limited", "lru", "ttl", "lfu", "fifo", "bounded", "weak", "expiring", "ring", "capped"}
)
_BOUNDING_ARGUMENTS = frozenset(
    {"maxlen", "maxsize", "max_size", "capacity", "limit", "size_limit", "max_entries", "ttl"}
)
_FRAMEWORK_FIELDS = ("pydantic.", "pydantic_settings.", "sqlmodel.", "msgspec.", "ormar.", "odmantic.", "beanie.", "mongoengine.", "marshmallow.", "rest_framework.serializers.", "django.forms.")  # fmt: skip


class Holding(msgspec.Struct, frozen=True):
    """One collection that outlives calls.

    ``id`` is the dotted name of the variable, of class and attribute, or of function and local
    (of a ``closure``, what the functions inside one that builds a service share); ``shape`` is
    ``dict``, ``defaultdict``, ``Counter``, ``list`` or ``set``. ``lifetime`` of an instance's attribute is ``"process"``
    when the project keeps one instance, else ``"unknown"``.
    """

    kind: HolderKind
    id: str
    name: str
    shape: str
    cls: Class | None = None
    lifetime: Literal["process", "unknown"] = "process"

    @property
    def is_mapping(self) -> bool:
        """True for dictionaries of any type."""
        return self.shape in ("dict", *_MAKE_MISSING)

    @property
    def makes_missing(self) -> bool:
        """True when ``X[key] += 1`` adds a key that is missing."""
        return self.shape in (*_MAKE_MISSING, "collection")


class Holdings:
    """Finds the holding a value refers to; remembers every answer."""

    def __init__(
        self,
        index: Index,
        resolver: Resolver,
        graph: CallGraph,
        lifetimes: Lifetimes,
    ) -> None:
        self.index = index
        self.resolver = resolver
        self.graph = graph
        self.lifetimes = lifetimes
        self._modules: dict[str, Holding | None] = {}
        self._attributes: dict[tuple[str, str], Holding | None] = {}

    def of(self, function: Function, value: str, depth: int = 0) -> Holding | None:
        """The holding a simple value names, through one local alias."""
        if value.endswith("[]"):
            value = value[: value.index("[]")]
        mark = value[:1]
        if mark == "@":
            return self._global(value[1:])
        if mark == "#":
            return self._of_call(function, value, depth)
        if mark in "!^":
            return self._own(function, value.replace("!.__class__.", "^."))
        if mark == "%" and "." not in value:
            return self._of_local(function, value[1:]) if depth == 0 else None
        if mark == ">" and "." not in value:
            return self._captured(function, value[1:])
        if mark in "%$" and value.count(".") == 1:
            return self._through_receiver(function, value)
        return None

    def _own(self, function: Function, value: str) -> Holding | None:
        """``self.items``, ``cls.items``, and ``self._local.items`` of a thread-local on ``self``."""
        owner = self.index.class_around(function)
        if owner is None:
            return None
        name = value[2:]
        first, _, rest = name.partition(".")
        if not rest:
            return self._attribute(owner, name)
        if "." not in rest and self._is_thread_local(owner, first):
            lifetime = self.lifetimes.lifetime(owner)
            if lifetime != "call":
                return Holding("thread", f"{owner.id}.{name}", name, "collection", owner, lifetime)
        return None

    def _is_thread_local(self, owner: Class, name: str) -> bool:
        return any(
            self.made_by(method, value) in _THREAD_HOLDERS
            for method, value in self.resolver.attribute_values(owner, name)
        )

    def _of_local(self, function: Function, name: str) -> Holding | None:
        """What a local name was assigned once, or first looked up in a thread-local."""
        assigned = function.locals.get(name, ())
        found = [held for value in assigned if (held := self.of(function, value, 1)) is not None]
        if len(assigned) == 1 or (found and found[0].kind == "thread"):
            return found[0] if found else None
        return None

    def _captured(self, function: Function, name: str) -> Holding | None:
        """``sessions`` of ``create_app``, which the routes inside it fill; who else is handed it may empty it."""
        outer = self.index.enclosing(function)
        while outer is not None and not starts_service(outer.name):
            outer = self.index.enclosing(outer)
        assigned = outer.locals.get(name, ()) if outer is not None else ()
        if outer is None or len(assigned) != 1 or set(outer.uses.get(name, ())) - {"cap", "fill"}:
            return None
        shape = self.shape(outer, assigned)
        return Holding("closure", f"{outer.id}.{name}", name, shape) if shape else None

    def _of_call(self, function: Function, value: str, depth: int) -> Holding | None:
        """``getattr(local, "items")``, ``context_variable.get()`` and ``type(self).items``."""
        root, segments = values.split(value)
        call = function.fact.calls[int(root[1:])]
        given = [argument for _, argument in call.args]
        if call.callee == "@builtins.type" and given == ["!"] and len(segments) == 1:
            return self._own(function, f"^.{segments[0]}")
        if segments:
            return None
        if call.callee == "@builtins.getattr" and len(given) > 1 and values.literal_text(given[1]):
            held = self.of(function, values.attribute(given[0], given[1][1:]), depth)
            return held if held is not None and held.kind == "thread" else None
        if call.callee[:1] == "@" and call.name == "get":
            return self._global(self.context_value(call.callee.rpartition(".")[0])[1:])
        return None

    def context_value(self, value: str) -> str:
        """The value that a module-level context variable holds, as a name; empty for anything else."""
        if value[:1] != "@" or self._maker(value[1:]) not in _CONTEXT_VARIABLES:
            return ""
        return f"{value}.{_CONTEXT_VALUE}"

    def _maker(self, dotted: str) -> str:
        """The dotted name of what a module-level name was made by."""
        owner, _, name = self.resolver.canonical(dotted).rpartition(".")
        body = self.index.bodies.get(owner)
        made = self.index.assigned(owner, name)
        return next((self.made_by(body, value) for value in made), "") if body is not None else ""

    def made_by(self, function: Function, value: str) -> str:
        """The dotted name that was called to make a value; empty when none was."""
        if value[:1] != "#" or not value[1:].isdigit():
            return ""
        callee = values.split(function.fact.calls[int(value[1:])].callee)[0]
        return self.resolver.canonical(callee[1:]) if callee[:1] == "@" else ""

    def _through_receiver(self, function: Function, value: str) -> Holding | None:
        owner, _, name = value.partition(".")
        for meaning in self.resolver.meanings(function, owner):
            if meaning.cls is not None and meaning.kind == "instance":
                held = self._attribute(meaning.cls, name)
                is_own = held is not None and held.kind != "class"
                return None if is_own and self._is_built_here(function, owner) else held
        return None

    def _is_built_here(self, function: Function, local: str) -> bool:
        """True for what each call builds anew: what it is filled with at once is part of it."""
        assigned = function.locals.get(local[1:], ()) if local[:1] == "%" else ()
        return bool(assigned) and all(self._is_construction(function, value) for value in assigned)

    def _is_construction(self, function: Function, value: str) -> bool:
        if value[:1] != "#" or not value[1:].isdigit():
            return False
        callee = function.fact.calls[int(value[1:])].callee
        cls = self.index.classes.get(self.resolver.canonical(callee[1:])) if callee else None
        return cls is not None and not self.lifetimes.caching.is_singleton(cls)

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
        assigned = self.index.assigned(owner, name)
        body = self.index.bodies.get(owner)
        if assigned and body is not None:
            shape = self.shape(body, assigned)
            return Holding("module", canonical, name, shape) if shape else None
        if owner in self.index.modules:
            return None
        return self._of_instance(owner, name)

    def _of_instance(self, owner: str, name: str) -> Holding | None:
        """``processor.items`` where ``processor`` is a module-level instance, a thread-local or a function."""
        maker = self._maker(owner) if owner else ""
        is_context = maker in _CONTEXT_VARIABLES and name == _CONTEXT_VALUE
        if maker in _THREAD_HOLDERS or is_context:
            shown = owner.rpartition(".")[2]
            shown = shown if is_context else f"{shown}.{name}"
            return Holding("thread", f"{owner}.{name}", shown, "collection")
        for meaning in self.resolver.named(owner):
            if meaning.kind == "function" and meaning.function is not None:
                return self._of_function(meaning.function, name)
            if meaning.kind == "instance" and meaning.cls is not None:
                return self._attribute(meaning.cls, name)
        return None

    def _of_function(self, function: Function, name: str) -> Holding | None:
        """``f.cache``, unless the module body makes it a bounded collection.

        A nested function is a new one each time, and takes its attributes along.
        """
        if function.fact.parent or name.startswith("__"):
            return None
        module = function.module.module
        assigned = self.index.assigned(module, f"{function.fact.qualname}.{name}")
        body = self.index.bodies.get(module)
        if assigned and body is not None and not self.shape(body, assigned):
            return None
        return Holding("function", f"{function.id}.{name}", f"{function.name}.{name}", "collection")

    # -- attributes ------------------------------------------------------------------------

    def _attribute(self, cls: Class, name: str) -> Holding | None:
        key = (cls.id, name)
        if key not in self._attributes:
            self._attributes[key] = None
            self._attributes[key] = self._find_attribute(cls, name)
        return self._attributes[key]

    def _find_attribute(self, cls: Class, name: str) -> Holding | None:
        chain = [
            cls,
            *(
                self.index.classes[a]
                for a in self.resolver.ancestors(cls)
                if a in self.index.classes
            ),
        ]
        for owner in chain:
            stored = [
                (function, value)
                for function, value in self.resolver.attribute_values(owner, name)
                if function.name
                in ("__init__", "__new__", "__post_init__", "__attrs_post_init__", "setup", "_init")
                and value[:1] != ":"
            ]
            if stored:
                shapes = [shape for f, value in stored if (shape := self.shape(f, [value]))]
                return self._instance_holding(owner, name, shapes[0]) if shapes else None
        for owner in chain:
            for attribute, value, _ in owner.fact.attributes:
                if attribute == name and value:
                    return self._class_holding(owner, name, value)
        return None

    def _instance_holding(self, cls: Class, name: str, shape: str) -> Holding | None:
        lifetime = self.lifetimes.lifetime(cls)
        if lifetime == "call":
            return None
        if _THREAD_HOLDERS.intersection(self.resolver.ancestors(cls)):
            return Holding("thread", f"{cls.id}.{name}", name, shape, cls, lifetime)
        return Holding("instance", f"{cls.id}.{name}", name, shape, cls, lifetime)

    def _class_holding(self, cls: Class, name: str, value: str) -> Holding | None:
        body = self.index.class_bodies.get(cls.id)
        shape = self.shape(body, [value]) if body is not None else ""
        if not shape or self._is_copied_per_instance(cls) or cls.fact.parent:
            return None
        return Holding("class", f"{cls.id}.{name}", name, shape, cls)

    def _is_copied_per_instance(self, cls: Class) -> bool:
        """Frameworks that turn class-level defaults into fields of each instance."""
        if any(
            d.name in ("dataclass", "define", "attrs", "frozen", "mutable")
            for d in cls.fact.decorators
        ):
            return True
        outside = [a for a in self.resolver.ancestors(cls) if a not in self.index.classes]
        return any(
            name.startswith(_FRAMEWORK_FIELDS) or name.endswith("BaseModel") for name in outside
        )

    # -- shapes ----------------------------------------------------------------------------

    def shape(self, function: Function, assigned: Sequence[str]) -> str:
        """``dict``, ``list``, ``set`` and the like for an unbounded collection; empty for anything else."""
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
        library, _, name = self.made_by(function, f"#{index}").rpartition(".")
        shape = _MAKERS.get(name, "") if library in _MAKER_LIBRARIES else ""
        if not shape:
            return ""
        if any(label in _BOUNDING_ARGUMENTS for label, _ in call.args):
            return ""
        if name == "deque" and len(call.args) > 1:
            return ""
        if name == "defaultdict" and self._values_are_bounded(function, call.args):
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
