"""What a value means: a function, a class, an instance, or something outside the project.

Import-resolved names only. A receiver's class is known from its annotation, its
constructor, the annotation or body of the function that made it, or the attribute of
``self`` it was stored in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.link.bodies import PARTIALS, partial_of
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.naming import Naming
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CLASSMETHOD

#: Questions that may be open at a time: a bound on recursion through values.
_MOST_AT_ONCE = 40
_PROPERTIES = frozenset(
    {"@builtins.property", "@functools.cached_property", "@django.utils.functional.cached_property"}
)


class Meaning(msgspec.Struct, frozen=True):
    """One thing a value may be.

    ``kind`` ``"function"`` and ``"class"`` carry project objects; ``"instance"`` names a
    class (of the project or outside) in ``name``; ``"external"`` names something outside the
    project, such as ``redis.Redis.from_url``; ``"variable"`` is a module-level name of the
    project whose value is not known.
    """

    kind: Literal["function", "class", "instance", "external", "variable"]
    name: str
    function: Function | None = None
    cls: Class | None = None


Meanings = tuple[Meaning, ...]


class Resolver:
    """Answers what values mean; remembers every answer."""

    def __init__(self, index: Index, catalog: Catalog) -> None:
        self.index = index
        self.catalog = catalog
        self.naming = Naming(index)
        self._globals: dict[str, Meanings] = {}
        self._values: dict[tuple[int, str], Meanings] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._attributes: dict[str, dict[str, list[tuple[Function, str]]]] = {}
        self._busy: set[object] = set()

    # -- names -----------------------------------------------------------------------------

    def canonical(self, dotted: str) -> str:
        """The dotted name a global name finally stands for, re-exports followed."""
        return self.naming.canonical(dotted)

    def named(self, dotted: str) -> Meanings:
        """What a global dotted name means."""
        known = self._globals.get(dotted)
        if known is None:
            if ("g", dotted) in self._busy:
                return ()
            self._busy.add(("g", dotted))
            known = self._named(self.canonical(dotted))
            self._busy.discard(("g", dotted))
            self._globals[dotted] = known
        return known

    def _named(self, dotted: str) -> Meanings:
        function = self.index.functions.get(dotted)
        if function is not None:
            return (Meaning("function", dotted, function=function),)
        cls = self.index.classes.get(dotted)
        if cls is not None:
            return (Meaning("class", dotted, cls=cls),)
        module, rest = self.naming.split_module(dotted)
        if module is None or not rest:
            return (Meaning("external", dotted),)
        owner, _, attr = dotted.rpartition(".")
        if owner in self.index.classes:
            return self._class_attribute(self.index.classes[owner], attr)
        head, _, tail = rest.partition(".")
        found = self._variable(module, head)
        for segment in tail.split(".") if tail else ():
            found = self._attribute_of_all(found, segment)
        return found or (Meaning("variable", dotted),)

    def _variable(self, module: str, name: str) -> Meanings:
        body = self.index.bodies.get(module)
        own = f"{module}.{name}" if module else name
        if own in self.index.classes:
            return (Meaning("class", own, cls=self.index.classes[own]),)
        if body is None:
            return ()
        annotated = self.index.annotation(module, name)
        if annotated:
            return self._instances(annotated)
        assigned = self.index.assigned(module, name)
        return self._merge(body, assigned)

    # -- values ----------------------------------------------------------------------------

    def meanings(self, function: Function, value: str) -> Meanings:
        """Everything a value of ``function`` may be; empty when nothing is known."""
        key = (id(function), value)
        known = self._values.get(key)
        if known is not None:
            return known
        if key in self._busy or len(self._busy) > _MOST_AT_ONCE:
            return ()
        self._busy.add(key)
        found = self._meanings(function, value)
        self._busy.discard(key)
        self._values[key] = found
        return found

    def _meanings(self, function: Function, value: str) -> Meanings:
        if value[:1] == "|":
            return self._merge(function, values.choices(value))
        if not values.is_simple(value):
            return ()
        root, segments = values.split(value)
        if root[0] == "@":
            found = self.named(root[1:])
        else:
            found = self._root(function, root)
        for segment in segments:
            if not found:
                return ()
            found = () if segment == "[]" else self._attribute_of_all(found, segment)
        return found

    def _merge(self, function: Function, parts: Sequence[str]) -> Meanings:
        seen: dict[Meaning, None] = {}
        for part in parts:
            for meaning in self.meanings(function, part):
                seen[meaning] = None
        return tuple(seen)

    def _root(self, function: Function, root: str) -> Meanings:
        mark, name = root[0], root[1:]
        if mark == "#":
            return self.result(function, int(name))
        if mark in "!^":
            kind: Literal["instance", "class"] = "instance" if mark == "!" else "class"
            return self._own_class(function, kind)
        if mark == "$":
            return self._parameter(function, name)
        owner = function if mark == "%" else self.binder(function, name)
        if owner is None:
            return ()
        annotated = owner.types.get(name)
        if annotated:
            found = self._instances(annotated)
            if found:
                return found
        if name in owner.locals:
            return self._merge(owner, owner.locals[name])
        return self._parameter(owner, name)

    def binder(self, function: Function, name: str) -> Function | None:
        """The enclosing function whose variable a closure refers to."""
        owner = self.index.enclosing(function)
        while owner is not None:
            if name in owner.locals or any(p.name == name for p in owner.fact.params):
                return owner
            owner = self.index.enclosing(owner)
        return None

    def _own_class(self, function: Function, kind: Literal["instance", "class"]) -> Meanings:
        prefix = function.module.module + "." if function.module.module else ""
        cls = self.index.classes.get(prefix + function.fact.cls)
        if cls is None:
            return ()
        return (Meaning(kind, cls.id, cls=cls),)

    def _parameter(self, function: Function, name: str) -> Meanings:
        for parameter in function.fact.params:
            if parameter.name != name or parameter.kind in ("*", "**"):
                continue
            if parameter.annotation:
                return self._instances(parameter.annotation)
            if parameter.default[:1] == "@":
                return self.meanings(function, parameter.default)
        return ()

    def _instances(self, annotation: str) -> Meanings:
        """What a variable annotated with this class holds."""
        if annotation[:1] != "@":
            return ()
        found: list[Meaning] = []
        for meaning in self.named(annotation[1:]):
            if meaning.kind == "class":
                found.append(Meaning("instance", meaning.name, cls=meaning.cls))
            elif meaning.kind == "external" and not meaning.name.startswith(
                ("builtins.", "typing.")
            ):
                found.append(Meaning("instance", self.catalog.made(meaning.name)))
        return tuple(found)

    # -- calls -----------------------------------------------------------------------------

    def callees(self, function: Function, index: int) -> Meanings:
        """What call ``index`` of ``function`` may call."""
        return self.meanings(function, function.fact.calls[index].callee)

    def result(self, function: Function, index: int) -> Meanings:
        """What call ``index`` of ``function`` may return."""
        call = function.fact.calls[index]
        if call.callee == "@builtins.super":
            return self._super(function)
        if call.callee in PARTIALS:
            return self.meanings(function, partial_of(function.fact.body, f"#{index}"))
        seen: dict[Meaning, None] = {}
        for meaning in self.callees(function, index):
            for made in self._called(meaning):
                seen[made] = None
        return tuple(seen)

    def _called(self, meaning: Meaning) -> Meanings:
        if meaning.kind == "class":
            return (Meaning("instance", meaning.name, cls=meaning.cls),)
        if meaning.kind == "external":
            if self.catalog.resource(meaning.name) is not None:
                return (Meaning("instance", self.catalog.made(meaning.name)),)
            last = meaning.name.rpartition(".")[2]
            return (
                (Meaning("instance", self.catalog.made(meaning.name)),)
                if last[:1].isupper()
                else ()
            )
        if meaning.kind == "function" and meaning.function is not None:
            return self._returned(meaning.function)
        return ()

    def _returned(self, function: Function) -> Meanings:
        annotated = function.fact.returns_annotation
        if annotated:
            found = self._instances(annotated)
            if found:
                return found
        return self._merge(function, function.fact.returns)

    def _super(self, function: Function) -> Meanings:
        own = self._own_class(function, "instance")
        if not own or own[0].cls is None:
            return ()
        return tuple(
            Meaning("instance", name, cls=self.index.classes.get(name))
            for name in self.bases(own[0].cls)
        )

    # -- classes ---------------------------------------------------------------------------

    def bases(self, cls: Class) -> tuple[str, ...]:
        """The dotted names of a class's direct bases, re-exports followed."""
        return tuple(
            self.canonical(values.split(choice)[0][1:])
            for base in cls.fact.bases
            for choice in values.choices(base)
            if choice[:1] == "@" and choice[1:] != "builtins.object"
        )

    def ancestors(self, cls: Class) -> tuple[str, ...]:
        """All dotted names a class derives from, nearest first, without itself."""
        known = self._ancestors.get(cls.id)
        if known is not None:
            return known
        self._ancestors[cls.id] = ()
        seen: dict[str, None] = {}
        level = list(self.bases(cls))
        while level:
            following: list[str] = []
            for name in level:
                if name not in seen and name != cls.id:
                    seen[name] = None
                    base = self.index.classes.get(name)
                    following += self.bases(base) if base is not None else ()
            level = following
        self._ancestors[cls.id] = tuple(seen)
        return self._ancestors[cls.id]

    def method(self, cls: Class, name: str) -> Function | None:
        """The project function that ``instance.name`` is, own class first."""
        found = cls.methods.get(name)
        if found is not None:
            return found
        for ancestor in self.ancestors(cls):
            base = self.index.classes.get(ancestor)
            if base is not None and name in base.methods:
                return base.methods[name]
        return None

    def is_property(self, function: Function) -> bool:
        """True for a method that runs when an attribute is read."""
        return any(
            decorator.value in _PROPERTIES
            or decorator.value.rpartition(".")[2]
            in ("property", "cached_property", "classproperty")
            for decorator in function.fact.decorators
        )

    def attribute_values(self, cls: Class, name: str) -> list[tuple[Function, str]]:
        """All values stored in ``self.name`` by methods of a class, each with its function."""
        table = self._attributes.get(cls.id)
        if table is None:
            table = {}
            for method in cls.methods.values():
                for attribute, value in self.index.survey.attributes.get(method.number, ()):
                    held = table.setdefault(attribute, [])
                    held.insert(0 if value[:1] == ":" else len(held), (method, value))
            self._attributes[cls.id] = table
        return table.get(name, [])

    def _attribute_of_all(self, owners: Meanings, name: str) -> Meanings:
        seen: dict[Meaning, None] = {}
        for owner in owners:
            for meaning in self._attribute(owner, name):
                seen[meaning] = None
        return tuple(seen)

    def _attribute(self, owner: Meaning, name: str) -> Meanings:
        if owner.cls is not None:
            if owner.kind == "class":
                return self._class_attribute(owner.cls, name)
            return self._instance_attribute(owner.cls, name)
        if owner.kind in ("instance", "external"):
            return (Meaning("external", f"{owner.name}.{name}"),)
        return ()

    def _class_attribute(self, cls: Class, name: str) -> Meanings:
        method = self.method(cls, name)
        if method is not None:
            if method.fact.flags & CLASSMETHOD or not self.is_property(method):
                return (Meaning("function", method.id, function=method),)
        nested = self.index.classes.get(f"{cls.id}.{name}")
        if nested is not None:
            return (Meaning("class", nested.id, cls=nested),)
        return self._declared(cls, name) or self._inherited(cls, name)

    def _declared(self, cls: Class, name: str) -> Meanings:
        for owner in self._lineage(cls):
            for attribute, value, annotation in owner.fact.attributes:
                if attribute != name:
                    continue
                found = self._instances(annotation)
                if not found and value:
                    body = self.index.class_bodies.get(owner.id)
                    found = self.meanings(body, value) if body is not None else ()
                return found
        return ()

    def _narrowed(self, cls: Class, name: str) -> Meanings:
        """What a class says of a property of its base: ``config: NarrowerConfig`` in its body."""
        for owner in self._lineage(cls):
            if name in owner.methods:
                break
            for attribute, _, annotation in owner.fact.attributes:
                if attribute == name and annotation:
                    return self._instances(annotation)
        return ()

    def _lineage(self, cls: Class) -> list[Class]:
        """The class and those of its ancestors that the project defines, nearest first."""
        classes = self.index.classes
        return [cls, *(classes[a] for a in self.ancestors(cls) if a in classes)]

    def _inherited(self, cls: Class, name: str) -> Meanings:
        outside = [a for a in self.ancestors(cls) if a not in self.index.classes]
        return tuple(Meaning("external", f"{base}.{name}") for base in outside)

    def _instance_attribute(self, cls: Class, name: str) -> Meanings:
        method = self.method(cls, name)
        if method is not None:
            if self.is_property(method):
                return self._narrowed(cls, name) or self._returned(method)
            return (Meaning("function", method.id, function=method),)
        for owner in self._lineage(cls):
            seen: dict[Meaning, None] = {}
            for function, value in self.attribute_values(owner, name):
                found = (
                    self._instances(value[1:])
                    if value[:1] == ":"
                    else self.meanings(function, value)
                )
                for meaning in found:
                    seen[meaning] = None
            if seen:
                return tuple(seen)
        return self._declared(cls, name) or self._inherited(cls, name)
