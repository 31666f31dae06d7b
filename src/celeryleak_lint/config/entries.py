"""The short settings about functions and processes, as rows of the catalog they stand for.

Knows the keys of catalog rows; the catalog itself validates and indexes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from celeryleak_lint.config.settings import Config, Profile

_HEAT: Mapping[Profile, str] = MappingProxyType(
    {"script": "once", "long-running": "unknown", "rerun": "hot"}
)


def catalog_tables(config: Config) -> dict[str, object]:
    """The user's catalog tables, and one row for each of ``hot``, ``once`` and ``processes``.

    What the user has written stays in front, so that its indexes in messages are right.
    """
    rows = [*_functions(config.hot, "hot"), *_functions(config.once, "once")]
    rows += [_files(config, pattern, profile) for pattern, profile in config.processes]
    if not rows:
        return dict(config.tables)
    own = config.tables.get("entry-point", [])
    listed = [*own, *rows] if isinstance(own, list) else rows
    return {**config.tables, "entry-point": listed}


def _functions(names: tuple[str, ...], heat: str) -> Iterator[dict[str, object]]:
    for name in names:
        yield {
            "id": f"{heat}: {name}",
            "kind": "function",
            "framework": "configured",
            "name": name,
            "heat": heat,
            "why": f"listed under `{heat}` in the configuration",
        }


def _files(config: Config, pattern: str, profile: Profile) -> dict[str, object]:
    return {
        "id": f"process: {pattern}",
        "kind": "module-level",
        "framework": "configured",
        "paths": _globs(_from_root(config, pattern)),
        "heat": _HEAT[profile],
        "why": f"run by a {profile} process, says the configuration",
    }


def _from_root(config: Config, pattern: str) -> str:
    """A pattern seen from the project root instead of from the configuration's folder."""
    anchor = f"{config.anchor}/"
    bare = pattern.lstrip("/")
    return f"/{bare.removeprefix(anchor)}" if config.anchor and bare.startswith(anchor) else pattern


def _globs(pattern: str) -> list[str]:
    """The pattern in the words of the catalog: what it matches itself, and everything below.

    As in a ``.gitignore``, a pattern without an inner slash matches at any depth, and one
    that starts with ``**/`` at the top, too.
    """
    body = pattern.strip("/")
    if "/" not in pattern.rstrip("/"):
        return [body, f"{body}/"]
    tails = (body, body.removeprefix("**/")) if body.startswith("**/") else (body,)
    return [glob for tail in tails for glob in (_whole(tail), f"{tail}/*")]


def _whole(body: str) -> str:
    """A glob for the whole path; the catalog takes one without a slash for a name at any depth."""
    is_plain = "/" not in body and body[:1] not in ("*", "?", "[")
    return f"[{body[0]}/]{body[1:]}" if is_plain else body
