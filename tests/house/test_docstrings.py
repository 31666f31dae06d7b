"""Every module, and every public function and class, says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.sources import Function, sources


def test_every_module_says_what_it_knows() -> None:
    bare = [source.path for source in sources() if not ast.get_docstring(source.tree)]
    assert not bare, "\n".join(bare)


def test_every_public_function_and_class_is_described() -> None:
    bare = [
        f"{source.path}:{node.lineno}: {node.name}"
        for source in sources()
        for node in _public(source.tree)
        if not ast.get_docstring(node)
    ]
    assert not bare, "\n".join(bare)


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for node in parent.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)
