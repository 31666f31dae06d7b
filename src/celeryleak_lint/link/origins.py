"""Where the arguments of a construction come from: fixed for the process, or one call's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.arguments import parameter_name
from celeryleak_lint.link.elements import Function
from celeryleak_lint.model import values

_DEPTH = 9

#: Labels under which credentials arrive that expire: AWS's session token, and whole sets of them.
_TEMPORARY = frozenset({"aws_session_token", "session_token", "**"})

#: Labels of whole sets of credentials.
_CREDENTIALS = frozenset({"credential", "credentials"})

#: Parameters that bring what comes with one call, its credentials among it.
_CARRIERS = frozenset(
    {"ctx", "context", "request", "req", "websocket", "principal", "identity", "current_user"}
)

#: Words of functions that build something in the name of whoever calls.
_ON_BEHALF = frozenset({"impersonate", "impersonated", "impersonating", "impersonation"})

#: Finds the enclosing function that binds a captured name.
Binder = Callable[[Function, str], "Function | None"]


@dataclass(slots=True)
class Origin:
    """What a construction depends on. ``params`` are parameter names of the function.

    ``instance`` is set by attributes of ``self``, ``settings`` by configuration and
    environment, ``unknown`` by what cannot be traced, ``credential`` by credentials of the
    caller, ``temporary`` by credentials that are fetched for the call. All empty: constants
    and module names.
    """

    params: set[str] = field(default_factory=set)
    instance: bool = False
    settings: bool = False
    unknown: bool = False
    credential: bool = False
    temporary: bool = False

    @property
    def is_fixed(self) -> bool:
        """True when nothing depends on the caller."""
        return not self.params and not self.unknown


class Origins:
    """Traces values back through local assignments and nested calls."""

    def __init__(self, catalog: Catalog, binder: Binder) -> None:
        self.catalog = catalog
        self.binder = binder

    def of_call(self, function: Function, index: int) -> Origin:
        """What the arguments of call ``index`` (and its receiver) depend on."""
        origin = Origin()
        self._call(function, index, origin, 0, set())
        return origin

    def expects_credentials(self, chain: Sequence[tuple[Function, int]]) -> bool:
        """True when a call of the first function brings credentials of its own to the constructor.

        ``chain`` leads from a call of a producer to the constructor, as functions and the
        positions of their calls: each but the first expects what the one before it passes.
        """
        expected = self._credentials(*chain[-1])
        for (caller, index), (callee, _) in zip(
            reversed(chain[:-1]), reversed(chain), strict=False
        ):
            passed = [
                value
                for label, value in caller.fact.calls[index].args
                if parameter_name(callee, label) in expected
            ]
            if any(self._is_fetched(caller, value) for value in passed):
                return True
            expected = {name for value in passed for name in self.of_value(caller, value).params}
        return False

    def is_for_tenant(self, chain: Sequence[tuple[Function, int]]) -> bool:
        """True when the constructor's credentials are those of something that callers hand in: ``account.token``.

        ``chain`` leads to the constructor as in ``expects_credentials``.
        """
        carriers = self._carriers_of_secrets(*chain[-1])
        for (caller, index), (callee, _) in zip(
            reversed(chain[:-1]), reversed(chain), strict=False
        ):
            passed = [
                self.of_value(caller, value)
                for label, value in caller.fact.calls[index].args
                if parameter_name(callee, label) in carriers
            ]
            if any(origin.is_fixed for origin in passed) or not passed:
                return False
            carriers = {name for origin in passed for name in origin.params}
        return len(chain) > 1

    def _carriers_of_secrets(self, function: Function, index: int) -> set[str]:
        """Parameters of which the credentials of a call are made, and that are no credentials themselves."""
        return {
            name
            for label, value in function.fact.calls[index].args
            if self.catalog.is_credential(label)
            for name in self.of_value(function, value).params
            if not self.catalog.is_credential(name)
        }

    def serves_caller(self, chain: Sequence[tuple[Function, int]]) -> bool:
        """True when credentials are taken out of the ``ctx`` or ``request`` of the first function, at any depth."""
        return any(
            self._is_handed_down(chain[:position], self._carriers(function, index, is_secret=True))
            for position, (function, index) in enumerate(chain)
        )

    def _is_handed_down(self, above: Sequence[tuple[Function, int]], carried: set[str]) -> bool:
        """True when every call above hands on what a step takes its credentials from."""
        for caller, index in reversed(above):
            if not carried:
                return False
            carried = self._carriers(caller, index, is_secret=False)
        return bool(carried)

    def _carriers(self, function: Function, index: int, *, is_secret: bool) -> set[str]:
        """Names of what comes with the call, of which the arguments (those for secrets only) are made."""
        found: set[str] = set()
        for label, value in function.fact.calls[index].args:
            if not is_secret or self.catalog.is_credential(label):
                named = {values.split(root)[0][1:] for root in values.roots(value)}
                found |= (self.of_value(function, value).params | named) & _CARRIERS
        return found

    def _credentials(self, function: Function, index: int) -> set[str]:
        """Parameters that reach a credential argument of a call, and carry that name themselves."""
        found: set[str] = set()
        for label, value in function.fact.calls[index].args:
            if self.catalog.is_credential(label):
                found |= {
                    n
                    for n in self.of_value(function, value).params
                    if self.catalog.is_credential(n)
                }
        return found

    def of_value(self, function: Function, value: str) -> Origin:
        """What one value depends on."""
        origin = Origin()
        self._value(function, value, origin, 0, set())
        return origin

    def _call(
        self, function: Function, index: int, origin: Origin, depth: int, seen: set[str]
    ) -> None:
        call = function.fact.calls[index]
        if call.args and not _ON_BEHALF.isdisjoint(split_words(call.name)):
            origin.credential = True
        if call.callee[:1] != "@":
            self._value(function, call.callee, origin, depth + 1, seen)
        for label, value in call.args:
            if self.catalog.is_credential(label) and self._is_callers(function, value, depth):
                origin.credential = True
            if label in _TEMPORARY and self._is_fetched(function, value):
                origin.temporary = True
            if label in _CREDENTIALS and self._comes_along(function, value):
                origin.temporary = True
            self._value(function, value, origin, depth + 1, seen)

    def _is_fetched(self, function: Function, value: str) -> bool:
        """True for a local that holds credentials which a call of the project has just handed out."""
        root = values.split(value)[0]
        if root[:1] != "%" or not self.catalog.is_credential(root[1:]):
            return False
        return _is_answer(function, root[1:])

    def _comes_along(self, function: Function, value: str) -> bool:
        """True for an attribute of an answer that brings its credentials (``store.credential``)."""
        root, path = values.split(value)[:2]
        name = root[1:]
        if root[:1] != "%" or self.catalog.is_settings(name) or self.catalog.is_credential(name):
            return False
        return any(map(self.catalog.is_credential, path)) and _is_answer(function, name)

    def _is_callers(self, function: Function, value: str, depth: int) -> bool:
        inner = Origin()
        self._value(function, value, inner, depth + 1, set())
        return bool(inner.params)

    def _value(
        self, function: Function, value: str, origin: Origin, depth: int, seen: set[str]
    ) -> None:
        for root in values.roots(value):
            if root in seen:
                continue
            seen.add(root)
            if depth > _DEPTH:
                origin.unknown = True
                return
            self._root(function, root, origin, depth, seen)

    def _root(
        self, function: Function, root: str, origin: Origin, depth: int, seen: set[str]
    ) -> None:
        mark = root[:1]
        if mark == "=":
            return
        if mark == "@":
            origin.settings |= any(self.catalog.is_settings(p) for p in root[1:].split("."))
            return
        if mark in "!^":
            origin.instance = True
            return
        base = values.split(root)[0]
        if mark == "#":
            self._call(function, int(base[1:]), origin, depth, seen)
        elif mark == "$":
            self._parameter(function, base[1:], root, origin)
        elif mark == "%" and base[1:] in function.locals:
            self._local(function, base[1:], origin, depth, seen)
        elif mark == ">":
            self._captured(function, base[1:], origin, depth)
        else:
            origin.unknown = True

    def _local(
        self, function: Function, name: str, origin: Origin, depth: int, seen: set[str]
    ) -> None:
        """A local: what was assigned to it, and what was put into it by key."""
        for assigned in function.locals[name]:
            self._value(function, assigned, origin, depth + 1, seen)
        for store in function.fact.stores:
            if store.target == f"%{name}[]":
                label = values.literal_text(store.key) or ""
                if (
                    label
                    and self.catalog.is_credential(label)
                    and self._is_callers(function, store.value, depth)
                ):
                    origin.credential = True
                self._value(function, store.value, origin, depth + 1, seen)

    def _captured(self, function: Function, name: str, origin: Origin, depth: int) -> None:
        """A variable of an enclosing function is judged where it is bound."""
        owner = self.binder(function, name)
        if owner is None:
            origin.unknown = True
            return
        mark = "%" if name in owner.locals else "$"
        self._value(owner, mark + name, origin, depth + 1, set())

    def _parameter(self, function: Function, name: str, root: str, origin: Origin) -> None:
        """A parameter: its own value counts as the caller's, an option looked up in ``**kwargs`` does not."""
        if name == "self":
            origin.instance = True
            return
        if root != "$" + name and _collects(function, name):
            return
        if self.catalog.is_settings(name):
            origin.settings = True
            return
        origin.params.add(name)
        if self.catalog.is_credential(name):
            origin.credential = True


def _is_answer(function: Function, name: str) -> bool:
    """True for a local that holds what a call has just handed out."""
    return any(
        part[:1] == "#" for bound in function.locals.get(name, ()) for part in values.roots(bound)
    )


def _collects(function: Function, name: str) -> bool:
    return any(p.name == name and p.kind in ("*", "**") for p in function.fact.params)
