"""What names say a collection is for: entries registered at start-up, warnings given once, a store in memory."""

from __future__ import annotations

from itertools import pairwise

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.growth import Growth
from celeryleak_lint.link.holdings import Holding
from celeryleak_lint.link.project import Project

_REGISTRY_WORDS = frozenset(
    {"register", "registry", "registered", "handlers", "plugins", "hooks", "subscribe", "install", "setup", "processors", "converters"}
)  # fmt: skip
_ONCE_WORDS = frozenset({"warned", "emitted", "reported", "logged", "seen_warnings", "deprecated", "announced", "unpriced", "unparsable", "warning", "warnings", "deprecations", "once"})  # fmt: skip

#: Names of packages and modules of which a server consists.
_SERVING = frozenset({"gateway", "server", "worker", "workers", "daemon", "webapp", "web"})

#: Words of keys of which there is one for each person or connection that a server serves.
_OF_SERVERS = frozenset({"session", "user", "chat", "conversation", "request", "websocket", "visitor", "subscriber", "customer", "ip", "sid"})  # fmt: skip

#: Words of sets of what has been made ready, which there are few of.
_DONE_WORDS = frozenset({"injected", "initialized", "initialised", "installed", "patched", "configured", "bootstrapped", "provisioned", "warmed"})  # fmt: skip

#: What a business keeps records of, and the first words of functions that write them.
_RECORDS = frozenset({"user", "users", "account", "accounts", "subscription", "subscriptions", "customer", "customers", "member", "members", "tenant", "organization", "plan"})  # fmt: skip
_WRITING = frozenset({"add", "create", "register", "update", "save", "upsert"})

#: Last words of collections of numbers.
_NUMBERS = frozenset({"stats", "statistics", "totals", "counts", "counters", "usage"})

#: Names of classes that stand in for others in tests.
_DOUBLE_WORDS = frozenset(
    {"inmemory", "stub", "mock", "fake", "fakes", "dummy", "simulator", "noop", "capturing"}
)

#: Two words of a class or module that keeps in memory what others of its kind keep elsewhere.
_IN_MEMORY = frozenset(
    {("in", "memory"), ("memory", "repository"), ("memory", "backend"), ("memory", "driver"), ("memory", "storage"),
     ("memory", "queue"), ("memory", "broker")}
)  # fmt: skip


#: Last words of collections that stand in for a database.
_TABLE_WORDS = frozenset({"db", "database"})

#: Last words of collections with an entry for each piece of the program that needs one.
_BY_CODE = frozenset({"statements", "patterns", "regexes", "templates", "schemas", "dialects"})

#: Last words of lists that have an entry for each thing that somebody sets up by hand.
_SET_UP = frozenset(
    {"servers", "skills", "tools", "plugins", "providers", "backends", "extensions", "models", "connectors", "integrations"}
)  # fmt: skip


def is_set_up(holding: Holding) -> bool:
    """True for servers, skills or tools that somebody adds now and then, and for what is seldom set aside."""
    words = split_words(holding.name)
    return not _SET_UP.isdisjoint(words[-1:]) or not _RARE.isdisjoint(words)


def is_about_accounts(growth: Growth, word: str) -> bool:
    """True for ``add_user`` into ``users``, and for a few numbers for each user: as many as have an account."""
    words, holding = split_words(growth.function.name), growth.holding
    is_record = not _WRITING.isdisjoint(words[:1]) and not _RECORDS.isdisjoint(words[1:])
    if is_record and holding.name.strip("_") in _RECORDS:
        return True
    return "user" in split_words(word) and not _NUMBERS.isdisjoint(split_words(holding.name)[-1:])


def is_by_code(holding: Holding) -> bool:
    """True for prepared statements, compiled patterns and the like: there are as many as the program needs."""
    return not _BY_CODE.isdisjoint(split_words(holding.name)[-1:])


def is_registry(growth: Growth) -> bool:
    """True when names say that entries are registered, which is done at start-up as a rule."""
    words = (*split_words(growth.function.name), *split_words(growth.holding.name))
    return bool(_REGISTRY_WORDS.intersection(words))


def is_over_with_command(project: Project, growth: Growth, word: str) -> bool:
    """True in a project of commands, unless its own server fills the collection or has built what holds it.

    Sessions and users are those of the server, if there is one; a command has none.
    """
    if not project.processes.are_short:
        return False
    if project.processes.have_server and not _OF_SERVERS.isdisjoint(split_words(word)):
        return False
    cls, module = growth.holding.cls, growth.function.module.module
    if cls is not None and project.lifetimes.is_of_service(cls):
        return False
    return _SERVING.isdisjoint(module.split(".")[1:])


def is_once_guard(holding: Holding) -> bool:
    """A set of what was already warned about holds program text, not traffic."""
    words = split_words(holding.name)
    if holding.shape == "set" and not _DONE_WORDS.isdisjoint(words):
        return True
    return bool(_ONCE_WORDS.intersection(words)) and not holding.is_mapping


#: Words of lists of what is set aside when something unusual happens.
_RARE = frozenset({"retired", "inherited", "orphaned", "orphans", "abandoned"})

#: Words of collections whose entries somebody put there to stay.
_LISTED = frozenset(
    {"blacklist", "blocklist", "denylist", "whitelist", "allowlist", "banned", "blacklisted"}
)


def is_for_keeping(growth: Growth) -> bool:
    """Stubs, stores in memory and what stands in for a database keep everything: that is what they are for."""
    holding = growth.holding
    if _is_table(growth) or not _LISTED.isdisjoint(split_words(holding.name)):
        return True
    names = (*growth.function.module.module.split("."), holding.cls.name if holding.cls else "")
    return any(
        not _DOUBLE_WORDS.isdisjoint(words) or not _IN_MEMORY.isdisjoint(pairwise(words))
        for name in names
        if (words := split_words(name))
    )


def _is_table(growth: Growth) -> bool:
    """True for ``users_db``, and for the indexes that are filled along with it."""
    stored = {store.target.partition("[]")[0] for store in growth.function.fact.stores}
    names = {growth.holding.name, *(target.rpartition(".")[2] for target in stored)}
    return any(not _TABLE_WORDS.isdisjoint(split_words(name)[-1:]) for name in names)
