"""Another revision of the project, laid out in a folder by git.

Nothing of the repository is changed and none of its hooks is run. Git is started only here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

import msgspec

from celeryleak_lint.system.read import MAX_BYTES

_LINKS = (b"120000", b"160000")
#: Whatever a repository's own configuration would start is switched off.
_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")


class _Ended(msgspec.Struct, frozen=True):
    """What became of one git command; ``problem`` says why there is no output."""

    out: bytes = b""
    problem: str = ""


def lay_out(root: str, revision: str, folder: str) -> str:
    """Write the files that ``root`` had at ``revision`` below ``folder``, which is empty.

    A file beside the folder, with ``.index`` after its name, is git's note of what is there.
    Links, submodules and files too large to be source are left out. Gives an empty text, or
    the reason why it cannot be done.
    """
    shown = repr(revision)
    if not revision or revision.startswith("-"):
        return f"{shown} is no revision"
    found = _git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if found.problem:
        return f"cannot look at {shown}: {found.problem}"
    top, inner = os.fsdecode(found.out).split("\n")[:2]
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if commit.problem:
        return f"git knows no revision {shown} here; in a shallow clone, fetch it first"
    tree = f"{commit.out.decode().strip()}:{inner.rstrip('/')}"
    if _git(top, "rev-parse", "--verify", "--quiet", tree).problem:
        return ""  # the project did not exist then, so there is nothing to write
    return _written(top, tree, folder)


def _written(top: str, tree: str, folder: str) -> str:
    listed = _git(top, "ls-tree", "-r", "-l", "-z", tree)
    index = {"GIT_INDEX_FILE": f"{folder}.index"}
    filled = _git(top, "read-tree", tree, environment=index)
    names = b"".join(path + b"\0" for path in _wanted(listed.out))
    prefix = f"--prefix={folder}{os.sep}"
    made = _git(top, "checkout-index", "-z", "--stdin", prefix, environment=index, given=names)
    problem = listed.problem or filled.problem or made.problem
    return f"cannot lay out the base revision: {problem}" if problem else ""


def _wanted(listing: bytes) -> list[bytes]:
    """Paths of the files in a long listing that may be read later."""
    wanted = []
    for row in filter(None, listing.split(b"\0")):
        facts, _, path = row.partition(b"\t")
        mode, _kind, _name, size = facts.split()
        if mode not in _LINKS and int(size) <= MAX_BYTES:
            wanted.append(path)
    return wanted


def _git(
    root: str, *arguments: str, environment: Mapping[str, str] | None = None, given: bytes = b""
) -> _Ended:
    try:
        done = subprocess.run(
            ["git", *_QUIET, "-C", root, *arguments],
            input=given,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
        )
    except OSError as error:
        return _Ended(problem=f"git cannot be started: {error.strerror}")
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git failed"]
        return _Ended(problem=said[-1].removeprefix("fatal: "))
    return _Ended(done.stdout)
