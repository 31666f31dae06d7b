"""What a project's build settings say about where its packages lie."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping

from celeryleak_lint.system.settings import read_toml


def declared_roots(root: str, project: str) -> dict[str, str]:
    """Folder to source root, both relative to ``root``, as the project in ``project`` declares.

    ``{"src": "src"}`` says that names below ``src`` are seen from ``src``;
    ``{"lib/app": "lib"}`` says so for one package only.
    """
    folder = os.path.join(root, project)
    found = dict(_from_pyproject(os.path.join(folder, "pyproject.toml")))
    found.update(_from_setup_cfg(os.path.join(folder, "setup.cfg")))
    return {
        _joined(project, covered): _joined(project, source)
        for covered, source in found.items()
        if covered and os.path.isdir(os.path.join(folder, covered))
    }


def _from_pyproject(path: str) -> Iterator[tuple[str, str]]:
    document = read_toml(path) if os.path.isfile(path) else {}
    if isinstance(document, str):
        return
    yield from _hatch(document)
    yield from _setuptools(_table(document, "tool", "setuptools"))
    for package in _tables(_table(document, "tool", "poetry").get("packages")):
        yield from _whole(package.get("from"))
    yield from _whole(_table(document, "tool", "pdm", "build").get("package-dir"))
    yield from _whole(_table(document, "tool", "uv", "build-backend").get("module-root"))


def _hatch(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    build = _table(document, "tool", "hatch", "build")
    for table in (build, _table(build, "targets", "wheel")):
        for package in _strings(table.get("packages")):
            covered = _clean(package)
            yield covered, covered.rpartition("/")[0]
        for source in _strings(table.get("sources")):
            yield from _whole(source)


def _setuptools(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    yield from _package_dirs(_table(table, "package-dir"))
    for where in _strings(_table(table, "packages", "find").get("where")):
        yield from _whole(where)


def _package_dirs(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for package, folder in table.items():
        if not isinstance(folder, str):
            continue
        covered = _clean(folder)
        tail = package.replace(".", "/")
        if not package:
            yield covered, covered
        elif covered == tail or covered.endswith("/" + tail):
            yield covered, covered[: -len(tail)].rstrip("/")


def _from_setup_cfg(path: str) -> Iterator[tuple[str, str]]:
    if not os.path.isfile(path):
        return
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
        declared = parser.get("options", "package_dir", fallback="")
        where = parser.get("options.packages.find", "where", fallback="")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return
    pairs = (line.partition("=") for line in declared.splitlines() if "=" in line)
    yield from _package_dirs({key.strip(): value.strip() for key, _, value in pairs})
    for folder in where.split():
        yield from _whole(folder)


def _whole(folder: object) -> Iterator[tuple[str, str]]:
    if isinstance(folder, str) and _clean(folder):
        yield _clean(folder), _clean(folder)


def _table(value: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    found: object = value
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _tables(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        value = list(value)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _clean(folder: str) -> str:
    return "/".join(part for part in folder.split("/") if part not in ("", "."))


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}".strip("/")
