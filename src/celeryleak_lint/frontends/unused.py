"""Which of the user's catalog entries nothing in the project leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from celeryleak_lint.model.facts import ModuleSummary

_TABLES = ("resource", "entry-point", "memo", "heavy")


def unused_rows(
    tables: Mapping[str, object], summaries: Iterable[ModuleSummary]
) -> tuple[tuple[str, str], ...]:
    """Table and name of each entry in ``tables`` (as read from TOML) that is never used.

    A name is used when an import, a call, a base class or a decorator means it, something
    in it, or the class that it is a method of.
    """
    used = frozenset(name for summary in summaries for name in _names_in(summary))
    return tuple((table, name) for table, name in _own_names(tables) if not _is_used(name, used))


def _own_names(tables: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for table in _TABLES:
        rows = tables.get(table, [])
        for row in rows if isinstance(rows, list) else []:
            if row.get("kind") in ("function", "module-level"):
                continue
            for name in (row.get("name"), *row.get("names", ()), *row.get("patterns", ())):
                if name:
                    yield table, name


def _names_in(summary: ModuleSummary) -> Iterator[str]:
    yield from summary.mentioned
    values = [base for cls in summary.classes for base in cls.bases]
    for function in summary.functions:
        values.extend(call.callee for call in function.calls)
        values.extend(decorator.value for decorator in function.decorators)
    yield from (value[1:] for value in values if value.startswith("@"))


def _is_used(name: str, used: frozenset[str]) -> bool:
    if "*" in name:
        return any(fnmatchcase(candidate, name) for candidate in used)
    if name in used or any(candidate.startswith(name + ".") for candidate in used):
        return True
    owner = name.rpartition(".")[0]
    return "." in owner and owner in used
