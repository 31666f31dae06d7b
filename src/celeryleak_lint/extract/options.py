"""What a test asks of the options of a function: parameters with a written default.

``if preload:`` runs its body only when the caller turned the option on, or left it on;
``if backend == "redis":`` only for callers who chose that. Who calls without the option, or
turns it off, does not run the body. Whether a caller does is for the linker.
"""

from __future__ import annotations

import ast

from celeryleak_lint.extract import conditions
from celeryleak_lint.extract.frames import Frame
from celeryleak_lint.extract.names import terminates
from celeryleak_lint.model import values

Options = tuple[str, ...]


def chosen(frame: Frame, test: ast.expr) -> tuple[Options, Options]:
    """Options that are on (``name``) or chosen (``name=text``) when ``test`` is true, and when it is false."""
    if not frame.options:
        return (), ()
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yes, no = chosen(frame, test.operand)
        return no, yes
    if isinstance(test, ast.BoolOp):
        pairs = [chosen(frame, operand) for operand in test.values]
        side = 0 if isinstance(test.op, ast.And) else 1
        known = tuple(option for pair in pairs for option in pair[side])
        return (known, ()) if side == 0 else ((), known)
    if isinstance(test, ast.Compare):
        return _compared(frame, test)
    name = _option(frame, test)
    return ((name,), ()) if name else ((), ())


def chosen_after(frame: Frame, statement: ast.stmt) -> Options:
    """Options that are on behind ``if not option: return``."""
    if not isinstance(statement, ast.If) or not terminates(statement.body):
        return ()
    return chosen(frame, statement.test)[1]


def _compared(frame: Frame, test: ast.Compare) -> tuple[Options, Options]:
    if len(test.ops) != 1 or not isinstance(test.comparators[0], ast.Constant):
        return (), ()
    name, op, given = _option(frame, test.left), test.ops[0], test.comparators[0].value
    if not name:
        return (), ()
    if given is None or given is True:
        is_on = isinstance(op, (ast.IsNot, ast.NotEq)) == (given is None)
        return ((name,), ()) if is_on else ((), (name,))
    if isinstance(given, str) and given and isinstance(op, ast.Eq):
        return (f"{name}={given}",), ()
    return (), ()


def _option(frame: Frame, node: ast.expr) -> str:
    """The option that an expression is, or that the constructor has just kept under its name."""
    value = conditions.peek(frame, node)
    if value[:2] == values.SELF + ".":
        kept = [store.value for store in frame.stores if store.target == value]
        value = kept[0] if len(kept) == 1 else ""
    name = value[1:] if value[:1] == "$" else ""
    return name if name in frame.options else ""
