"""Ways to divide a function into what moves and what stays, and the narrowest sound one. For jobs only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from celeryleak_lint.fixes.evidence import OBJECT, PLAIN, UNHASHABLE
from celeryleak_lint.fixes.keyable import collections_in, volatile_in
from celeryleak_lint.fixes.scene import CannotMoveError, Scene
from celeryleak_lint.fixes.uses import (
    Uses,
    declared_global,
    definite,
    exposed,
    imported_in,
    root_of,
    uses_of,
)

#: Names of the instance a method is called on.
INSTANCES = frozenset({"self", "cls"})


@dataclass(slots=True)
class Cut:
    """One way to divide: which statements of the block move, and what they then need.

    ``declared`` of the moved ones are bare annotations of what moves.
    """

    moved: list[int] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    declared: int = 0


def narrowest(scene: Scene) -> tuple[Cut, list[tuple[cst.CSTNode, bool]]]:
    """The narrowest cut: the one whose keys are best shown to be values, then the smallest."""
    _forbid_hidden_imports(scene)
    shared = set(scene.call_uses.reads) & declared_global(scene.function)
    if shared:
        raise CannotMoveError(f"the function itself gives `{min(shared)}` its value")
    volatile = volatile_in(scene.call)
    if volatile:
        raise CannotMoveError(f"`{volatile}()` gives another value each time")
    best: tuple[tuple[int, int, int], Cut, list[tuple[cst.CSTNode, bool]]] | None = None
    for cut in _cuts(scene):
        imports = _imports_for(scene, cut)
        provided = {name for node, _ in imports for name in uses_of(node).binds}
        narrowed = Cut(cut.moved, cut.live - provided, cut.declared)
        if not _is_sound(scene, narrowed):
            continue
        if any(volatile_in(scene.block[position]) for position in cut.moved):
            continue
        ranks = [_rank(scene, cut, name) for name in narrowed.live if name not in INSTANCES]
        if any(rank >= UNHASHABLE for rank in ranks):
            continue
        score = (sum(ranks), len(narrowed.moved) - narrowed.declared, -narrowed.declared)
        if best is None or score < best[0]:
            best = (score, narrowed, imports)
    if best is None:
        names = sorted(scene.call_uses.reads.keys() & scene.local)
        raise CannotMoveError(
            f"its arguments (`{'`, `'.join(names)}`) cannot be the key of a cache, and what they "
            "are computed from cannot be moved"
        )
    if any(scene.evidence.of(name).rank == OBJECT for name in best[1].live):
        name = next(n for n in sorted(best[1].live) if scene.evidence.of(n).rank == OBJECT)
        raise CannotMoveError(
            f"`{name}` is an object of this call: as the key of a cache it would never hit"
        )
    return best[1], best[2]


def _rank(scene: Scene, cut: Cut, name: str) -> int:
    """How well a name serves as a key, given what the moved code does with it."""
    rank = scene.evidence.of(name).rank
    moved = (scene.call, *(scene.block[position] for position in cut.moved))
    if rank != PLAIN and any(name in collections_in(node) for node in moved):
        return UNHASHABLE
    return rank


def _forbid_hidden_imports(scene: Scene) -> None:
    """An import under a condition or in a ``try`` can neither move nor be copied."""
    plain = {
        name
        for block, index in (*scene.outer, (scene.block, scene.index))
        for statement in block[:index]
        if is_import(statement)
        for name in uses_of(statement).binds
    }
    hidden = (imported_in(scene.function.body) - plain) & set(scene.call_uses.reads)
    if hidden:
        name = min(hidden)
        raise CannotMoveError(
            f"it depends on `{name}`, which the function imports under a condition"
        )


def _cuts(scene: Scene) -> Iterator[Cut]:
    """The call alone, then with one statement more each time, going backwards."""
    needed = set(scene.call_uses.reads) & (scene.local | scene.closed_over)
    moved: list[int] = []
    declared = 0
    taken: set[str] = set()
    yield Cut([], set(needed))
    for position in range(scene.index - 1, -1, -1):
        statement = scene.block[position]
        uses = uses_of(statement)
        touched = (uses.binds | uses.declares | _mutated(statement, uses)) & (needed | taken)
        if not touched or is_import(statement):
            continue
        if uses.effects or not isinstance(statement, cst.SimpleStatementLine | cst.If):
            return
        moved.append(position)
        declared += not uses.binds and not _mutated(statement, uses)
        taken |= touched
        needed -= definite(statement)
        needed |= exposed(statement) & (scene.local | scene.closed_over)
        yield Cut(list(moved), set(needed), declared)


def _mutated(statement: cst.CSTNode, uses: Uses) -> set[str]:
    """Names whose objects a statement changes: ``conf["a"] = 1``, ``conf.update(...)``."""
    found = set(uses.stores)
    if isinstance(statement, cst.SimpleStatementLine):
        for small in statement.body:
            if isinstance(small, cst.Expr) and isinstance(small.value, cst.Call):
                if isinstance(small.value.func, cst.Attribute):
                    found.add(root_of(small.value.func))
    return found


def is_import(node: cst.CSTNode) -> bool:
    """Whether a statement is nothing but an import."""
    return isinstance(node, cst.SimpleStatementLine) and all(
        isinstance(small, cst.Import | cst.ImportFrom) for small in node.body
    )


def _imports_for(scene: Scene, cut: Cut) -> list[tuple[cst.CSTNode, bool]]:
    """Imports of the function that the moved code needs, and whether others need them, too."""
    found: list[tuple[cst.CSTNode, bool]] = []
    for block, index in (*scene.outer, (scene.block, scene.index)):
        for statement in block[:index]:
            if not is_import(statement):
                continue
            bound = uses_of(statement).binds
            if bound & cut.live:
                found.append((statement, _is_shared(scene, cut, bound)))
    return found


def _is_shared(scene: Scene, cut: Cut, names: set[str]) -> bool:
    return any(_reads_elsewhere(scene, cut, name) for name in names)


def _reads_elsewhere(scene: Scene, cut: Cut, name: str) -> int:
    """How often the function reads a name outside of what moves."""
    everywhere = uses_of(scene.function.body).reads[name]
    moved = sum(uses_of(scene.block[position]).reads[name] for position in cut.moved)
    return everywhere - moved - scene.call_uses.reads[name]


def _is_sound(scene: Scene, cut: Cut) -> bool:
    """Nothing that stays needs what moves, and nothing changes the keys in between."""
    bound = {name for position in cut.moved for name in uses_of(scene.block[position]).binds}
    own = bound - cut.live
    if any(_reads_elsewhere(scene, cut, name) for name in own):
        return False
    if bound & cut.live:
        return False  # bound on some paths only: the key would be read before it exists
    if not cut.moved:
        return True
    between = range(min(cut.moved), scene.index)
    staying = [scene.block[position] for position in between if position not in cut.moved]
    rebound = uses_of(*staying).binds if staying else set()
    return not rebound & (cut.live | own)
