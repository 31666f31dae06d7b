"""The twin of a case whose modules have other names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.pages import names
from tests.pages.edit import Replacement, apply, replace_node

#: File names that mean something to Python or to a framework.
MEANINGFUL = frozenset(
    [
        "__init__",
        "__main__",
        "admin",
        "apps",
        "asgi",
        "celery",
        "celeryconfig",
        "conftest",
        "manage",
        "models",
        "settings",
        "setup",
        "signals",
        "tasks",
        "urls",
        "views",
        "wsgi",
    ]
)
SUFFIX = "_renamed"


def renamed(files: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The files with every nameable module renamed, and `{old path: new path}`."""
    trees = {path: ast.parse(text) for path, text in files.items()}
    spoken = frozenset[str]().union(*(names.in_text(tree) for tree in trees.values()))
    paths = {path: _new_path(path, spoken) for path in files}
    modules = {
        names.module_of(old): names.module_of(new) for old, new in paths.items() if old != new
    }
    return {
        paths[path]: apply(text, _edits(path, trees[path], modules)) for path, text in files.items()
    }, paths


def _new_path(path: str, spoken: frozenset[str]) -> str:
    stem = path.removesuffix(".py").split("/")[-1]
    if stem in MEANINGFUL or stem in spoken:
        return path
    return path.removesuffix(".py") + SUFFIX + ".py"


def _edits(path: str, tree: ast.Module, modules: Mapping[str, str]) -> Iterator[Replacement]:
    plain: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            new_from = _import_from(node, names.absolute(node, path), modules)
            if new_from is not None:
                yield replace_node(node, new_from)
        if isinstance(node, ast.Import) and any(a.name in modules for a in node.names):
            aliases = [_alias(alias, modules) for alias in node.names]
            plain.update(a.name for a in node.names if a.name in modules and not a.asname)
            yield replace_node(node, ast.unparse(ast.Import(aliases)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and names.dotted(node) in plain:
            yield replace_node(node, modules[names.dotted(node)])


def _alias(alias: ast.alias, modules: Mapping[str, str]) -> ast.alias:
    if alias.name not in modules:
        return alias
    keeps_name = alias.asname or (None if "." in alias.name else alias.name)
    return ast.alias(modules[alias.name], keeps_name)


def _import_from(node: ast.ImportFrom, module: str, modules: Mapping[str, str]) -> str | None:
    """The rewritten statement, or `None` when it names no renamed module."""
    if module in modules:
        last = modules[module].split(".")[-1]
        prefix = (node.module or "").rpartition(".")[0]
        name = f"{prefix}.{last}" if prefix else last
        return ast.unparse(ast.ImportFrom(name, node.names, node.level))
    aliases = [_member(alias, f"{module}.{alias.name}", modules) for alias in node.names]
    if all(new is old for new, old in zip(aliases, node.names, strict=True)):
        return None
    return ast.unparse(ast.ImportFrom(node.module, aliases, node.level))


def _member(alias: ast.alias, target: str, modules: Mapping[str, str]) -> ast.alias:
    if target not in modules:
        return alias
    return ast.alias(modules[target].split(".")[-1], alias.asname or alias.name)
