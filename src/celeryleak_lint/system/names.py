"""Module names: which folder a file's own project imports it from.

Files are taken in groups that share a source root: a package with everything below it, or
the loose files of one folder. Settings decide first. Where they are silent, the project's
own absolute imports vote; without a vote, a package's root is the folder that holds it, and
loose files are seen from the top of their project (PEP 420 namespace packages).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from celeryleak_lint.system.imports import Imports, mentions, scan_imports
from celeryleak_lint.system.packaging import declared_roots
from celeryleak_lint.system.root import MARKERS
from celeryleak_lint.system.walk import Listing

#: More groups than this answering to one name cannot be told apart by a vote.
MAX_NAMESAKES = 64


class _Tree(msgspec.Struct, frozen=True):
    """The files of a project, asked for by path.

    ``packages`` are the folders with an ``__init__.py``, except tops of projects, whose
    ``__init__.py`` is a stray one. ``tops`` are the folders that begin a (nested) project;
    when the root is none, imports may also be seen from folders above it.
    """

    root: str
    files: frozenset[str]
    folders: frozenset[str]
    packages: frozenset[str]
    tops: frozenset[str]

    def upwards(self, folder: str) -> Iterator[str]:
        """The folder and those above it; past the root, ``..`` as often as names allow."""
        yield folder
        while folder:
            folder = _parent(folder)
            yield folder
        if "" in self.tops:
            return
        above, name = "..", self.root
        while os.path.basename(name).isidentifier():
            yield above
            above, name = f"../{above}", os.path.dirname(name)

    def top_package(self, folder: str) -> str:
        """The topmost package that a folder belongs to, or the folder itself when it is none."""
        top = folder
        while folder in self.packages:
            top = folder
            if not folder:
                break
            folder = _parent(folder)
        return top


class _Candidate(msgspec.Struct, frozen=True):
    """One source root that a group may have, and the group's dotted name seen from it."""

    group: str
    source_root: str
    dotted: str


class _Ballot(msgspec.Struct, frozen=True):
    """What the imports said: how many each candidate explains, and which one contradicts."""

    support: Mapping[_Candidate, int]
    against: frozenset[_Candidate]


ImportsOf = Callable[[str], Iterable[str]]


def source_roots(
    root: str, listing: Listing, *, configured: Iterable[str], imports_of: ImportsOf
) -> dict[str, str]:
    """The source root (relative to ``root``) of each folder that holds a listed file.

    ``imports_of`` gives the absolute imports of a file; it is asked only if they are needed.
    """
    tree = _tree(root, listing)
    known = {folder: folder for folder in configured}
    for project in sorted({"", *listing.markers}):
        for covered, source in declared_roots(root, project).items():
            known.setdefault(covered, source)
    groups = {folder: tree.top_package(folder) for folder in map(_parent, listing.files)}
    voted = _vote(
        {g for g in groups.values() if _covering(g, known) is None}, tree, listing, imports_of
    )
    found: dict[str, str] = {}
    for folder, group in groups.items():
        covering = _covering(folder, known)
        if covering is None and group not in voted:
            covering = _covering(group, known)
        found[folder] = voted[group] if covering is None else known[covering]
    return found


def module_name(path: str, source_root: str, root: str) -> tuple[str, bool]:
    """The dotted module name of a file, and whether it is a package's ``__init__``."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    parts = _parts(folder, source_root, root)
    if stem == "__init__" and parts:
        return ".".join(parts), True
    return ".".join((*parts, stem)), stem == "__init__"


def _tree(root: str, listing: Listing) -> _Tree:
    files = frozenset(listing.files)
    folders = {""}
    for path in files:
        folder = _parent(path)
        while folder not in folders:
            folders.add(folder)
            folder = _parent(folder)
    is_top = any(os.path.exists(os.path.join(root, name)) for name in MARKERS)
    tops = listing.markers | ({""} if is_top else frozenset())
    holders = {_parent(path) for path in files if path.rpartition("/")[2] == "__init__.py"}
    return _Tree(root, files, frozenset(folders), frozenset(holders - tops), tops)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _parts(folder: str, source_root: str, root: str) -> list[str]:
    below = folder.split("/") if folder else []
    if source_root.startswith(".."):
        return root.split(os.sep)[-source_root.count("..") :] + below
    return below[len(source_root.split("/")) if source_root else 0 :]


def _covering(folder: str, known: Mapping[str, str]) -> str | None:
    """The longest configured or declared folder that ``folder`` is in, if any."""
    while folder not in known:
        if not folder:
            return None
        folder = _parent(folder)
    return folder


def _vote(
    groups: Iterable[str], tree: _Tree, listing: Listing, imports_of: ImportsOf
) -> dict[str, str]:
    candidates = {group: tuple(_candidates(group, tree)) for group in sorted(groups)}
    ballot = _Ballot({}, frozenset())
    if any(len(options) > 1 for options in candidates.values()):
        ballot = _count(candidates, scan_imports(listing.files, imports_of), tree, imports_of)
    chosen: dict[str, str] = {}
    for group, options in candidates.items():
        winner = _winner(options, ballot)
        chosen[group] = _default(group, tree, chosen, ballot) if winner is None else winner
    return chosen


def _candidates(group: str, tree: _Tree) -> Iterator[_Candidate]:
    for source_root in tree.upwards(group):
        if source_root == group and group in tree.packages:
            continue
        parts = _parts(group, source_root, tree.root)
        if not all(part.isidentifier() for part in parts):
            return
        yield _Candidate(group, source_root, ".".join(parts))


def _winner(options: Iterable[_Candidate], ballot: _Ballot) -> str | None:
    """The candidate that most imports agree on; a longer dotted name is stronger evidence."""
    supported = [option for option in options if option in ballot.support]
    if not supported:
        return None
    best = max(supported, key=lambda option: ballot.support[option] * _weight(option))
    return best.source_root


def _weight(option: _Candidate) -> int:
    return option.dotted.count(".") + 1


def _default(group: str, tree: _Tree, chosen: Mapping[str, str], ballot: _Ballot) -> str:
    """The source root of a group that no import speaks for."""
    if group in tree.packages:
        if not group:
            return _above_packages(tree.root)
        parent = _parent(group)
        doubted = any(o.group == group and o.source_root == parent for o in ballot.against)
        return _base(parent, tree) if doubted else parent
    enclosing = tree.top_package(_parent(group)) if group else group
    if _parent(group) in tree.packages and enclosing in chosen:
        return chosen[enclosing]
    return _base(group, tree)


def _above_packages(folder: str) -> str:
    """The way up from a package at the root to the first folder that is no package."""
    above, folder = "..", os.path.dirname(folder)
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.basename(folder):
        above, folder = f"../{above}", os.path.dirname(folder)
    return above


def _base(folder: str, tree: _Tree) -> str:
    """The top of the innermost project around a folder: what its loose files are seen from."""
    while folder:
        name = folder.rpartition("/")[2]
        is_source = name == "src" and folder not in tree.packages
        if folder in tree.tops or is_source or not name.isidentifier():
            return folder
        folder = _parent(folder)
    return ""


def _count(
    candidates: Mapping[str, tuple[_Candidate, ...]],
    imports: Imports,
    tree: _Tree,
    imports_of: ImportsOf,
) -> _Ballot:
    """Let every distinct import speak for or against the candidates that it could mean."""
    counts: dict[int, int] = {}
    against: set[_Candidate] = set()
    by_name: dict[str, list[_Candidate]] = {}
    for option in (option for options in candidates.values() for option in options):
        by_name.setdefault(option.dotted, []).append(option)
    for dotted in {name for names in imports.values() for name in names}:
        for option in _answering(dotted, by_name):
            if _explains(option, dotted, tree):
                counts[id(option)] = counts.get(id(option), 0) + 1
            else:
                against.add(option)
    everyone = (option for options in candidates.values() for option in options)
    support = Counter({o: counts[id(o)] for o in everyone if id(o) in counts})
    loose = [options[0] for options in candidates.values() if options and not options[0].dotted]
    support.update(_bare_imports(loose, imports, tree, imports_of))
    return _Ballot(support, frozenset(against))


def _answering(dotted: str, by_name: Mapping[str, list[_Candidate]]) -> Iterator[_Candidate]:
    """The candidates whose dotted name is a prefix of what is imported."""
    end = len(dotted)
    while end > 0:
        namesakes = by_name.get(dotted[:end])
        if namesakes is not None and len(namesakes) <= MAX_NAMESAKES:
            yield from namesakes
        end = dotted.rfind(".", 0, end)


def _explains(option: _Candidate, dotted: str, tree: _Tree) -> bool:
    """Whether the imported name really exists when the group is seen from this source root.

    What is taken out of the group's own ``__init__.py`` must be mentioned there when the
    dotted name is a single word: ``from celery import Celery`` does not speak for every
    folder called ``celery``.
    """
    parts = dotted[len(option.dotted) + 1 :].split(".") if dotted != option.dotted else []
    folder = option.group
    while parts:
        inner = f"{folder}/{parts[0]}" if folder else parts[0]
        if f"{inner}.py" in tree.files:
            return len(parts) <= 2  # noqa: PLR2004 - the module, and one name out of it
        if inner not in tree.folders:
            break
        folder = inner
        parts = parts[1:]
    init = f"{folder}/__init__.py".lstrip("/")
    if len(parts) > 1 or (parts and init not in tree.files):
        return False
    if not parts or folder != option.group or "." in option.dotted:
        return True
    return mentions(f"{tree.root}/{init}", parts[0])


def _bare_imports(
    loose: Iterable[_Candidate], imports: Imports, tree: _Tree, imports_of: ImportsOf
) -> Iterator[_Candidate]:
    """Loose files imported by their bare name from their own folder or one beside it.

    A file that imports its own name means a distribution of that name, not itself.
    """
    own = {f: {name.partition(".")[0] for name in names} for f, names in imports.items()}
    beside: dict[str, set[str]] = {}
    for folder, found in own.items():
        beside.setdefault(_parent(folder), set()).update(found)
    for option in loose:
        folder = option.group
        tops = set(own.get(folder, ()))
        if folder:
            tops |= beside.get(_parent(folder), set())
        for top in sorted(tops):
            file = f"{folder}/{top}.py".lstrip("/")
            if file in tree.files and not _imports_itself(file, top, imports_of):
                yield option


def _imports_itself(file: str, top: str, imports_of: ImportsOf) -> bool:
    return any(name.partition(".")[0] == top for name in imports_of(file))
