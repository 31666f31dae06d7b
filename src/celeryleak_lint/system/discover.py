"""From the paths a user names to the project they belong to: the same through every door."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from celeryleak_lint.config import Config
from celeryleak_lint.deploy.kinds import kind_of
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.system.exclude import Exclusion, exclusion
from celeryleak_lint.system.names import module_name, source_roots
from celeryleak_lint.system.root import project_root
from celeryleak_lint.system.settings import describe
from celeryleak_lint.system.sightings import Sightings
from celeryleak_lint.system.walk import Listing, leaves_out, list_files, shown_name

_TEST_FOLDERS = frozenset({"tests", "test", "testing", "t"})
_TEST_FILES = frozenset({"conftest", "test", "tests"})


class Place(msgspec.Struct, frozen=True):
    """What the user asked for, resolved: absolute paths, and the root they belong to.

    ``overlay`` maps paths relative to the root to bytes that stand in for the file there,
    as an editor hands them over before saving.
    """

    root: str
    working_directory: str
    paths: tuple[str, ...]
    overlay: Mapping[str, bytes] = msgspec.field(default_factory=lambda: MappingProxyType({}))


class Discovery(msgspec.Struct, frozen=True):
    """The project's scope, and the folders and names that had to be left out unread.

    ``failures`` are those in what was asked for, ``elsewhere`` are those beside it, in what
    is indexed only to understand the rest.
    """

    scope: Scope
    failures: tuple[Failure, ...]
    elsewhere: tuple[Failure, ...] = ()


def locate(paths: Sequence[str], *, working_directory: str) -> Place | tuple[str, ...]:
    """Resolve paths (the working directory when there are none), or name all that are missing."""
    here = os.path.realpath(working_directory)
    given = [os.path.join(here, path) for path in paths] or [here]
    wrong = [_wrong(path, full) for path, full in zip(paths, given, strict=False)]
    if any(wrong):
        return tuple(message for message in wrong if message)
    resolved = tuple(os.path.realpath(path) for path in given)
    return Place(project_root(resolved, working_directory=here), here, resolved)


def locate_text(name: str, text: bytes, *, working_directory: str) -> Place | tuple[str, ...]:
    """A place for text that has no file yet, or whose file is not the newest: an editor's buffer.

    Only a name that no file can have is refused.
    """
    here = os.path.realpath(working_directory)
    path = os.path.realpath(os.path.join(here, name))
    if os.path.isdir(path):
        return (f"the text cannot be the folder {name!r}; name a file",)
    root = project_root((path,), working_directory=here)
    relative = _relative(path, root)
    return Place(root, here, (path,), MappingProxyType({relative: text}))


def discover(
    place: Place,
    config: Config,
    *,
    force_exclude: bool = False,
    sightings: Sightings | None = None,
) -> Discovery:
    """Index the project at ``place``; never fails, whatever the tree looks like.

    ``sightings`` answer what files import; without any, each file is looked at afresh.
    With ``force_exclude`` an exclusion holds also for what the user names, as pre-commit
    needs, which names excluded files.
    """
    rules = exclusion(config.exclude, anchor=config.anchor)
    given = [_relative(path, place.root) for path in place.paths]
    if force_exclude:
        given = [path for path in given if not path or not _is_excluded(place.root, path, rules)]
    listing = list_files(place.root, [p for p in given if p not in place.overlay], rules)
    unsaved = {path for path in given if path in place.overlay}
    deploy = {path for path in unsaved if kind_of(path) not in (None, "script")}
    files = tuple(sorted({*listing.files, *(unsaved - deploy)}))
    deployed = tuple(sorted(p for p in {*listing.deploy, *deploy} if not is_test_path(p)))
    listing = replace(listing, files=files, deploy=deployed)
    seen = sightings if sightings is not None else Sightings(place.root, place.overlay)
    scope = _scope(seen, listing, config, _reported(given, (*files, *deployed)))
    asked = tuple(failure for failure in listing.failures if _is_asked(failure.path, given))
    return Discovery(scope, asked, tuple(f for f in listing.failures if f not in asked))


def is_test_path(path: str) -> bool:
    """Whether a path relative to the root is test code: decided by names of files and folders."""
    *folders, name = path.split("/")
    if not _TEST_FOLDERS.isdisjoint(folders) or any(f.endswith("_tests") for f in folders):
        return True
    stem = name.rpartition(".")[0]
    return stem in _TEST_FILES or stem.startswith("test_") or stem.endswith("_test")


def _scope(
    seen: Sightings, listing: Listing, config: Config, reported: frozenset[str] | None
) -> Scope:
    root = seen.root
    roots = source_roots(root, listing, configured=_configured(config), imports_of=seen.imports)
    files = []
    for path in listing.files:
        module, is_package = module_name(path, roots[path.rpartition("/")[0]], root)
        files.append(SourceFile(path, module, is_package, is_test_path(path)))
    return Scope(root, tuple(sorted(set(roots.values()))), tuple(files), reported, listing.deploy)


def _configured(config: Config) -> tuple[str, ...]:
    """The configured source roots that lie in the project, seen from its root."""
    if not config.anchor:
        return config.src
    prefix = config.anchor + "/"
    inner = (source.removeprefix(prefix) for source in config.src if source.startswith(prefix))
    return (*inner, *("" for source in config.src if source == config.anchor))


def _reported(given: Sequence[str], files: Sequence[str]) -> frozenset[str] | None:
    if "" in given:
        return None
    folders = tuple(f"{path}/" for path in given)
    names = frozenset(given)
    return frozenset(path for path in files if path in names or path.startswith(folders))


def _is_asked(path: str, given: Sequence[str]) -> bool:
    """Whether what could not be listed at ``path`` is, or lies in, one of the paths given."""
    shown = tuple(shown_name(name) for name in given)
    return "" in shown or path.startswith(tuple(f"{name}/" for name in shown)) or path in shown


def _is_excluded(root: str, path: str, rules: Exclusion) -> bool:
    is_folder = os.path.isdir(os.path.join(root, path))
    return leaves_out(root, path, rules, is_folder=is_folder)


def _relative(path: str, root: str) -> str:
    inner = os.path.relpath(path, root).replace(os.sep, "/")
    return "" if inner == "." else inner


def _wrong(given: str, full: str) -> str:
    """What is wrong with a path that was given; empty when nothing is."""
    try:
        mode = os.stat(full).st_mode if given else 0
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return f"no such file or folder: {given!r}"
    except OSError as error:
        return f"{describe(error)}: {given!r}"
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return f"{'neither a file nor a folder' if given else 'no such file or folder'}: {given!r}"
