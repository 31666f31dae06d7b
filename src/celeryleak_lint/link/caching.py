"""What keeps a result: memo decorators, project-written ones, singletons, guarded stores."""

from __future__ import annotations

import msgspec

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.schema import Memo
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.callgraph import CallGraph
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import ASYNC, CallFact, DecoratorFact, StoreFact

_PERSISTENT = ("!.", "^.", "@", ">")
#: Methods that fill a collection, whatever its keys.
_WHOLE_FILLERS = frozenset({"update", "append", "extend", "add"})

#: Values that say that nothing is kept.
_MISSING = frozenset({"=None", "=False", "=0", "="})

_SETATTR_ARGUMENTS = 3

#: What a decorator called `cached_property` does, whichever library or module it is from.
_NAMESAKE = "functools.cached_property"

#: Puts a decorator for functions on a method, or on a method of the class that it decorates.
_FOR_METHODS = "django.utils.decorators.method_decorator"

#: The method through which Django calls all others of a view.
_DISPATCHER = "dispatch"


class Kept(msgspec.Struct, frozen=True):
    """A memo on a function: how long it keeps results, and the decorator that does it."""

    scope: str
    decorator: DecoratorFact
    why: str
    memo: Memo | None = None


class Caching:
    """Answers whether functions and classes keep what they build; remembers every answer."""

    def __init__(self, resolver: Resolver, graph: CallGraph, catalog: Catalog) -> None:
        self.resolver = resolver
        self.graph = graph
        self.catalog = catalog
        self._memos: dict[int, Kept | None] = {}
        self._singletons: dict[str, bool] = {}

    def memo(self, function: Function) -> Kept | None:
        """The working memo on a function, or ``None``; one that cannot hit is none."""
        key = id(function)
        if key not in self._memos:
            self._memos[key] = None
            self._memos[key] = self._find_memo(function)
        return self._memos[key]

    def keeps_for_process(self, function: Function) -> bool:
        """True when a second call with equal arguments does not run the body again."""
        kept = self.memo(function)
        return kept is not None and kept.scope in ("process", "external")

    def keeps_answers(self, function: Function) -> bool:
        """True for a view whose answers a decorator of it, or of its class, keeps for a while."""
        if self.keeps_for_process(function):
            return True
        scope = self.graph.index.definer(function)
        if any(self._passes_memo(scope, decorator) for decorator in function.fact.decorators):
            return True
        owner = self.graph.owner(function)
        if owner is None:
            return False
        scope = self.graph.index.body(owner.module, owner.fact.parent)
        names = (_DISPATCHER, function.name)
        return any(
            self._passes_memo(scope, decorator)
            and values.literal_text(dict(decorator.args).get("name", "")) in names
            for decorator in owner.fact.decorators
        )

    def _passes_memo(self, scope: Function | None, decorator: DecoratorFact) -> bool:
        """True for ``@method_decorator(cache_page(60))``; ``scope`` is where the decorator stands."""
        given = dict(decorator.args).get("0", "")
        if scope is None or decorator.value[:1] != "@" or given[:1] != "#":
            return False
        if self.resolver.canonical(decorator.value[1:]) != _FOR_METHODS:
            return False
        calls = scope.fact.calls
        index = int(given[1:]) if given[1:].isdecimal() else len(calls)
        # of two definitions under one name the index knows one, which may have fewer calls
        callee = calls[index].callee if index < len(calls) else ""
        row = self.catalog.memos.get(self.resolver.canonical(callee[1:]))
        return callee[:1] == "@" and row is not None and row.scope in ("process", "external")

    def _find_memo(self, function: Function) -> Kept | None:
        is_async = bool(function.fact.flags & ASYNC)
        for decorator in function.fact.decorators:
            row = self._row(function, decorator)
            if row is not None:
                if row.scope == "none" or (is_async and not row.async_ok):
                    continue
                pinned = row.pins_instance and self.graph.owner(function) is not None
                scope = "instance" if pinned and _takes_self(function) else row.scope
                return Kept(scope, decorator, row.why, row)
            if self._is_written_memo(function, decorator):
                return Kept("process", decorator, "a memo decorator of the project")
        return None

    def memo_row(self, function: Function) -> tuple[Memo, DecoratorFact] | None:
        """The catalogued memo decorator on a function, whether it works there or not."""
        for decorator in function.fact.decorators:
            row = self._row(function, decorator)
            if row is not None:
                return row, decorator
        return None

    def _row(self, function: Function, decorator: DecoratorFact) -> Memo | None:
        if decorator.value[:1] == "@":
            row = self.catalog.memos.get(self.resolver.canonical(decorator.value[1:]))
            if row is not None:
                return row
        scope = self.graph.index.definer(function)
        for meaning in self.resolver.meanings(scope, decorator.value) if scope is not None else ():
            row = self.catalog.memos.get(meaning.name)
            if row is not None:
                return row
        called = decorator.value.rpartition(".")[2] if decorator.value[:1] == "@" else ""
        return self.catalog.memos.get(_NAMESAKE) if called == "cached_property" else None

    def _is_written_memo(self, function: Function, decorator: DecoratorFact) -> bool:
        """True when the decorator is a project function whose body shows that it caches."""
        scope = self.graph.index.definer(function)
        if scope is None:
            return False
        return any(
            meaning.function is not None and self._caches_calls(meaning.function)
            for meaning in self.resolver.meanings(scope, decorator.value)
        )

    def _caches_calls(self, decorator: Function) -> bool:
        """True when ``decorator`` wraps its argument in a memo, or in a function that fills a cache with its results."""
        wrapped = {parameter.name for parameter in decorator.fact.params}
        inner = self.graph.index.inside(decorator)
        for function in inner:
            wrapped.update(p.name for p in function.fact.params if function.fact.returns)
        if any(self._fills_lazily(function, wrapped) for function in inner):
            return True
        return any(self._wraps_in_memo(f, wrapped) for f in (decorator, *inner))

    def _fills_lazily(self, function: Function, wrapped: set[str]) -> bool:
        """True when results of the wrapped function are stored, while missing, in what outlives the call."""
        return any(
            store.guards
            and store.target[:1] in ">@"
            and any(
                self._is_result_of(function, root, wrapped)
                for root in _traced(function, store.value)
            )
            for store in function.fact.stores
        )

    @staticmethod
    def _is_result_of(function: Function, root: str, wrapped: set[str]) -> bool:
        if root[:1] != "#" or root != values.split(root)[0]:
            return False
        callee = function.fact.calls[int(root[1:])].callee
        return callee[:1] == ">" and callee[1:] in wrapped

    def _wraps_in_memo(self, function: Function, wrapped: set[str]) -> bool:
        """``lru_cache(maxsize=8)(func)`` and ``cache(func)`` on what the decorator is given."""
        for call in function.fact.calls:
            if not any(value[:1] in "$>" and value[1:] in wrapped for _, value in call.args):
                continue
            callee = call.callee
            if callee[:1] == "#" and callee == values.split(callee)[0]:
                callee = function.fact.calls[int(callee[1:])].callee
            if callee[:1] == "@":
                row = self.catalog.memos.get(self.resolver.canonical(callee[1:]))
                if row is not None and row.scope == "process":
                    return True
        return False

    # -- singletons ------------------------------------------------------------------------

    def is_singleton(self, cls: Class) -> bool:
        """True when the class hands out one kept instance (``__new__``, metaclass, decorator)."""
        known = self._singletons.get(cls.id)
        if known is None:
            self._singletons[cls.id] = False
            known = self._singletons[cls.id] = self._find_singleton(cls)
        return known

    def _find_singleton(self, cls: Class) -> bool:
        new = self.resolver.method(cls, "__new__")
        if new is not None and any(is_lazy_store(store) for store in new.fact.stores):
            return True
        if self._shares_instances(cls.fact.metaclass, ("__call__", "__new__")):
            return True
        if any(self._shares_instances(base, ("__new__",)) for base in cls.fact.bases):
            return True
        for decorator in cls.fact.decorators:
            if decorator.value[:1] != "@":
                continue
            name = self.resolver.canonical(decorator.value[1:])
            row = self.catalog.memos.get(name)
            if row is not None and row.scope == "process":
                return True
            for meaning in self.resolver.named(name):
                if meaning.function is not None and self._caches_calls(meaning.function):
                    return True
        return False

    def _shares_instances(self, value: str, makers: tuple[str, ...]) -> bool:
        """True when a metaclass or base keeps what its ``makers`` build; calling an instance builds none."""
        if value[:1] != "@":
            return False
        name = self.resolver.canonical(value[1:])
        row = self.catalog.memos.get(name)
        if row is not None:
            return row.scope == "process"
        base = self.graph.index.classes.get(name)
        if base is None:  # of another package: its name has to tell
            return "singleton" in split_words(name.rpartition(".")[2])
        for method in makers:
            found = base.methods.get(method)
            if found is not None and any(is_lazy_store(store) for store in found.fact.stores):
                return True
        return False


def _takes_self(function: Function) -> bool:
    return not any(d.value == "@builtins.staticmethod" for d in function.fact.decorators)


def _traced(function: Function, value: str) -> tuple[str, ...]:
    """The roots of a value, one local assignment seen through."""
    found: list[str] = []
    for root in values.roots(value):
        found.append(root)
        if root[:1] == "%":
            found += [
                r
                for v in function.locals.get(values.split(root)[0][1:], ())
                for r in values.roots(v)
            ]
    return tuple(found)


def is_lazy_store(store: StoreFact) -> bool:
    """True for an assignment to something that outlives the call, made only while it is missing."""
    return bool(store.guards) and store.target.startswith(_PERSISTENT)


def lookup_guards(function: Function, call: CallFact) -> tuple[str, ...]:
    """The guards of a call that test something kept, not merely an optional parameter.

    A local counts when it was read from an attribute, an item, a global or a call; a bare
    parameter (``client=None``) does not: whoever passes it decides, nobody keeps it.
    """
    found: list[str] = []
    for guard in call.guards:
        for root in values.roots(guard):
            if root[:1] in "!^@>" and len(root) > 1:
                found.append(root)
            elif root[:1] == "$" and root != values.split(root)[0]:
                found.append(root)
            elif root[:1] == "%" and _is_looked_up(function, root):
                found.append(root)
            elif root[:1] == "#":
                found.append(root)
    return tuple(found)


def _is_looked_up(function: Function, root: str) -> bool:
    for value in function.locals.get(values.split(root)[0][1:], ()):
        for part in values.roots(value):
            if part[:1] in "!^@>#" and len(part) > 1:
                return True
            if part[:1] == "$" and part != values.split(part)[0]:
                return True
    return False


def fills_what_is_missing(function: Function, call: CallFact, places: list[str]) -> bool:
    """True when a call runs only while what it is stored in is missing: the lazy cache.

    ``places`` are where the result is kept (names of attributes of ``self`` or the class,
    other values as they are). A guard on something else (``if self.disabled: return``) says
    nothing about the place, unless the same function sets it as its flag.
    """
    kept = {place.partition("[]")[0] for place in places}
    kept |= {f"{mark}.{place}" for place in kept if place[:1] not in "@!^%$>" for mark in "!^"}
    set_here = {store.target.partition("[]")[0] for store in function.fact.stores}
    return any(
        _is_about(function, guard, kept | set_here) for guard in lookup_guards(function, call)
    )


def answers_once(function: Function, call: CallFact) -> bool:
    """True when a call runs only while an answer is missing that its function keeps under that guard.

    The answer need not be what the call returns: ``if self._name is None`` above a client
    that looks the name up, ``if not self._ready`` above what makes it ready. A cache by key
    asks anew for each key, and what the function empties again was no answer.
    """
    return not kept_under_own_guard(function).isdisjoint(call.guards)


def kept_under_own_guard(function: Function) -> set[str]:
    """What a function sets or fills only while it is missing or empty, and does not empty again."""
    kept: set[str] = set()
    emptied: set[str] = set()
    for target, value, guards in (*_attributes_set(function), *_filled(function)):
        if value in _MISSING:
            emptied.add(target)
        elif target in guards:
            kept.add(target)
    return kept - emptied


def raises_its_flag(callee: Function, call: CallFact) -> bool:
    """True when a call runs only until the function it calls has run: ``if not self._started: self._start()``.

    The function has to set what guards the call, on the same object, and not to unset it again.
    """
    owner = call.callee.rpartition(".")[0]
    kept: set[str] = set()
    emptied: set[str] = set()
    for target, value, _ in _attributes_set(callee):
        if target[:1] in "!^" and owner != target[:1]:
            continue
        (emptied if value in _MISSING else kept).add(target)
    return not (kept - emptied).isdisjoint(call.guards)


def _attributes_set(function: Function) -> list[tuple[str, str, tuple[str, ...]]]:
    """Attributes and module names that a function sets: target, value and guards, ``setattr`` included."""
    found = [
        (store.target, store.value, store.guards)
        for store in function.fact.stores
        if store.target.startswith(_PERSISTENT) and not store.target.endswith("[]")
    ]
    for call in function.fact.calls:
        given = dict(call.args)
        if call.callee == "@builtins.setattr" and len(given) == _SETATTR_ARGUMENTS:
            name = values.literal_text(given["1"])
            target = f"{given['0']}.{name}" if name else f"{given['0']}[]"
            found.append((target, given["2"], call.guards))
    return found


def _filled(function: Function) -> list[tuple[str, str, tuple[str, ...]]]:
    """Collections that outlive the call and that it fills as a whole, in the form of ``_attributes_set``."""
    return [
        (call.callee.rpartition(".")[0], values.LITERAL, call.guards)
        for call in function.fact.calls
        if call.name in _WHOLE_FILLERS and call.callee.startswith(_PERSISTENT)
    ]


def _is_about(function: Function, guard: str, places: set[str]) -> bool:
    base = guard.partition("[]")[0]
    if base in places or any(
        base.startswith(place + ".") or place.startswith(base + ".") for place in places
    ):
        return True
    if base[:1] == "#":
        return True
    if base[:1] == "%":
        held = function.locals.get(values.split(base)[0][1:], ())
        return any(
            root[:1] == "#" or _is_about(function, root, places)
            for value in held
            for root in values.roots(value)
            if root[:1] in "#!^@>"
        )
    return False
