"""What the key of a collection says about how many entries it can get.

The key is expanded through local assignments; whole words of the names it mentions decide:
users, sessions and requests grow with traffic, servers and settings do not.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from celeryleak_lint.catalog.lookup import Catalog
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact

Domain = Literal["entity", "configuration", "type", "constant", "unknown"]

_DEPTH = 3

#: Words of functions that turn values into keys.
_KEY_WORDS = frozenset(
    {"key", "keys", "hash", "hashed", "digest", "hexdigest", "md5", "sha", "id", "uuid", "join", "format", "encode", "decode",
     "dumps", "serialize", "lower", "upper", "strip", "split", "normalize", "freeze", "quote", "pack", "name", "path", "sorted", "cast"}
)  # fmt: skip


#: Names of ids that do not say of what: another name in the key says more.
BARE_IDS = frozenset({"id", "ids", "pk", "uid", "guid"})

#: Last words of names of which the word before says what there is one for.
_ID_WORDS = frozenset({"id", "ids", "pk", "uuid", "uid"})

#: Things that come with a call and carry values of any kind: what is read from one says what it is.
_CARRIERS = frozenset(
    {"request", "req", "message", "msg", "event", "payload", "body", "context", "ctx"}
)

#: Last words of parameters that are handed one of few, long-lived objects.
_LASTING = frozenset(
    {"client", "db", "database", "adapter", "engine", "checkpointer", "bus", "store", "storage", "conn", "connection", "app", "loop",
     "pool", "manager", "service", "backend", "registry", "model", "module", "graph", "config", "settings", "provider", "bot", "broker",
     "driver", "repo", "repository", "cache", "runtime", "server", "executor", "router", "agent", "llm", "embedder", "index"}
)  # fmt: skip

#: Last words of names of files, of which the code or a folder has so many.
_FILES = frozenset({"path", "file", "filename", "dir", "folder"})

#: Last words of locals that are called what they hold: ``tool_name = message.name``.
_SAYING = frozenset(
    {"name", "type", "kind", "code", "language", "locale", "lang", "version", "rank"}
)

#: Names of functions that say what is done, and not what comes back: ``asyncio.run(...)``.
_DEEDS = frozenset({"run", "request", "order", "chat", "prompt"})


@dataclass(slots=True)
class _Mentioned:
    """What an expanded key mentions.

    ``labels`` are names of locals whose values are looked at, too; ``called`` are those of
    ``names`` that are functions: their last word says what they give. ``owners`` are those of
    which an attribute is read: ``flow_run`` in ``flow_run.flow_id``. ``is_of_call`` is set for
    the ``id()`` of an object that comes with the call or is made in it.
    """

    names: dict[str, None] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    is_type: bool = False
    is_identity: bool = False
    is_of_call: bool = False
    only_literals: bool = True


class KeyVerdict(msgspec.Struct, frozen=True):
    """The domain of a key, and the word that decided; ``is_identity`` for ``id(obj)``."""

    domain: Domain
    word: str = ""
    is_identity: bool = False


class Keys:
    """Judges keys of collections."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def judge(self, function: Function, key: str) -> KeyVerdict:
        """The domain of a key as ``function`` computes it."""
        if key[:1] == "$" and any(call.callee == key for call in function.fact.calls):
            return KeyVerdict("type")  # a function, of which the code has as many as it has
        found = _Mentioned()
        self._expand(function, key, found, 0)
        if found.only_literals:
            return KeyVerdict("constant")
        if found.is_type:
            return KeyVerdict("type")
        told = self._told(found.names, found.called, found.owners)
        if found.is_identity and (told is None or told.domain == "entity"):
            domain: Domain = "entity" if found.is_of_call else "unknown"
            return KeyVerdict(domain, "id()", is_identity=True)
        labels = self._told(found.labels, frozenset(), frozenset())
        return told or labels or KeyVerdict("unknown")

    def _told(
        self, names: dict[str, None], called: AbstractSet[str], owners: AbstractSet[str]
    ) -> KeyVerdict | None:
        """What names say: a single word of configuration outweighs all others."""
        for name in names:
            word = self.catalog.configuration_key(name)
            if word is not None:
                return KeyVerdict("configuration", word)
        told: list[str] = []
        for name in names:
            if not told and split_words(name)[-1:] in (("cls",), ("class",), ("classes",)):
                return KeyVerdict("type")
            if split_words(name)[-1:] and split_words(name)[-1] in _FILES:
                continue
            meant = _given_by(name) if name in called else name
            if self.catalog.entity_key(meant) is not None:
                told.append(name)
        most = min(told, key=lambda name: self._vagueness(name, owners), default=None)
        return KeyVerdict("entity", most) if most is not None else None

    def _vagueness(self, name: str, owners: AbstractSet[str]) -> int:
        """Of ``(agent_id, session_key)`` the session counts, of ``flow_run.flow_id`` the flow, of ``order.id`` the order."""
        if name in BARE_IDS:
            return 3
        if name in owners:
            return 2
        return 0 if comes_with_traffic(self.catalog, name) else 1

    def _expand(self, function: Function, value: str, found: _Mentioned, depth: int) -> None:
        for root in values.roots(value):
            if root[:1] == "=" or not root or _is_constant(root):
                continue
            found.only_literals = False
            base, segments = values.split(root)
            if segments[:1] == ("[]",) and _is_collected(function, base):
                continue
            named = [segment for segment in segments if segment != "[]"]
            if named:
                found.owners.update((base[1:], *named[:-1]))
            for segment in segments:
                if segment in _CARRIERS and segment != named[-1]:
                    continue  # ``choice.message.name`` is the name of something
                if segment == "__class__":
                    found.is_type = True
                elif segment != "[]":
                    found.names[segment] = None
            if base[1:] in _CARRIERS and segments and segments[-1] != "[]":
                continue
            self._mention(function, base, found, depth)

    def _mention(self, function: Function, base: str, found: _Mentioned, depth: int) -> None:
        mark = base[:1]
        if mark == "@":
            self._global(base, found)
        elif mark == "#":
            self._call(function, int(base[1:]), found, depth)
        elif mark == "$":
            self._parameter(function, base[1:], found)
        elif mark in "%>":
            self._local(function, base[1:], found, depth)
        elif mark == "^":
            found.is_type = True

    def _comes_and_goes(self, function: Function, value: str) -> bool:
        """True for an object of this call: what it is given, what it builds, a ``request``."""
        held = function.locals.get(value[1:], (value,)) if value[:1] == "%" else (value,)
        made = [function.fact.calls[int(v[1:])] for v in held if v[:1] == "#" and v[1:].isdigit()]
        name = value.rpartition(".")[2].lstrip("$%>")
        if value[:1] == "$" and value[1:].isidentifier():
            return _LASTING.isdisjoint(split_words(name)[-1:])
        is_told = self.catalog.is_per_call(name) or self.catalog.entity_key(name) is not None
        return is_told or any(call.name[:1].isupper() for call in made)

    @staticmethod
    def _global(base: str, found: _Mentioned) -> None:
        owner, _, last = base.rpartition(".")
        if last[:1].isupper() or owner.rpartition(".")[2][:1].isupper():
            found.is_type = True  # an attribute of a class has one value, as the class has
        else:
            found.names[last] = None

    def _call(self, function: Function, index: int, found: _Mentioned, depth: int) -> None:
        call = function.fact.calls[index]
        if call.callee in ("@builtins.type", "@builtins.hash"):
            found.is_type |= call.callee == "@builtins.type"
        if call.callee == "@builtins.id":
            found.is_identity |= not _may_be_constant(function, call)
            found.is_of_call |= any(self._comes_and_goes(function, v) for _, v in call.args)
        elif _is_option(function, call):
            return
        elif (asked := _asked_for(call)) is not None:
            found.names[asked] = None
            return
        elif call.callee[:1] in "%$!" and "." in call.callee:
            owner = call.callee.rpartition(".")[0]
            self._expand(function, owner, found, depth + 1)
        elif call.name and call.callee[:10] != "@builtins." and call.name not in _DEEDS:
            found.names[call.name] = None
            found.called.add(call.name)
        if depth < _DEPTH and _makes_keys(call):
            for _, value in call.args:
                self._expand(function, value, found, depth + 1)

    @staticmethod
    def _parameter(function: Function, name: str, found: _Mentioned) -> None:
        found.names[name] = None
        for parameter in function.fact.params:
            if parameter.name == name and parameter.annotation in (
                "@builtins.type",
                "@typing.Type",
            ):
                found.is_type = True

    def _local(self, function: Function, name: str, found: _Mentioned, depth: int) -> None:
        assigned = function.locals.get(name, ()) if depth < _DEPTH else ()
        if (
            split_words(name)[-1:]
            and split_words(name)[-1] in _SAYING
            and len(split_words(name)) > 1
        ):
            assigned = ()  # it is called what it holds
        (found.labels if assigned else found.names)[name] = None
        for value in assigned:
            self._expand(function, value, found, depth + 1)


def comes_with_traffic(catalog: Catalog, name: str) -> bool:
    """True for sessions, orders and calls; an id of something else, such as ``tool_id``, may be one of few."""
    named, _, last = name.rpartition("_")
    meant = named if named and last in _ID_WORDS else name
    return meant not in BARE_IDS and catalog.entity_key(meant) is not None


def _given_by(name: str) -> str:
    """``user`` of ``get_user``, ``uuid`` of ``uuid4``."""
    words = [word for word in split_words(name) if not word.isdigit()]
    return words[-1] if words else name


def _is_collected(function: Function, base: str) -> bool:
    """``args[0]`` is one argument, whatever it is, where the whole ``args`` would be a call's data."""
    if base in ("$args", "$kwargs"):
        return True
    return any(base == f"${p.name}" and p.kind in ("*", "**") for p in function.fact.params)


def _makes_keys(call: CallFact) -> bool:
    """True when the result differs as the arguments do; what is looked up for a user may be one of few."""
    if call.callee[:10] == "@builtins." or call.name[:1].isupper():
        return True
    return not _KEY_WORDS.isdisjoint(split_words(call.name))


def _asked_for(call: CallFact) -> str | None:
    """The name under which a value is asked for: ``message.get("session_id")``, ``getattr(request, "lang")``."""
    place = "1" if call.callee == "@builtins.getattr" else "0" if call.name == "get" else None
    if place is None or (place == "0" and "." not in call.callee):
        return None
    text = next((values.literal_text(v) for label, v in call.args if label == place), None)
    return text if text and text.isidentifier() else None


def _is_option(function: Function, call: CallFact) -> bool:
    """``kwargs.pop("lookup")``: one option of the caller, where the whole ``kwargs`` would be a call's data."""
    owner, _, name = call.callee.rpartition(".")
    options = {f"${p.name}" for p in function.fact.params if p.kind == "**"}
    return owner in options and name in ("get", "pop")


def _may_be_constant(function: Function, call: CallFact) -> bool:
    """``id(kwargs.get("lookup", LOOKUP))``: the identity of one object as a rule."""
    held = [v for _, given in call.args for v in function.locals.get(given[1:], (given,))]
    made = [function.fact.calls[int(v[1:])] for v in held if v[:1] == "#" and v[1:].isdigit()]
    return any(_is_constant(value) for inner in made for _, value in inner.args)


def _is_constant(root: str) -> bool:
    """True for ``LIMIT`` and ``Color.RED``: a name in capitals stands for one value."""
    return root[:1] == "@" and root.rpartition(".")[2].isupper()
