"""Twins of a case whose imports are spelled differently: aliases, and dotted names."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from tests.pages import names
from tests.pages.edit import Replacement, apply, replace_node
from tests.pages.names import Imported

Spelling = Callable[[Imported, frozenset[str]], tuple[str, str] | None]


def aliased(files: Mapping[str, str]) -> dict[str, str]:
    """`from a import b` becomes `from a import b as _b`; `import a.b`, `import a.b as _a_b`."""
    return _rewritten(files, _alias)


def qualified(files: Mapping[str, str]) -> dict[str, str]:
    """`from a import b` becomes `import a`, and `b` becomes `a.b`."""
    modules = frozenset(names.module_of(path) for path in files)
    return _rewritten(files, lambda name, taken: _qualify(name, taken, modules))


def _alias(name: Imported, taken: frozenset[str]) -> tuple[str, str] | None:
    written = name.local if name.member or name.alias.asname else name.module
    new = "_" + written.replace(".", "_")
    if new in taken:
        return None
    if name.member:
        dots = "." * (name.statement.level if isinstance(name.statement, ast.ImportFrom) else 0)
        module = name.statement.module if isinstance(name.statement, ast.ImportFrom) else None
        return f"from {dots}{module or ''} import {name.member} as {new}", new
    return f"import {name.module} as {new}", new


def _qualify(
    name: Imported, taken: frozenset[str], modules: frozenset[str]
) -> tuple[str, str] | None:
    if not name.member or name.module.split(".")[0] in taken:
        return None
    loaded = name.target if name.target in modules else name.module
    return f"import {loaded}", name.target


def _rewritten(files: Mapping[str, str], spelling: Spelling) -> dict[str, str]:
    trees = {path: ast.parse(text) for path, text in files.items()}
    return {path: _file(path, text, trees, spelling) for path, text in files.items()}


def _file(path: str, text: str, trees: Mapping[str, ast.Module], spelling: Spelling) -> str:
    tree = trees[path]
    chosen = dict(_choices(path, trees, spelling))
    if not chosen:
        return text
    edits = list(_uses(tree, chosen))
    for statement in {name.statement for name in names.imports(tree, path)}:
        parts = [_clause(statement, alias, path, chosen) for alias in statement.names]
        if any(
            part != _plain(statement, alias)
            for part, alias in zip(parts, statement.names, strict=True)
        ):
            edits.append(replace_node(statement, "; ".join(dict.fromkeys(parts))))
    return apply(text, edits)


def _choices(
    path: str, trees: Mapping[str, ast.Module], spelling: Spelling
) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """`(written name, (target, import clause, new expression))` for what may be respelled."""
    tree = trees[path]
    found: dict[str, list[Imported]] = defaultdict(list)
    for name in names.imports(tree, path):
        found[name.local].append(name)
    bound = names.bound_otherwise(tree)
    taken = bound | {
        local for local, group in found.items() if any(n.member or n.alias.asname for n in group)
    }
    keep = bound | names.in_text(tree) | names.wanted_elsewhere(path, trees)
    receivers = names.decorator_roots(tree)
    own = {names.module_of(each) for each in trees}
    for local, group in found.items():
        if local in keep or "*" in keep or len({each.target for each in group}) > 1:
            continue
        first = group[0]
        if local in receivers and first.member and first.module not in own:
            continue
        spelled = spelling(first, taken)
        written = local if first.member or first.alias.asname else first.module
        if spelled is not None and _only_as(tree, local, written):
            yield written, (first.target, *spelled)


def _only_as(tree: ast.Module, local: str, written: str) -> bool:
    """Whether every use of `local` goes through `written` (for `import a.b`: `a.b`)."""
    if local == written:
        return True
    uses = sum(isinstance(node, ast.Name) and node.id == local for node in ast.walk(tree))
    return uses == sum(names.dotted(node) == written for node in ast.walk(tree))


def _uses(tree: ast.Module, chosen: Mapping[str, tuple[str, str, str]]) -> Iterator[Replacement]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and names.dotted(node) in chosen:
            yield replace_node(node, chosen[names.dotted(node)][2])


def _clause(
    statement: names.Import,
    alias: ast.alias,
    path: str,
    chosen: Mapping[str, tuple[str, str, str]],
) -> str:
    """The import statement that brings in one alias, respelled if it was chosen."""
    if isinstance(statement, ast.Import):
        written, target = alias.asname or alias.name, alias.name
    else:
        written = alias.asname or alias.name
        target = f"{names.absolute(statement, path)}.{alias.name}"
    if written in chosen and chosen[written][0] == target:
        return chosen[written][1]
    return _plain(statement, alias)


def _plain(statement: names.Import, alias: ast.alias) -> str:
    if isinstance(statement, ast.Import):
        return ast.unparse(ast.Import([alias]))
    return ast.unparse(ast.ImportFrom(statement.module, [alias], statement.level))
