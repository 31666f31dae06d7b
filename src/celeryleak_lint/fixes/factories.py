"""The helper that builds once: its text for each kind of memo, laid out as formatters lay it out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from celeryleak_lint.config import Memoizer
from celeryleak_lint.fixes.imports import LINE_LENGTH, joined, spelled
from celeryleak_lint.fixes.sheet import Refusal, Sheet
from celeryleak_lint.model.edits import Edit

#: Entries of a memo whose keys nothing bounds.
KEYED_SIZE = 128


class Helper(msgspec.Struct, frozen=True):
    """A function to be written at module level.

    ``parameters`` pairs names with annotations, which may be empty. ``body`` are its lines
    before the ``return``, ``expression`` the lines of what it returns, both without
    indentation; ``unit`` is one level of it. With ``is_bounded`` its keys take few values.
    """

    name: str
    parameters: tuple[tuple[str, str], ...]
    annotation: str
    body: tuple[str, ...]
    expression: tuple[str, ...]
    unit: str
    is_bounded: bool


class Written(msgspec.Struct, frozen=True):
    """A helper as text that ends in a line feed, the imports it needs, and the names it defines."""

    block: str
    imports: tuple[Edit, ...]
    names: tuple[str, ...]


def write(helper: Helper, memoizer: Memoizer, sheet: Sheet, *, line: int) -> Written | Refusal:
    """The text of a helper that stands above physical line ``line``."""
    if memoizer == "module-dict" and (helper.is_bounded or not helper.parameters):
        return _with_dictionary(helper, sheet)
    memo = memo_decorator(sheet, line=line, is_bounded=helper.is_bounded or not helper.parameters)
    if isinstance(memo, Refusal):
        return memo
    decorator, imports = memo
    if memoizer == "locked":
        return _with_lock(helper, decorator, imports, sheet, line=line)
    lines = [decorator, *_definition(helper.name, helper), *_body(helper, _returned(helper))]
    return Written(_text(lines), imports, (helper.name,))


def memo_decorator(
    sheet: Sheet, *, line: int, is_bounded: bool
) -> tuple[str, tuple[Edit, ...]] | Refusal:
    """The decorator that keeps results, with the imports it needs."""
    name = "cache" if is_bounded else "lru_cache"
    found = spelled(sheet, "functools", name, line=line)
    if isinstance(found, Refusal):
        return found
    spelling, imports = found
    size = "" if is_bounded else f"(maxsize={KEYED_SIZE})"
    return f"@{spelling}{size}", imports


def _with_lock(
    helper: Helper, decorator: str, imports: tuple[Edit, ...], sheet: Sheet, *, line: int
) -> Written | Refusal:
    """The memo behind a lock, so that two threads that ask at once build only one object."""
    found = spelled(sheet, "threading", "Lock", line=line)
    if isinstance(found, Refusal):
        return found
    lock, more = found
    bare = helper.name.lstrip("_")
    inner, guard = sheet.free(f"_build_{bare}"), sheet.free(f"_{bare}_lock")
    names = ", ".join(name for name, _ in helper.parameters)
    lines = [
        f"{guard} = {lock}()",
        "",
        "",
        decorator,
        *_definition(inner, helper),
        *_body(helper, _returned(helper)),
        "",
        "",
        *_definition(helper.name, helper),
        f"{helper.unit}with {guard}:",
        f"{helper.unit}{helper.unit}return {inner}({names})",
    ]
    return Written(_text(lines), joined((*imports, *more)), (helper.name, inner, guard))


def _with_dictionary(helper: Helper, sheet: Sheet) -> Written:
    """A plain dictionary at module level, which a test can empty."""
    bare = helper.name.lstrip("_")
    store = sheet.free(f"_{bare}_cache")
    names = [name for name, _ in helper.parameters]
    key = '"built"' if not names else names[0] if len(names) == 1 else f"({', '.join(names)})"
    unit = helper.unit
    first, *rest = _expression(helper, f"{store}[{key}] = ", unit * 2)
    lines = [
        f"{store} = {{}}",
        "",
        "",
        *_definition(helper.name, helper),
        f"{unit}if {key} not in {store}:",
        *(f"{unit}{unit}{line}" if line else "" for line in helper.body),
        f"{unit}{unit}{first}",
        *rest,
        f"{unit}return {store}[{key}]",
    ]
    return Written(_text(lines), (), (helper.name, store))


def _definition(name: str, helper: Helper) -> list[str]:
    """The ``def`` line, on several lines when it does not fit."""
    result = f" -> {helper.annotation}" if helper.annotation else ""
    parameters = [f"{name}: {type_}" if type_ else name for name, type_ in helper.parameters]
    line = f"def {name}({', '.join(parameters)}){result}:"
    if len(line) <= LINE_LENGTH:
        return [line]
    inner = f"{helper.unit}{', '.join(parameters)}"
    if len(inner) <= LINE_LENGTH:
        return [f"def {name}(", inner, f"){result}:"]
    return [f"def {name}(", *(f"{helper.unit}{p}," for p in parameters), f"){result}:"]


def _body(helper: Helper, returned: Sequence[str]) -> list[str]:
    return [*(f"{helper.unit}{line}" if line else "" for line in helper.body), *returned]


def _returned(helper: Helper) -> list[str]:
    first, *rest = _expression(helper, "return ", helper.unit)
    return [f"{helper.unit}{first}", *rest]


def _expression(helper: Helper, before: str, indent: str) -> list[str]:
    """``before`` and the expression, on one line where formatters would join it.

    The first line comes without indentation, the others with ``indent`` added.
    """
    joined = _joined(helper.expression)
    if joined is not None and len(indent) + len(before) + len(joined) <= LINE_LENGTH:
        return [before + joined]
    if len(helper.expression) == 1:
        return _split(before, helper.expression[0], indent, helper.unit)
    return [
        before + helper.expression[0],
        *(f"{indent}{line}" if line else "" for line in helper.expression[1:]),
    ]


def _joined(lines: Sequence[str]) -> str | None:
    """A call over several lines as one, unless a comment or a last comma keeps it apart."""
    if len(lines) == 1:
        return lines[0]
    text = " ".join(line.strip() for line in lines)
    if "#" in text or any(quote in text for quote in ('"""', "'''")) or "," in text[-3:]:
        return None
    return text.replace("( ", "(").replace(" )", ")")


def _split(before: str, expression: str, indent: str, unit: str) -> list[str]:
    """A long call with its arguments on a line of their own."""
    head, bracket, rest = expression.partition("(")
    inner = rest[:-1]
    if not bracket or not rest.endswith(")") or len(indent) + len(unit) + len(inner) > LINE_LENGTH:
        return [before + expression]
    return [f"{before}{head}(", f"{indent}{unit}{inner}", f"{indent})"]


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
