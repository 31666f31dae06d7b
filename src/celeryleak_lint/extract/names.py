"""What names are bound where: imports of a module and assigned names of a block.

Knows statements only; what a name's value is belongs to ``expressions``.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


def absolute(module: str, level: int, name: str | None, *, is_package: bool) -> str:
    """The absolute dotted module of a relative import inside ``module``."""
    if level == 0:
        return name or ""
    parts = module.split(".") if module else []
    drop = level - 1 if is_package else level
    base = parts[: len(parts) - drop] if drop <= len(parts) else []
    return ".".join([*base, *([name] if name else [])])


def imported(
    statement: ast.Import | ast.ImportFrom, module: str, *, is_package: bool
) -> Iterator[tuple[str, str]]:
    """Pairs of a bound name and the dotted name it means; ``("*", module)`` for a star."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.asname:
                yield alias.asname, alias.name
            else:
                top = alias.name.partition(".")[0]
                yield top, top
        return
    base = absolute(module, statement.level, statement.module, is_package=is_package)
    for alias in statement.names:
        if alias.name == "*":
            yield "*", base
        else:
            yield alias.asname or alias.name, f"{base}.{alias.name}" if base else alias.name


def mentioned_modules(
    statement: ast.Import | ast.ImportFrom, module: str, *, is_package: bool
) -> Iterator[str]:
    """All dotted names an import statement mentions, for ``who imports this?`` questions."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    base = absolute(module, statement.level, statement.module, is_package=is_package)
    for alias in statement.names:
        yield base if alias.name == "*" else f"{base}.{alias.name}"


def never_holds(test: ast.expr) -> bool:
    """True for ``TYPE_CHECKING`` and ``typing.TYPE_CHECKING`` as a whole test, and for ``False`` and ``0``."""
    if isinstance(test, ast.Constant):
        return not test.value
    if isinstance(test, ast.Name):
        return test.id == "TYPE_CHECKING"
    return isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"


def is_main(test: ast.expr) -> bool:
    """True for ``__name__ == "__main__"``."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
    )


def target_names(target: ast.expr) -> Iterator[str]:
    """The plain names that an assignment target binds."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from target_names(item)
    elif isinstance(target, ast.Starred):
        yield from target_names(target.value)


def blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists directly inside a compound statement (not of functions or classes)."""
    if isinstance(statement, (ast.If, ast.For, ast.AsyncFor, ast.While)):
        yield statement.body
        yield statement.orelse
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        yield statement.body
    elif isinstance(statement, ast.Match):
        for case in statement.cases:
            yield case.body
    elif isinstance(statement, ast.Try) or type(statement).__name__ == "TryStar":
        yield statement.body  # type: ignore[attr-defined]
        for handler in statement.handlers:  # type: ignore[attr-defined]
            yield handler.body
        yield statement.orelse  # type: ignore[attr-defined]
        yield statement.finalbody  # type: ignore[attr-defined]


def flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a body in order, entering blocks but not functions or classes."""
    for statement in body:
        yield statement
        for block in blocks(statement):
            yield from flat(block)


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """The names one statement binds by itself (blocks inside it not included)."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from target_names(target)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        yield from target_names(statement.target)
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            if item.optional_vars is not None:
                yield from target_names(item.optional_vars)
    elif isinstance(statement, ast.Match):
        for case in statement.cases:
            yield from _captured(case.pattern)
    else:
        handlers: list[ast.ExceptHandler] = getattr(statement, "handlers", [])
        yield from (handler.name for handler in handlers if handler.name)


def _captured(pattern: ast.pattern) -> Iterator[str]:
    """The names a pattern binds: captures, stars and the rest of a mapping."""
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            yield name


def leaves(body: list[ast.stmt]) -> bool:
    """True for the block of a loop that ends as soon as one turn has worked, as retry loops do."""
    last = body[-1]
    if isinstance(last, ast.Try):
        return leaves(last.orelse or last.body)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return leaves(last.body)
    return isinstance(last, (ast.Return, ast.Break))


def terminates(body: list[ast.stmt]) -> bool:
    """True when control never runs past the end of this block."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
        return True
    if isinstance(last, ast.If):
        return terminates(last.body) and terminates(last.orelse)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return terminates(last.body)
    return False
