"""What a test says about values that are missing: the guards of lazily filled caches.

``if self._client is None:`` says that ``self._client`` is missing in the body;
``if key in CACHE: return ...`` says that an item of ``CACHE`` is missing afterwards.
Only shapes are judged here; whether a guard also stores is for the linker.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from celeryleak_lint.extract.frames import Frame
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import ON_DISK

Missing = tuple[str, ...]

#: Attributes whose truth says that the object can no longer be used.
_SPENT = frozenset({"closed", "is_closed", "_closed", "expired", "is_expired", "closing"})
_PATH_PROBES = frozenset({"exists", "is_file", "is_dir"})
_FILE_PROBES = frozenset({"@os.path.exists", "@os.path.isfile", "@os.path.isdir"})
_PROBES = frozenset(
    {"get", "get_or_none", "lookup", "is_connected", "ping", "is_closed", "hasHandlers"}
)


def peek(frame: Frame, node: ast.expr | None) -> str:
    """The value of a name-like expression, recording nothing; empty for anything else."""
    kind = type(node)
    if kind is ast.Name:
        return frame.lookup(node.id)  # type: ignore[union-attr]
    reader = _PEEKS.get(kind)
    return reader(frame, node) if reader is not None else ""


def _peek_attribute(frame: Frame, node: Any) -> str:
    inner = node.value
    base = frame.lookup(inner.id) if type(inner) is ast.Name else peek(frame, inner)
    return values.attribute(base, node.attr) if base else ""


def _peek_item(frame: Frame, node: Any) -> str:
    base = peek(frame, node.value)
    return values.element(base) if base else ""


def _peek_call(frame: Frame, node: ast.Call) -> str:
    func = node.func
    if _asks_for_file(frame, node):
        return ON_DISK
    if isinstance(func, ast.Name) and func.id in ("getattr", "hasattr") and node.args[1:]:
        owner, name = peek(frame, node.args[0]), node.args[1]
        if owner and isinstance(name, ast.Constant) and isinstance(name.value, str):
            return values.attribute(owner, name.value)
        return values.element(owner) if owner else ""
    if isinstance(func, ast.Attribute) and func.attr in _PROBES:
        owner = peek(frame, func.value)
        return values.element(owner) if owner else ""
    if isinstance(func, ast.Name) and func.id == "len" and node.args:
        return peek(frame, node.args[0])
    if isinstance(func, ast.Name) and func.id == "any" and node.args:
        return _peek_search(frame, node.args[0])
    return ""


def _peek_search(frame: Frame, node: ast.expr) -> str:
    """``any(fits(x) for x in items)`` looks for one of the items."""
    if not isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        return ""
    searched = peek(frame, node.generators[0].iter)
    return values.element(searched) if searched else ""


def not_found(frame: Frame, statement: ast.For | ast.AsyncFor) -> Missing:
    """What is missing behind ``for x in kept: if fits(x): return``: an item that fits."""
    searched = peek(frame, statement.iter)
    if searched[:1] not in ("@", "!", "^", "%") or not any(map(_may_return, statement.body)):
        return ()
    return (values.element(searched),)


def _may_return(statement: ast.stmt) -> bool:
    """True when a ``return`` of this very function stands in a statement under some condition."""
    if isinstance(statement, ast.If):
        inner = [*statement.body, *statement.orelse]
        return any(isinstance(s, ast.Return) or _may_return(s) for s in inner)
    if isinstance(statement, ast.Try):
        return any(isinstance(s, ast.Return) or _may_return(s) for s in statement.body)
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return any(map(_may_return, statement.body))
    return False


_PEEKS: Mapping[type, Callable[[Frame, Any], str]] = MappingProxyType(
    {
        ast.Attribute: _peek_attribute,
        ast.Subscript: _peek_item,
        ast.NamedExpr: lambda frame, node: peek(frame, node.target),
        ast.Await: lambda frame, node: peek(frame, node.value),
        ast.Call: _peek_call,
    }
)


def _asks_for_file(frame: Frame, node: ast.Call) -> bool:
    """``os.path.exists(name)`` and ``path.exists()``: what stands there now was fetched once."""
    func = node.func
    if not isinstance(func, ast.Attribute) or node.keywords:
        return False
    if func.attr in _PATH_PROBES and not node.args:
        return bool(peek(frame, func.value))
    return peek(frame, func) in _FILE_PROBES


def missing(frame: Frame, test: ast.expr) -> tuple[Missing, Missing]:
    """Values known to be missing when ``test`` is true, and when it is false."""
    reader = _MISSING.get(type(test))
    return reader(frame, test) if reader is not None else ((), ())


def _missing_unless(frame: Frame, test: ast.UnaryOp) -> tuple[Missing, Missing]:
    if not isinstance(test.op, ast.Not):
        return (), ()
    yes, no = missing(frame, test.operand)
    return no, yes


def _missing_in_all(frame: Frame, test: ast.BoolOp) -> tuple[Missing, Missing]:
    pairs = [missing(frame, operand) for operand in test.values]
    return _merge([pair[0] for pair in pairs]), _merge([pair[1] for pair in pairs])


def _missing_when_bound(frame: Frame, test: ast.NamedExpr) -> tuple[Missing, Missing]:
    held = _held(frame, test.value)
    target = peek(frame, test.target)
    return (), _merge([(target,), held]) if target else held


def _missing_attribute(frame: Frame, test: ast.Attribute) -> tuple[Missing, Missing]:
    if test.attr in _SPENT:
        return _held(frame, test.value), ()
    return (), _held(frame, test)


def _merge(parts: list[Missing]) -> Missing:
    seen: dict[str, None] = {}
    for part in parts:
        for value in part:
            seen[value] = None
    return tuple(seen)


def _held(frame: Frame, node: ast.expr) -> Missing:
    value = peek(frame, node)
    return (value,) if value else ()


def _called(frame: Frame, test: ast.Call) -> tuple[Missing, Missing]:
    """What a false ``isinstance(x, T)``, ``hasattr(o, "n")`` or ``cache.get(k)`` says."""
    func = test.func
    if type(func) is ast.Name and func.id in ("isinstance", "callable", "bool") and test.args:
        return (), _held(frame, test.args[0])
    return (), _held(frame, test)


def _compared(frame: Frame, test: ast.Compare) -> tuple[Missing, Missing]:
    if len(test.ops) != 1:
        return (), ()
    left, kind, right = test.left, type(test.ops[0]), test.comparators[0]
    if kind is ast.In or kind is ast.NotIn:
        container = peek(frame, right)
        held: Missing = (values.element(container),) if container else ()
        return ((), held) if kind is ast.In else (held, ())
    if kind in _EQUALITIES:
        held = _against_nothing(frame, left, right)
        negated = kind is ast.IsNot or kind is ast.NotEq
        return ((), held) if negated else (held, ())
    return (), ()


_DIFFERENCES = frozenset({ast.IsNot, ast.NotEq})
_EQUALITIES = _DIFFERENCES | {ast.Is, ast.Eq}


def _against_nothing(frame: Frame, left: ast.expr, right: ast.expr) -> Missing:
    """``x is None`` (or a sentinel, or an empty value) says that ``x`` is missing."""
    if type(right) is ast.Constant and right.value in (None, False, 0, ""):
        if type(left) is not ast.NamedExpr:
            return _held(frame, left)
        return _merge([_held(frame, left), _held(frame, left.value)])
    if type(right) is ast.Name and _is_sentinel(right.id):
        return _held(frame, left)
    return ()


def _is_sentinel(name: str) -> bool:
    bare = name.strip("_").lower()
    return any(word in bare for word in ("missing", "unset", "sentinel", "undefined", "not_given"))


def changed(frame: Frame, test: ast.expr) -> Missing:
    """Kept values that a test finds out of date: ``self._pid != os.getpid()``."""
    parts = test.values if type(test) is ast.BoolOp else [test]
    found: dict[str, None] = {}
    for part in parts:
        if type(part) is not ast.Compare or type(part.ops[0]) not in _DIFFERENCES:
            continue
        for side in (part.left, *part.comparators):
            value = peek(frame, side)
            if value[:1] in ("!", "^", "@") and not value.startswith("@builtins."):
                found[value] = None
    return tuple(found)


def _missing_name(frame: Frame, test: ast.expr) -> tuple[Missing, Missing]:
    return (), _held(frame, test)


_MISSING: Mapping[type, Callable[[Frame, Any], tuple[Missing, Missing]]] = MappingProxyType(
    {
        ast.UnaryOp: _missing_unless,
        ast.BoolOp: _missing_in_all,
        ast.Compare: _compared,
        ast.NamedExpr: _missing_when_bound,
        ast.Call: _called,
        ast.Attribute: _missing_attribute,
        ast.Name: _missing_name,
        ast.Subscript: _missing_name,
        ast.Await: _missing_name,
    }
)
