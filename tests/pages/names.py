"""What the names of a case file are bound to: just enough to rewrite imports safely.

Deliberately timid: when in doubt a name is left as it is, because a twin that changes the
meaning of a case would report a mistake that is not there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Template strings exist from Python 3.14 on.
TEMPLATES = (ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))
WORD = re.compile(r"[A-Za-z_]\w*")
Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True)
class Imported:
    """One name an import statement binds: `module` and, for a from-import, the `member`."""

    statement: Import
    alias: ast.alias
    local: str
    module: str
    member: str = ""

    @property
    def target(self) -> str:
        """The dotted name that is meant."""
        return f"{self.module}.{self.member}" if self.member else self.module


def module_of(path: str) -> str:
    """The dotted module name of a file whose source root is the project root."""
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(path: str) -> str:
    """The dotted package that relative imports of the file start from."""
    return ".".join(path.split("/")[:-1])


def absolute(statement: ast.ImportFrom, path: str) -> str:
    """The absolute module a from-import names."""
    if not statement.level:
        return statement.module or ""
    parts = package_of(path).split(".")
    base = ".".join(parts[: len(parts) - statement.level + 1])
    return f"{base}.{statement.module}" if statement.module else base


def imports(tree: ast.Module, path: str) -> Iterator[Imported]:
    """Every name bound by an import, except `__future__` and stars."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                yield Imported(node, alias, local, alias.name)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            module = absolute(node, path)
            for alias in node.names:
                if alias.name != "*":
                    local = alias.asname or alias.name
                    yield Imported(node, alias, local, module, alias.name)


def bound_otherwise(tree: ast.Module) -> frozenset[str]:
    """Names bound by anything but an import, in any scope."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(node.names)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
    return frozenset(found)


def in_text(tree: ast.Module) -> frozenset[str]:
    """Words of string literals and names inside f-strings and t-strings: a rewrite cannot reach them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(WORD.findall(node.value))
        if isinstance(node, TEMPLATES):
            found.update(each.id for each in ast.walk(node) if isinstance(each, ast.Name))
    return frozenset(found)


def wanted_elsewhere(path: str, trees: Mapping[str, ast.Module]) -> frozenset[str]:
    """Names of `path` that other files of the case may reach; `*` when one imports all."""
    module, found = module_of(path), set[str]()
    for other, tree in trees.items():
        if other == path:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and absolute(node, other) == module:
                found.update(alias.name for alias in node.names)
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
    return frozenset(found)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of attributes on a name, else the empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def decorator_roots(tree: ast.Module) -> frozenset[str]:
    """Names `x` used as `@x.something`: a receiver may be known by its very spelling."""
    return frozenset(
        dotted(call.func if isinstance(call, ast.Call) else call).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for call in node.decorator_list
        if isinstance(call.func if isinstance(call, ast.Call) else call, ast.Attribute)
    )
