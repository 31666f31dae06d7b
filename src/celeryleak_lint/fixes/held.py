"""What a handle holds only by being open: a lock, a port, a place where others write.

Closing it right after its last use would let go of that before the work is done for which it
was taken. Only jobs import it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import libcst as cst

from celeryleak_lint.fixes.trees import dotted, mentions, within

#: Last names of functions that are given a handle, or of its methods, after which it holds something.
_TAKING = frozenset(
    {"flock", "lockf", "lock", "locking", "acquire", "listen", "enable", "register", "install",
     "redirect", "attach", "subscribe"}
)  # fmt: skip
#: Statements of SQL whose effect ends with the connection, and databases that live as long as one.
_TEXTS = re.compile(
    r"advisory_lock|get_lock|\block\s+tables?\b|create\s+temp|mode=memory|cache=shared",
    re.IGNORECASE,
)
#: Functions that look names up by their text.
_BY_TEXT = frozenset({"eval", "exec", "locals"})


def holds(nodes: Sequence[cst.CSTNode], names: set[str], call: cst.Call) -> bool:
    """Whether something in ``nodes`` makes the handle that ``names`` stand for hold something."""
    for found in (found for node in nodes for found in within(node)):
        if not isinstance(found, cst.Call):
            continue
        if found is not call and not mentions(found, names):
            if not any(inner is call for inner in within(found)):
                continue
        if _takes(found) or any(map(_is_telling, within(found))):
            return True
    return False


def _takes(call: cst.Call) -> bool:
    last = call.func.attr.value if isinstance(call.func, cst.Attribute) else dotted(call.func)
    # `bind()` without an address is how a directory client logs in
    return last in _TAKING or (last == "bind" and bool(call.args))


def _is_telling(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString) and _TEXTS.search(node.value) is not None


def is_last(path: Sequence[cst.CSTNode], after: Sequence[cst.CSTNode]) -> bool:
    """Whether a function has nothing more to do behind a statement of one of its blocks.

    ``path`` leads from the module to the statement, ``after`` is what follows it in its block.
    """
    if after:
        return False
    functions = [at for at, node in enumerate(path) if isinstance(node, cst.FunctionDef)]
    for node, child in pairwise(path[functions[-1] if functions else 0 :]):
        if isinstance(node, cst.For | cst.While | cst.Try | cst.TryStar):
            return False
        if isinstance(node, cst.Module | cst.IndentedBlock) and node.body[-1] is not child:
            if not isinstance(child, cst.SimpleStatementLine):
                return False
    return True


def looks_up_by_text(function: cst.FunctionDef | None) -> bool:
    """Whether a function may read a name without writing it, as by ``eval``."""
    return function is not None and any(
        isinstance(node, cst.Call)
        and (dotted(node.func) in _BY_TEXT or (dotted(node.func) == "vars" and not node.args))
        for node in within(function.body)
    )
