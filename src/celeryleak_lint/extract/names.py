"""What names are bound where: imports of a module and assigned names of a block.

Knows statements only; what a name's value is belongs to ``expressions``.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

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
    kind = type(test)
    if kind is ast.Name:
        return test.id == "TYPE_CHECKING"  # type: ignore[attr-defined, no-any-return]
    if kind is ast.Attribute:
        return test.attr == "TYPE_CHECKING"  # type: ignore[attr-defined, no-any-return]
    return kind is ast.Constant and not test.value  # type: ignore[attr-defined]


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


def blocks(statement: ast.stmt) -> tuple[list[ast.stmt], ...]:
    """The statement lists directly inside a compound statement (not of functions or classes)."""
    reader = _BLOCKS.get(type(statement))
    return reader(statement) if reader is not None else ()


def _of_branches(statement: Any) -> tuple[list[ast.stmt], ...]:
    return statement.body, statement.orelse


def _of_with(statement: Any) -> tuple[list[ast.stmt], ...]:
    return (statement.body,)


def _of_match(statement: Any) -> tuple[list[ast.stmt], ...]:
    return tuple(case.body for case in statement.cases)


def _of_try(statement: Any) -> tuple[list[ast.stmt], ...]:
    handled = (handler.body for handler in statement.handlers)
    return (statement.body, *handled, statement.orelse, statement.finalbody)


_BLOCKS: Mapping[type[ast.stmt], Callable[[Any], tuple[list[ast.stmt], ...]]] = MappingProxyType(
    {
        ast.If: _of_branches,
        ast.For: _of_branches,
        ast.AsyncFor: _of_branches,
        ast.While: _of_branches,
        ast.With: _of_with,
        ast.AsyncWith: _of_with,
        ast.Match: _of_match,
        ast.Try: _of_try,
        # ``except*`` is known from Python 3.11 on
        **{kind: _of_try for name in ("TryStar",) if (kind := getattr(ast, name, None))},
    }
)


def flat(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """All statements of a body in order, entering blocks but not functions or classes."""
    found: list[ast.stmt] = []
    _flatten(body, found)
    return found


def _flatten(body: Iterable[ast.stmt], found: list[ast.stmt]) -> None:
    for statement in body:
        found.append(statement)
        reader = _BLOCKS.get(type(statement))
        if reader is not None:
            for block in reader(statement):
                _flatten(block, found)


def bound_names(statement: ast.stmt) -> Iterable[str]:
    """The names one statement binds by itself (blocks inside it not included)."""
    reader = _BOUND.get(type(statement))
    return reader(statement) if reader is not None else ()


def _by_assignment(statement: Any) -> list[str]:
    targets = statement.targets
    if len(targets) == 1 and type(targets[0]) is ast.Name:
        return [targets[0].id]
    return [name for target in targets for name in target_names(target)]


def _by_target(statement: Any) -> Iterable[str]:
    return target_names(statement.target)


def _by_items(statement: Any) -> list[str]:
    return [
        name
        for item in statement.items
        if item.optional_vars is not None
        for name in target_names(item.optional_vars)
    ]


def _by_patterns(statement: Any) -> list[str]:
    return [name for case in statement.cases for name in _captured(case.pattern)]


def _by_handlers(statement: Any) -> list[str]:
    return [handler.name for handler in statement.handlers if handler.name]


_BOUND: Mapping[type[ast.stmt], Callable[[Any], Iterable[str]]] = MappingProxyType(
    {
        ast.Assign: _by_assignment,
        ast.AnnAssign: _by_target,
        ast.AugAssign: _by_target,
        ast.For: _by_target,
        ast.AsyncFor: _by_target,
        ast.With: _by_items,
        ast.AsyncWith: _by_items,
        ast.Match: _by_patterns,
        ast.Try: _by_handlers,
        **{kind: _by_handlers for name in ("TryStar",) if (kind := getattr(ast, name, None))},
    }
)


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
    kind = type(last)
    if kind in _ENDS:
        return True
    if isinstance(last, ast.If):
        return terminates(last.body) and terminates(last.orelse)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return terminates(last.body)
    return False


_ENDS = frozenset({ast.Return, ast.Raise, ast.Continue, ast.Break})


def lazily_imported(statement: ast.Assign) -> dict[str, str]:
    """``spacy = lazy_import("spacy")``: the name and the module it stands for; empty for anything else.

    ``np, has_numpy = optional_import("numpy")`` tells as well whether it is there. Of several
    texts the last names the module, as in ``LazyLoader("openai", globals(), "shop.openai")``.
    """
    call = statement.value
    if type(call) is not ast.Call or not call.args:
        return {}
    called = getattr(call.func, "attr", getattr(call.func, "id", "")).lower()
    if "import" not in called and "lazyload" not in called:
        return {}
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and type(a.value) is str]
    target = statement.targets[0]
    if isinstance(target, ast.Tuple) and target.elts:
        target = target.elts[0]
    if not isinstance(target, ast.Name) or not texts:
        return {}
    module = texts[-1]
    is_module = all(part.isidentifier() for part in module.split("."))
    return {target.id: module} if is_module and target.id in module.split(".") else {}
