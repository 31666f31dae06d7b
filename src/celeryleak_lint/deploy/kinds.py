"""Which files of a tree say how workers are started or which releases are installed.

Decided by name alone, so that a walk need not open files. Names without a suffix are
candidates for shell scripts; their first line decides later.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

Kind = Literal[
    "dockerfile", "yaml", "unit", "ini", "procfile", "shell", "script", "environment",
    "requirements", "pyproject", "lock", "pipfile-lock",
]  # fmt: skip

#: Folders of recipes for tests of the project itself: nothing in them lives long.
_AUTOMATION = frozenset({".github", ".gitlab", ".circleci", ".azure-pipelines", ".buildkite"})
_BY_NAME: tuple[tuple[str, Kind], ...] = (
    ("dockerfile", "dockerfile"),
    ("dockerfile.*", "dockerfile"),
    ("dockerfile-*", "dockerfile"),
    ("*.dockerfile", "dockerfile"),
    ("containerfile", "dockerfile"),
    ("containerfile.*", "dockerfile"),
    ("pipfile.lock", "pipfile-lock"),
    ("uv.lock", "lock"),
    ("poetry.lock", "lock"),
    ("pdm.lock", "lock"),
    ("pyproject.toml", "pyproject"),
    ("procfile", "procfile"),
    ("procfile.*", "procfile"),
    ("*.service", "unit"),
    ("*.yml", "yaml"),
    ("*.yaml", "yaml"),
    ("*.ini", "ini"),
    ("*.conf", "ini"),
    ("*requirements*.txt", "requirements"),
    ("constraints*.txt", "requirements"),
    ("*.sh", "shell"),
    ("*.bash", "shell"),
    (".env", "environment"),
    (".env.*", "environment"),
    ("*.env", "environment"),
)
#: Files without a suffix that are never scripts; reading them would only cost time.
_NO_SCRIPTS = frozenset(
    {"authors", "changelog", "copying", "license", "makefile", "notice", "readme"}
)


def kind_of(path: str) -> Kind | None:
    """The kind of the file at ``path`` (relative, with ``/``), or ``None`` when it says nothing."""
    *folders, name = path.lower().split("/")
    if not _AUTOMATION.isdisjoint(folders):
        return None
    for pattern, kind in _BY_NAME:
        if fnmatchcase(name, pattern):
            return kind
    if folders and folders[-1] == "requirements" and name.endswith(".txt"):
        return "requirements"
    return "script" if "." not in name and name not in _NO_SCRIPTS else None


def is_shell(data: bytes) -> bool:
    """Whether a file without a suffix begins as a shell script does."""
    first = data.split(b"\n", 1)[0]
    return first.startswith(b"#!") and b"sh" in first
