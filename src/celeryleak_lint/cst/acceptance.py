"""Whether the running interpreter's own grammar accepts a text."""

from __future__ import annotations

import warnings

import msgspec

#: ``ast.PyCF_ONLY_AST``: parse, check nothing else, compile nothing.
_PARSE_ONLY = 0x400


class Trouble(msgspec.Struct, frozen=True):
    """Why the interpreter refuses a text; line and column count from 1."""

    line: int
    column: int
    message: str


def refusal(text: str) -> Trouble | None:
    """What the running interpreter says against ``text`` as a module; ``None`` if nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<text>", "exec", _PARSE_ONLY, dont_inherit=True)
    except SyntaxError as error:
        return Trouble(error.lineno or 1, max(error.offset or 1, 1), error.msg)
    except (RecursionError, MemoryError):
        return Trouble(1, 1, "nested too deep for this interpreter")
    except ValueError as error:
        return Trouble(1, 1, str(error))
    return None


def accepts_expression(text: str) -> bool:
    """Whether ``text`` alone is an expression to the running interpreter."""
    return refusal(f"(\n{text}\n)") is None
