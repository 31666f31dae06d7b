"""What a callee that is no code of the project does with an object it is given, as far as its name says.

Word lists only; which of them decides is for ``flow``.
"""

from __future__ import annotations

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
#: Words of functions whose result holds what they are given.
HOLDER_WORDS = frozenset(
    {"create", "make", "build", "new", "wrap", "wrapper", "from", "partial", "of", "using", "factory", "maker",
     "server", "session", "sessionmaker", "bound", "instrument", "patch", "client", "connect", "open", "init"}
)  # fmt: skip
#: Words of functions that keep what they are given for themselves.
KEEPER_WORDS = frozenset(
    {"set", "register", "cache", "store", "save", "attach", "bind", "install", "configure", "setup",
     "put", "add", "append", "keep", "remember", "track", "provide", "init", "use", "inject", "mount"}
)  # fmt: skip
#: What runs a function with its arguments later: they live on in a thread or process.
RUNNERS = frozenset({"Thread", "Process", "Timer", "create_task", "ensure_future", "run_coroutine_threadsafe"})  # fmt: skip


def meant_name(call: CallFact) -> str:
    """The last name of what is called, as imports resolve it; as written for anything else."""
    return call.callee.rpartition(".")[2] if call.callee[:1] == "@" else call.name
