"""What a callee that is no code of the project does with an object it is given, as far as its name says.

Word lists only; which of them decides is for ``flow``.
"""

from __future__ import annotations

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.arguments import PASSING
from celeryleak_lint.model.facts import CallFact

#: Functions that read what they are given to its end.
CONSUMERS = frozenset(
    {"load", "copyfileobj", "parse", "safe_load", "fromstring", "read_csv", "read_json"}
)
#: Words of types that go on holding the handle they are given; others read it and are done.
WRAPPER_WORDS = frozenset({"wrapper", "reader", "writer", "stream", "file", "response", "buffer", "buffered", "socket", "transport", "handler", "decoder", "encoder", "iterator", "connection"})  # fmt: skip
#: Functions that close what they are given, now or at the end of a block.
CLOSERS = frozenset(
    {"closing", "aclosing", "enter_context", "enter_async_context", "push", "push_async_exit", "callback"}
)  # fmt: skip
#: Methods of containers that take an object in.
FILLERS = frozenset(
    {"append", "add", "insert", "extend", "update", "setdefault", "put", "put_nowait", "appendleft", "push", "__setitem__"}
)  # fmt: skip
#: Methods of containers that hand an object out again.
EMPTIERS = frozenset({"pop", "popleft", "get_nowait"})
#: Words of functions whose result holds what they are given.
HOLDER_WORDS = frozenset(
    {"create", "make", "build", "new", "wrap", "wrapper", "from", "partial", "of", "using", "factory", "maker",
     "server", "session", "sessionmaker", "bound", "instrument", "patch", "client", "connect", "open", "init",
     "holder", "cls", "klass"}
)  # fmt: skip
#: Words of functions that keep what they are given for themselves.
KEEPER_WORDS = frozenset(
    {"set", "register", "cache", "store", "save", "attach", "bind", "install", "configure", "setup",
     "put", "add", "append", "keep", "remember", "track", "provide", "init", "use", "inject", "mount"}
)  # fmt: skip
#: What runs a function with its arguments later: they live on in a thread or process.
RUNNERS = frozenset({"Thread", "Process", "Timer", "create_task", "ensure_future", "run_coroutine_threadsafe"})  # fmt: skip


#: First words of functions that close things, and what they close.
_CLOSING_WORDS = frozenset({"close", "aclose", "dispose", "shutdown", "teardown", "cleanup", "release"})  # fmt: skip
_CLOSED_WORDS = frozenset(
    {"resource", "client", "session", "connection", "conn", "browser", "file", "handle", "driver", "engine", "pool", "channel",
     "socket", "executor", "quietly", "safely"}
)  # fmt: skip


def is_closer(call: CallFact, label: str) -> bool:
    """True for the one argument of ``close(x)`` and ``_close_session_resources(x)``, not of ``close_order(x)``."""
    words = split_words(meant_name(call))
    is_alone = label == "0" and not any(other == "1" for other, _ in call.args)
    if not is_alone or _CLOSING_WORDS.isdisjoint(words[:1]):
        return False
    return len(words) == 1 or words[-1].removesuffix("s") in _CLOSED_WORDS


#: What runs a coroutine to its end and gives its result.
FINISHERS = frozenset({"@asyncio.run", "@anyio.run", "@trio.run"})


def may_hold(call: CallFact) -> bool:
    """True when what the callee returns is, or goes on holding, what it is given."""
    name = meant_name(call)
    return (
        call.callee in FINISHERS
        or name in PASSING
        or name[:1].isupper()
        or not HOLDER_WORDS.isdisjoint(split_words(name))
        or not name
    )


def meant_name(call: CallFact) -> str:
    """The last name of what is called, as imports resolve it; as written for anything else."""
    return call.callee.rpartition(".")[2] if call.callee[:1] == "@" else call.name
