"""What a value has to do with a handle that is about to be closed, told from its expression.

``clean``: it is complete, the handle may go. ``bound``: it is the handle, or reads from it
later, such as a cursor. ``unknown``: it was made by code that is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import libcst as cst

from celeryleak_lint.cst.nodes import children
from celeryleak_lint.fixes.trees import dotted

Kind = Literal["clean", "unknown", "bound"]

_ORDER: tuple[Kind, ...] = ("clean", "unknown", "bound")

#: Methods that give plain data or nothing, whatever handle they belong to.
_EAGER_METHODS = frozenset(
    {
        "read", "readline", "readlines", "readinto", "write", "writelines", "seek", "tell", "flush",
        "truncate", "isatty", "close", "fetchone", "fetchall", "fetchmany", "fetchval",
        "scalar", "commit", "rollback", "executescript", "recv", "recvfrom", "send", "sendall",
        "sendto", "connect", "connect_ex", "settimeout", "setsockopt", "bind", "listen",
        "getsockname", "getpeername", "json", "raise_for_status", "getheader", "getheaders",
        "info", "geturl", "getcode", "getnames", "namelist", "printdir", "extract", "extractall",
        "testzip", "writestr", "add", "addfile", "writerow", "writerows", "writeheader",
        "sendmail", "send_message", "login", "starttls", "ehlo", "helo", "quit", "noop",
        "basic_publish", "queue_declare", "exchange_declare", "queue_bind", "release",
        "exec_driver_sql", "shutdown", "unbind", "unbind_s", "ping", "request", "putrequest",
        "putheader", "endheaders", "set_session", "decode", "strip", "split", "splitlines",
    }
)  # fmt: skip
#: Attributes that are plain data.
_PLAIN = frozenset(
    {
        "name", "mode", "closed", "encoding", "status_code", "status", "reason", "ok", "headers",
        "text", "content", "url", "code", "lastrowid", "rowcount", "description", "total_changes",
        "in_transaction", "server_version", "filename", "comment", "elapsed", "cookies", "msg",
    }
)  # fmt: skip
#: Functions that use up what they are given before they return, by their last name.
_EAGER = frozenset(
    {
        "list", "tuple", "dict", "set", "frozenset", "sorted", "sum", "min", "max", "any", "all",
        "len", "str", "bytes", "bytearray", "int", "float", "bool", "repr", "next", "print",
        "join", "load", "safe_load", "full_load", "unsafe_load", "dump", "safe_dump", "dump_all",
        "copyfileobj", "Counter", "fromkeys", "copyfile", "isinstance", "hasattr", "format",
        "Popen", "run", "call", "check_call", "check_output", "findall", "sub", "match", "search", "fullmatch", "loads", "deepcopy", "fsync",
        "fdatasync", "fstat", "ftruncate", "get_terminal_size", "mmap", "posix_fadvise", "tcgetattr",
    }
)  # fmt: skip
#: Functions among them whose result holds what they were given one by one, or by keyword.
_COLLECTING = frozenset(
    {"list", "tuple", "dict", "set", "frozenset", "sorted", "min", "max", "next", "deepcopy"}
)
_DISPLAYS = (cst.List, cst.Tuple, cst.Set, cst.Dict, cst.ListComp, cst.SetComp, cst.DictComp)
#: Functions that read on although others of their name do not: an archive of arrays is lazy.
_LAZY_LOADS = frozenset({"np.load", "numpy.load"})
#: Functions that read on while their result is used.
_LAZY = frozenset(
    {
        "iter", "map", "filter", "zip", "enumerate", "reversed", "reader", "DictReader", "chain",
        "islice", "takewhile", "dropwhile", "groupby", "starmap", "tee", "from_iterable",
        "TextIOWrapper", "BufferedReader", "BufferedWriter", "iterparse", "load_all",
        "safe_load_all", "iterdecode", "iterlines", "writer", "DictWriter", "closing", "iter_unpack",
        "partial", "getattr", "cursor",
    }
)  # fmt: skip
#: Methods of anything else that keep what they are given.
_KEEPING = frozenset(
    {"append", "appendleft", "add", "insert", "put", "put_nowait", "setdefault", "register", "push",
     "enter_context", "submit", "addCleanup", "callback"}
)  # fmt: skip
_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp)


def worst(kinds: Iterator[Kind] | tuple[Kind, ...]) -> Kind:
    """The kind of a value that is made of others."""
    return max(kinds, key=_ORDER.index, default="clean")


class Values:
    """Kinds of expressions, given what names stand for; ``handle`` is the call that opens.

    ``is_executor`` is set for pools whose end waits for all they were given: their results
    are complete then.
    """

    def __init__(
        self, handle: cst.Call, readers: frozenset[str], *, is_executor: bool = False
    ) -> None:
        self.handle = handle
        self.readers = readers
        self.names: dict[str, Kind] = {}
        self.is_executor = is_executor
        #: Set when a name is captured by a function that may run later.
        self.captured = False
        #: Set when code that is not known was given the handle.
        self.handed = False

    def learn(self, name: str, kind: Kind) -> None:
        """A name gets a value; one that ever had a worse one keeps that."""
        self.names[name] = worst((kind, self.names.get(name, "clean")))

    def of(self, node: cst.CSTNode) -> Kind:
        """The kind of an expression."""
        if node is self.handle:
            return "bound"
        if isinstance(node, cst.Name):
            return self.names.get(node.value, "clean")
        if isinstance(node, cst.Call):
            return self._call(node)
        if isinstance(node, _COMPREHENSIONS):
            return self._comprehension(node)
        if isinstance(node, cst.Lambda | cst.GeneratorExp):
            return self._later(node)
        return self._part(node)

    def _part(self, node: cst.CSTNode) -> Kind:
        if isinstance(node, cst.Attribute):
            base = self.of(node.value)
            return "clean" if node.attr.value in _PLAIN else base
        if isinstance(node, cst.NamedExpr):
            kind = self.of(node.value)
            if isinstance(node.target, cst.Name):
                self.learn(node.target.value, kind)
            return kind
        kind = self._among(node)
        return "clean" if isinstance(node, cst.Comparison | cst.UnaryOperation) else kind

    def _later(self, node: cst.Lambda | cst.GeneratorExp) -> Kind:
        kind = self._inside(node)
        if isinstance(node, cst.Lambda) and kind != "clean":
            self.captured = True
        return kind

    def _among(self, node: cst.CSTNode) -> Kind:
        return worst(tuple(self.of(child) for child in children(node)))

    def _inside(self, node: cst.CSTNode) -> Kind:
        """The worst that code which runs later mentions."""
        if isinstance(node, cst.Name):
            return self.names.get(node.value, "clean")
        return worst(tuple(self._inside(child) for child in children(node)))

    def _call(self, node: cst.Call) -> Kind:
        full = dotted(node.func)
        name = full.rpartition(".")[2]
        given = worst(tuple(self._argument(arg, name) for arg in node.args))
        if given != "clean" and (full in _LAZY_LOADS or self._is_collected(node, name)):
            return given
        if isinstance(node.func, cst.Attribute):
            receiver = self.of(node.func.value)
            method = node.func.attr.value
            if receiver != "clean":
                return self._method(receiver, method, given)
            if given != "clean" and method in _KEEPING:
                self.captured = True
            if given == "clean":
                return "clean"
            return self._function(method, given)
        if given == "clean":
            return "clean"
        return self._function(name, given)

    def _argument(self, arg: cst.Arg, name: str) -> Kind:
        """The kind of an argument; a generator is used up by functions that wait for its end."""
        if name not in _EAGER or not isinstance(arg.value, cst.GeneratorExp):
            return self.of(arg.value)
        kind = self._comprehension(arg.value)
        return kind if name in _COLLECTING else "clean"

    def _is_collected(self, node: cst.Call, name: str) -> bool:
        """Whether the result of a call keeps what it was given, such as ``dict(upload=f)``."""
        return name in _COLLECTING and any(
            (arg.keyword is not None and name == "dict")
            or isinstance(arg.value, (*_DISPLAYS, cst.GeneratorExp))
            for arg in node.args
            if self._argument(arg, name) != "clean"
        )

    def _method(self, receiver: Kind, method: str, given: Kind) -> Kind:
        if self.is_executor:
            if given != "clean":
                self.handed = True
            return "clean"
        if method in _EAGER_METHODS:
            return "clean"
        return receiver

    def _function(self, name: str, given: Kind) -> Kind:
        if name in _EAGER:
            return "clean"
        if name in _LAZY:
            return given
        self.handed = True
        return "clean" if name in self.readers else "unknown"

    def _comprehension(
        self, node: cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp
    ) -> Kind:
        """Complete as soon as it is made; what it iterates over is used up."""
        part: cst.CompFor | None = node.for_in
        kinds: list[Kind] = []
        while part is not None:
            kinds.append(items_of(self.of(part.iter)))
            part = part.inner_for_in
        elements = (node.key, node.value) if isinstance(node, cst.DictComp) else (node.elt,)
        return worst((*kinds, *(self.of(element) for element in elements)))


def items_of(kind: Kind) -> Kind:
    """What iterating gives: lines and rows are complete, what unknown code gives may not be."""
    return "clean" if kind == "bound" else kind
