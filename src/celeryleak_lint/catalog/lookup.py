"""The catalog, indexed for lookup by resolved dotted name.

Knows how names, patterns and words are found; must not know how tables are written in TOML
nor what a finding is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TypeVar

import msgspec

from celeryleak_lint.catalog.load import bundled, overlaid, tables_from
from celeryleak_lint.catalog.schema import (
    EntryKind,
    EntryPoint,
    Heat,
    Heavy,
    Memo,
    Resource,
    Tables,
    Vocabulary,
)
from celeryleak_lint.catalog.words import WordSet

ResourcePattern = tuple["re.Pattern[str]", Resource]
EntryPattern = tuple["re.Pattern[str]", EntryPoint]
HeavyPattern = tuple["re.Pattern[str]", Heavy]
Named = TypeVar("Named", Resource, EntryPoint, Memo, Heavy)
_NO_RECEIVERS: Mapping[str, EntryPoint] = MappingProxyType({})


class Catalog(msgspec.Struct, frozen=True):
    """Everything the tool knows about libraries, frozen and indexed; build it with ``of``.

    Keys of all mappings are resolved dotted names (``celery.Celery.task``). ``roots`` holds
    the first components of all catalogued names and ``tails`` the last ones: code that
    mentions no root imports nothing the catalog knows. ``resource_roots`` and
    ``resource_tails`` say the same of resources that may be reported. Patterns count with
    their literal root, and have no tail; ``heavy_tails`` holds the last names of calls that may be
    heavy, those of patterns included, ``conditions`` the arguments on which rows depend, and ``heavy_methods`` the rows of method names;
    ``open_roots`` is true when the pattern of a resource starts with a wildcard, so that no root can rule it out. ``digest`` changes
    whenever an effective table does.
    """

    tables: Tables
    digest: str
    resources: Mapping[str, Resource]
    decorators: Mapping[str, EntryPoint]
    bases: Mapping[str, EntryPoint]
    calls: Mapping[str, EntryPoint]
    signals: Mapping[str, EntryPoint]
    functions: tuple[EntryPoint, ...]
    module_level: tuple[EntryPoint, ...]
    memos: Mapping[str, Memo]
    heavy_methods: Mapping[str, tuple[Heavy, ...]]
    heavy_tails: frozenset[str]
    conditions: frozenset[str]
    roots: frozenset[str]
    tails: frozenset[str]
    resource_roots: frozenset[str]
    resource_tails: frozenset[str]
    open_roots: bool
    _conditional: Mapping[str, tuple[Resource, ...]]
    _heavy: Mapping[str, Heavy]
    _heavy_patterns: tuple[HeavyPattern, ...]
    _resource_patterns: Mapping[str, tuple[ResourcePattern, ...]]
    _entry_patterns: Mapping[tuple[EntryKind, str], tuple[EntryPattern, ...]]
    _receivers: Mapping[tuple[EntryKind, str], Mapping[str, EntryPoint]]
    _once: WordSet
    _settings: WordSet
    _credential: WordSet
    _per_call: WordSet
    _entity_key: WordSet
    _frequent: WordSet
    _seldom: WordSet
    _configuration_key: WordSet
    _growing_table: WordSet

    @classmethod
    def of(cls, tables: Tables) -> Catalog:
        """Index validated tables; a name that two rows claim belongs to the first."""
        words = tables.vocabulary
        names = frozenset(_all_names(tables))
        reported = frozenset(
            name
            for row in tables.resources
            if row.report and not row.when
            for name in (*row.names, *row.patterns)
        )
        return cls(
            tables=tables,
            digest=hashlib.sha256(repr(tables).encode()).hexdigest(),
            resources=_by_name(row for row in tables.resources if not row.when),
            decorators=_entries(tables, "decorator"),
            bases=_entries(tables, "base-class"),
            calls=_entries(tables, "call-argument"),
            signals=_entries(tables, "signal"),
            functions=tuple(row for row in tables.entry_points if row.kind == "function"),
            module_level=tuple(row for row in tables.entry_points if row.kind == "module-level"),
            memos=_by_name(tables.memos),
            heavy_methods=_by_method(tables.heavy),
            heavy_tails=frozenset(
                name.rpartition(".")[2]
                for row in tables.heavy
                for name in (*row.names, *row.patterns, *row.methods)
            ),
            roots=_roots(names),
            tails=_tails(names),
            resource_roots=_roots(reported),
            resource_tails=_tails(reported),
            open_roots=any(_root(name) == "*" for name in reported),
            conditions=frozenset(
                condition.argument for row in tables.resources for condition in row.when
            ),
            _conditional=_conditional(tables.resources),
            _heavy=_by_name(tables.heavy),
            _heavy_patterns=tuple(
                (_compiled(pattern), row) for row in tables.heavy for pattern in row.patterns
            ),
            _resource_patterns=_resource_patterns(tables.resources),
            _entry_patterns=_entry_patterns(tables.entry_points),
            _receivers=_receivers(tables.entry_points),
            _once=WordSet.of(words.once),
            _settings=WordSet.of(words.settings),
            _credential=WordSet.of(words.credential),
            _per_call=WordSet.of(words.per_call),
            _entity_key=WordSet.of(words.entity_key),
            _frequent=WordSet.of(words.frequent),
            _seldom=WordSet.of((*words.seldom, *_administered(words))),
            _configuration_key=WordSet.of(words.configuration_key),
            _growing_table=WordSet.of(words.growing_table),
        )

    def resource(self, name: str) -> Resource | None:
        """Find the row of a resolved dotted name: exact names first, then patterns."""
        found = self.resources.get(name)
        if found is not None:
            return found
        for root in (_root(name), "*"):
            for pattern, row in self._resource_patterns.get(root, ()):
                if pattern.fullmatch(name):
                    return row
        return None

    def conditional(self, name: str) -> tuple[Resource, ...]:
        """Give the rows of a name that speak only for calls with certain arguments."""
        return self._conditional.get(name, ())

    def heavy(self, name: str) -> Heavy | None:
        """Find the heavy call of a resolved dotted name: exact names first, then patterns."""
        found = self._heavy.get(name)
        if found is not None:
            return found
        return next((row for pattern, row in self._heavy_patterns if pattern.fullmatch(name)), None)

    def made(self, name: str) -> str:
        """Give the canonical class name of what a call of ``name`` makes.

        ``boto3.client`` makes a ``botocore.client.BaseClient``, ``celery.app.base.Celery``
        a ``celery.Celery``; a name that no row lists stands for itself, without the
        alternative constructor at its end (``package.Class.from_url``).
        """
        row = self.resources.get(name)
        if row is not None and row.returns:
            return row.returns
        owner, _, last = name.rpartition(".")
        if owner and not last[:1].isupper() and owner.rpartition(".")[2][:1].isupper():
            name, (owner, _, last) = owner, owner.rpartition(".")
        for listed in row.names if row is not None else ():
            package, _, tail = listed.rpartition(".")
            if tail == last and (owner == package or owner.startswith(f"{package}.")):
                return listed
        return name

    def decorator(self, name: str) -> EntryPoint | None:
        """Find the entry point a decorator makes, by its resolved name or a pattern."""
        return self.decorators.get(name) or self._entry("decorator", name)

    def base(self, name: str) -> EntryPoint | None:
        """Find the entry point of a base class, by its resolved name or a pattern."""
        return self.bases.get(name) or self._entry("base-class", name)

    def call(self, name: str) -> EntryPoint | None:
        """Find the entry point that a call makes of its argument, by resolved name or pattern."""
        return self.calls.get(name) or self._entry("call-argument", name)

    def receivers(self, method: str) -> Mapping[str, EntryPoint]:
        """Map variable names to the decorator ``variable.method`` is taken for.

        For ``@app.task`` when the class of ``app`` cannot be resolved: ``receivers("task")``
        has ``"app"``. Names are compared with the last component of the receiver.
        """
        return self._receivers.get(("decorator", method), _NO_RECEIVERS)

    def call_receivers(self, method: str) -> Mapping[str, EntryPoint]:
        """Map variable names to the call-argument entry ``variable.method(f)`` is taken for."""
        return self._receivers.get(("call-argument", method), _NO_RECEIVERS)

    def signal_receivers(self, signal: str) -> Mapping[str, EntryPoint]:
        """Map variable names to the signal ``variable.signal.connect`` is taken for."""
        return self._receivers.get(("signal", signal), _NO_RECEIVERS)

    def method_heat(self, entry: EntryPoint, method: str) -> Heat | None:
        """Tell how often a method of a class deriving from ``entry`` runs; ``None`` if unsaid."""
        if method in entry.methods:
            return entry.heat
        if method in entry.once_methods:
            return "once"
        if _fits(method, entry.once_methods):
            return "once"
        return entry.heat if _fits(method, entry.methods) else None

    def once_like(self, name: str) -> str | None:
        """Give the start-up or maintenance word in a function's name, or ``None``."""
        return self._once.match(name)

    def seldom_like(self, name: str) -> str | None:
        """Give the word in a function's name of what is asked for now and then, or ``None``."""
        return self._seldom.match(name)

    def frequent_like(self, name: str) -> str | None:
        """Give the word in a function's name that speaks of a service's daily work, or ``None``.

        ``ainvoke`` is the ``invoke`` of those who await it.
        """
        word = self._frequent.match(name)
        bare = name.lstrip("_")
        return word or (self._frequent.match(bare[1:]) if bare[:1] == "a" else None)

    def is_settings(self, name: str) -> bool:
        """Tell whether a variable's name (one component) says that it holds configuration."""
        return self._settings.match(name) is not None

    def is_credential(self, name: str) -> bool:
        """Tell whether an argument's name says that it carries a caller's secret."""
        return self._credential.match(name) is not None

    def is_per_call(self, name: str) -> bool:
        """Tell whether a parameter's name says that it carries one request, message or user."""
        return self._per_call.match(name) is not None

    def entity_key(self, name: str) -> str | None:
        """Give the word in a key's name that grows with traffic (``user``, ``id``), or ``None``."""
        return self._entity_key.match(name)

    def configuration_key(self, name: str) -> str | None:
        """Give the word in a key's name that configuration bounds (``queue``), or ``None``."""
        return self._configuration_key.match(name)

    def growing_table(self, name: str) -> str | None:
        """Give the word in a model's name that says that traffic adds rows (``order``), or ``None``."""
        return self._growing_table.match(name)

    def _entry(self, kind: EntryKind, name: str) -> EntryPoint | None:
        for root in (_root(name), "*"):
            for pattern, row in self._entry_patterns.get((kind, root), ()):
                if pattern.fullmatch(name):
                    return row
        return None


def load(
    user: Mapping[str, object] | None = None,
    origin: str = "configuration",
    *,
    prefix: str = "",
) -> tuple[Catalog, tuple[str, ...]]:
    """Build the catalog from the bundled tables and the user's own, which override ours.

    ``user`` holds decoded tables ``resource``, ``entry-point``, ``memo`` and ``vocabulary``
    (other keys are errors); ``origin`` and ``prefix`` name their file and place in messages
    as in ``tables_from``. All errors come back at once, one line each; the catalog then
    lacks what was wrong.
    """
    if not user:
        return Catalog.of(bundled()), ()
    own, errors = tables_from(user, origin, prefix=prefix)
    return Catalog.of(overlaid(bundled(), own)), errors


def _root(name: str) -> str:
    """Give the first component of a name or pattern, ``*`` for one that holds a wildcard."""
    first = name.partition(".")[0]
    return "*" if "*" in first else first


def _roots(names: Iterable[str]) -> frozenset[str]:
    return frozenset(root for root in map(_root, names) if root != "*")


def _tails(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.rpartition(".")[2] for name in names if "*" not in name)


def _is_method(name: str) -> bool:
    """Tell ``package.Class.method`` (or ``.attribute.method``) from ``package.function``."""
    return any(part[:1].isupper() for part in name.split(".")[:-1])


def _all_names(tables: Tables) -> Iterator[str]:
    for resource in tables.resources:
        yield from resource.names
        yield from resource.patterns
    for entry in tables.entry_points:
        if entry.kind != "function":
            yield from entry.names
        yield from entry.patterns
        yield from entry.imports
    for memo in tables.memos:
        yield from memo.names


def _by_name(rows: Iterable[Named]) -> Mapping[str, Named]:
    found: dict[str, Named] = {}
    for row in rows:
        for name in row.names:
            found.setdefault(name, row)
    return MappingProxyType(found)


def _by_method(rows: Iterable[Heavy]) -> Mapping[str, tuple[Heavy, ...]]:
    found: dict[str, tuple[Heavy, ...]] = {}
    for row in rows:
        for method in row.methods:
            found[method] = (*found.get(method, ()), row)
    return MappingProxyType(found)


def _conditional(rows: Iterable[Resource]) -> Mapping[str, tuple[Resource, ...]]:
    found: dict[str, tuple[Resource, ...]] = {}
    for row in rows:
        for name in row.names if row.when else ():
            found[name] = (*found.get(name, ()), row)
    return MappingProxyType(found)


def _entries(tables: Tables, kind: EntryKind) -> Mapping[str, EntryPoint]:
    return _by_name(row for row in tables.entry_points if row.kind == kind)


def _receivers(
    rows: Iterable[EntryPoint],
) -> Mapping[tuple[EntryKind, str], Mapping[str, EntryPoint]]:
    found: dict[tuple[EntryKind, str], dict[str, EntryPoint]] = {}
    for row in rows:
        if not row.receivers:
            continue
        for method in {name.rpartition(".")[2] for name in row.names if _is_method(name)}:
            accepted = found.setdefault((row.kind, method), {})
            for receiver in row.receivers:
                accepted.setdefault(receiver, row)
    return found


def _resource_patterns(rows: Iterable[Resource]) -> Mapping[str, tuple[ResourcePattern, ...]]:
    found: dict[str, tuple[ResourcePattern, ...]] = {}
    for row in rows:
        for pattern in row.patterns:
            root = _root(pattern)
            found[root] = (*found.get(root, ()), (_compiled(pattern), row))
    return found


def _entry_patterns(
    rows: Iterable[EntryPoint],
) -> Mapping[tuple[EntryKind, str], tuple[EntryPattern, ...]]:
    found: dict[tuple[EntryKind, str], tuple[EntryPattern, ...]] = {}
    for row in rows:
        for pattern in row.patterns:
            key = (row.kind, _root(pattern))
            found[key] = (*found.get(key, ()), (_compiled(pattern), row))
    return found


def _administered(words: Vocabulary) -> Iterator[str]:
    """``create_cluster``, ``delete_cluster`` and all the others."""
    for verb in words.administration:
        for thing in words.administered:
            yield f"{verb}_{thing}"


def _compiled(pattern: str) -> re.Pattern[str]:
    """Turn a glob into an expression: ``*`` stays within a component, ``**`` does not."""
    escaped = re.escape(pattern).replace(r"\*\*", r"[\w.]*").replace(r"\*", r"\w*")
    return re.compile(escaped)


def _fits(method: str, globs: tuple[str, ...]) -> bool:
    return any(
        fnmatchcase(method, glob)
        for glob in globs
        if "*" in glob and not (glob == "*" and method.startswith("_"))
    )
