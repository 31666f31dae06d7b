"""Which names a piece of code reads and binds, told from its libcst tree alone.

Knows scopes of functions, lambdas and comprehensions; annotations of locals are never
evaluated and count for nothing. Only jobs import it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from celeryleak_lint.cst.nodes import children

#: Statements that leave the block or change what others see; they cannot move elsewhere.
_EFFECTS: tuple[type[cst.CSTNode], ...] = (
    cst.Return, cst.Yield, cst.Await, cst.Break, cst.Continue, cst.Global, cst.Nonlocal, cst.Del,
    cst.With,
)  # fmt: skip
_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


@dataclass(slots=True)
class Uses:
    """Names with how often each is read, names bound, and names only annotated.

    ``stores`` are roots of attributes and items assigned; ``effects`` is true when the code
    does something that only makes sense where it stands.
    """

    reads: Counter[str] = field(default_factory=Counter)
    binds: set[str] = field(default_factory=set)
    declares: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    effects: bool = False


def uses_of(*nodes: cst.CSTNode) -> Uses:
    """What some nodes of one scope use, together."""
    uses = Uses()
    for node in nodes:
        _visit(node, uses)
    return uses


def parameters(function: cst.FunctionDef | cst.Lambda) -> Iterator[cst.Param]:
    """All parameters, stars included."""
    given = function.params
    yield from (*given.posonly_params, *given.params, *given.kwonly_params)
    for star in (given.star_arg, given.star_kwarg):
        if isinstance(star, cst.Param):
            yield star


def locals_of(function: cst.FunctionDef) -> set[str]:
    """Every name that is local to a function, parameters included."""
    uses = uses_of(function.body)
    outside = {
        item.name.value
        for node in _within(function.body)
        if isinstance(node, cst.Global | cst.Nonlocal)
        for item in node.names
    }
    names = {param.name.value for param in parameters(function)} | uses.binds | uses.declares
    return names - outside


def declared_global(function: cst.FunctionDef) -> set[str]:
    """Names of the module that a function binds itself."""
    return {
        item.name.value
        for node in _within(function.body)
        if isinstance(node, cst.Global)
        for item in node.names
    }


def imported_in(body: cst.CSTNode) -> set[str]:
    """Names that imports of a scope bind, wherever they stand in it."""
    return {
        name
        for node in _within(body)
        if isinstance(node, cst.Import | cst.ImportFrom)
        for name in uses_of(node).binds
    }


def definite(statement: cst.CSTNode) -> set[str]:
    """Names that are bound whichever way a statement runs, as far as that is plain to see."""
    if isinstance(statement, cst.If):
        other = statement.orelse
        if other is None:
            return set()
        rest = definite(other) if isinstance(other, cst.If) else _definite_block(other.body)
        return _definite_block(statement.body) & rest
    if isinstance(statement, cst.For | cst.While | cst.Try | cst.TryStar | cst.Match):
        return set()
    return uses_of(statement).binds


def _definite_block(block: cst.BaseSuite) -> set[str]:
    found: set[str] = set()
    for statement in block.body:
        found |= definite(statement)
    return found


def exposed(statement: cst.CSTNode) -> set[str]:
    """Names that a statement may read before it binds them itself."""
    if isinstance(statement, cst.If):
        other = statement.orelse
        rest = set() if other is None else exposed(other)
        return set(uses_of(statement.test).reads) | _exposed_block(statement.body) | rest
    if isinstance(statement, cst.Else):
        return _exposed_block(statement.body)
    return set(uses_of(statement).reads)


def _exposed_block(block: cst.BaseSuite) -> set[str]:
    found: set[str] = set()
    bound: set[str] = set()
    for statement in block.body:
        found |= exposed(statement) - bound
        bound |= definite(statement)
    return found


def _within(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and all nodes in it, without what is inside nested functions and classes."""
    yield node
    for child in children(node):
        if not isinstance(child, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            yield from _within(child)


def _visit(node: cst.CSTNode, uses: Uses) -> None:
    if isinstance(node, _EFFECTS):
        uses.effects = True
    if isinstance(node, cst.Annotation):
        return
    if isinstance(node, cst.Name):
        uses.reads[node.value] += 1
    elif isinstance(node, cst.Attribute | cst.Arg):
        _visit(node.value, uses)
    elif isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
        _nested(node, uses)
    elif isinstance(node, _COMPREHENSIONS):
        _comprehension(node, uses)
    elif isinstance(node, cst.BaseSmallStatement):
        _small(node, uses)
    else:
        _binding(node, uses)


def _binding(node: cst.CSTNode, uses: Uses) -> None:
    """What binds names without being a statement of its own, and everything else."""
    if isinstance(node, cst.For):
        _bind(node.target, uses)
        _visit_all((node.iter, node.body, node.orelse), uses)
        uses.effects |= node.asynchronous is not None
    elif isinstance(node, cst.NamedExpr):
        _bind(node.target, uses)
        _visit(node.value, uses)
    elif isinstance(node, cst.AsName):
        _bind(node.name, uses)
    elif isinstance(node, cst.MatchAs | cst.MatchStar):
        if node.name is not None:
            _bind(node.name, uses)
        _visit_all([child for child in children(node) if child is not node.name], uses)
    else:
        _visit_all(children(node), uses)


def _visit_all(nodes: Sequence[cst.CSTNode | None], uses: Uses) -> None:
    for node in nodes:
        if node is not None:
            _visit(node, uses)


def _small(node: cst.BaseSmallStatement, uses: Uses) -> None:
    if isinstance(node, cst.Assign):
        for target in node.targets:
            _bind(target.target, uses)
        _visit(node.value, uses)
    elif isinstance(node, cst.AnnAssign):
        if node.value is None and isinstance(node.target, cst.Name):
            uses.declares.add(node.target.value)
            return
        _bind(node.target, uses)
        _visit_all((node.value,), uses)
    elif isinstance(node, cst.AugAssign):
        _bind(node.target, uses)
        _visit_all((node.target, node.value), uses)
    elif isinstance(node, cst.Import | cst.ImportFrom):
        _imported(node, uses)
    else:
        _visit_all(children(node), uses)


def _imported(node: cst.Import | cst.ImportFrom, uses: Uses) -> None:
    if isinstance(node.names, cst.ImportStar):
        uses.effects = True
        return
    for alias in node.names:
        bound = alias.evaluated_alias
        uses.binds.add(bound if bound is not None else alias.evaluated_name.partition(".")[0])


def _bind(target: cst.CSTNode, uses: Uses) -> None:
    if isinstance(target, cst.Name):
        uses.binds.add(target.value)
    elif isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            _bind(element.value, uses)
    elif isinstance(target, cst.StarredElement):
        _bind(target.value, uses)
    else:
        root = root_of(target)
        if root:
            uses.stores.add(root)
        _visit(target, uses)


def root_of(node: cst.CSTNode) -> str:
    """The name that an attribute, item or call chain starts with; empty for anything else."""
    while isinstance(node, cst.Attribute | cst.Subscript | cst.Call):
        node = node.func if isinstance(node, cst.Call) else node.value
    return node.value if isinstance(node, cst.Name) else ""


def _nested(node: cst.FunctionDef | cst.ClassDef | cst.Lambda, uses: Uses) -> None:
    inner = Uses()
    _visit_all((node.body,), inner)
    if isinstance(node, cst.ClassDef):
        uses.binds.add(node.name.value)
        _visit_all((*node.bases, *node.keywords, *node.decorators), uses)
        bound = inner.binds
    else:
        bound = {param.name.value for param in parameters(node)} | inner.binds
        _visit_all([param.default for param in parameters(node)], uses)
        if isinstance(node, cst.FunctionDef):
            uses.binds.add(node.name.value)
            _visit_all(node.decorators, uses)
    for name, count in inner.reads.items():
        if name not in bound:
            uses.reads[name] += count


def _comprehension(node: cst.BaseComp, uses: Uses) -> None:
    inner = Uses()
    targets = Uses()
    generator: cst.CompFor | None = node.for_in
    while generator is not None:
        _bind(generator.target, targets)
        _visit_all((generator.iter, *generator.ifs), inner)
        generator = generator.inner_for_in
    parts = (node.key, node.value) if isinstance(node, cst.DictComp) else (node.elt,)  # type: ignore[attr-defined]
    _visit_all(parts, inner)
    for name, count in inner.reads.items():
        if name not in targets.binds:
            uses.reads[name] += count
    uses.binds |= inner.binds
    uses.effects |= inner.effects
