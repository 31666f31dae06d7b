"""The project's Celery settings, wherever Python code gives them.

Module and class attributes, ``app.conf``, ``conf.update``, arguments of ``Celery``, and
dictionaries. It tells what is set where; what a value means is for rules.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from celeryleak_lint.catalog.celery_settings import SPELLINGS, todays_name
from celeryleak_lint.link.elements import Function, Site
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.resolve import Resolver
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CONDITIONAL, EXCEPT, ModuleSummary
from celeryleak_lint.model.source import Span, Spot

#: Modules of settings that no deployed worker loads.
_LOCAL = frozenset(
    {"ci", "debug", "dev", "develop", "development", "local", "test", "testing", "tests"}
)
_CONFIG_MODULES = frozenset({"celeryconfig", "celery_config"})


class Setting(msgspec.Struct, frozen=True):
    """One setting as code gives it: today's ``name``, its ``spelling``, and its value.

    ``span`` is known for items of dictionaries only. ``is_sure`` is false under a condition
    and in settings that only development or tests load.
    """

    name: str
    spelling: str
    value: str
    module: ModuleSummary
    spot: Spot
    line: int
    is_sure: bool
    span: Span | None = None


class Configuration:
    """All settings and applications of a project; found when first asked for."""

    __slots__ = ("_found", "_index", "_resolver")

    def __init__(self, index: Index, resolver: Resolver) -> None:
        self._index = index
        self._resolver = resolver
        self._found: _Found | None = None

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Every setting outside tests."""
        return self._all.settings

    @property
    def applications(self) -> tuple[Site, ...]:
        """The calls that make a Celery application, outside tests, in the order of the files."""
        return self._all.applications

    @property
    def is_open(self) -> bool:
        """True when settings come from somewhere that cannot be read here."""
        return self._all.is_open

    @property
    def is_configured(self) -> bool:
        """True when code gives an application more than the arguments of its constructor."""
        return self._all.is_configured

    @property
    def uses_celery(self) -> bool:
        """True when code outside tests imports Celery."""
        return any(
            name.partition(".")[0] == "celery"
            for summary in self._index.modules.values()
            if not summary.is_test
            for name in summary.mentioned
        )

    def named(self, *names: str) -> tuple[Setting, ...]:
        """The settings with one of these names of today."""
        return tuple(setting for setting in self._all.settings if setting.name in names)

    @property
    def _all(self) -> _Found:
        if self._found is None:
            self._found = _find(self._index, self._resolver)
        return self._found


class _Found(msgspec.Struct, frozen=True):
    settings: tuple[Setting, ...]
    applications: tuple[Site, ...]
    is_open: bool
    is_configured: bool


class _Sources(msgspec.Struct, frozen=True):
    """Where applications take their settings from: dotted names, and prefixes of names."""

    homes: frozenset[str]
    namespaces: frozenset[str]
    is_open: bool


def _find(index: Index, resolver: Resolver) -> _Found:
    applications = tuple(_applications(index, resolver))
    sources = _sources(index, resolver)
    found: list[Setting] = []
    for function in _storing(index, sources):
        found += _stored(function, sources)
    found += _from_calls(index, sources, applications)
    for summary in index.modules.values():
        if not summary.is_test:
            found += _items(summary)
    is_configured = bool(sources.homes) or any(
        setting.spot.kind != "call" or setting.spot.name == "update" for setting in found
    )
    return _Found(tuple(found), applications, sources.is_open, is_configured)


def _applications(index: Index, resolver: Resolver) -> Iterator[Site]:
    names = {"Celery"} | {
        cls.name
        for cls in index.all_classes
        if any(
            base.startswith("celery.") and base.endswith(".Celery")
            for base in resolver.ancestors(cls)
        )
    }
    for name in sorted(names):
        for site in index.calls_of(name):
            if not site.function.module.is_test and _makes_application(resolver, site):
                yield site


def _makes_application(resolver: Resolver, site: Site) -> bool:
    for meaning in resolver.meanings(site.function, site.callee):
        if meaning.cls is not None:
            return any(base.startswith("celery.") for base in resolver.ancestors(meaning.cls))
        if meaning.name.startswith("celery.") and meaning.name.endswith(".Celery"):
            return True
    return False


# -- where settings live -------------------------------------------------------------------


def _sources(index: Index, resolver: Resolver) -> _Sources:
    homes: set[str] = set()
    namespaces: set[str] = set()
    is_open = bool(index.calls_of("config_from_envvar"))
    for site in index.calls_of("config_from_object"):
        if site.function.module.is_test:
            continue
        arguments = dict(site.call.args)
        namespace = arguments.get("namespace", "")
        if namespace[:1] == "=":
            namespaces.add(namespace[1:])
        named = set(_homes(resolver, site.function, arguments.get("0", arguments.get("obj", ""))))
        homes |= named
        is_open = is_open or not any(_is_readable(index, name) for name in named)
    is_open = is_open or any(map(_hides_settings, index.calls_of("update")))
    return _Sources(frozenset(homes), frozenset(namespaces), is_open)


def _hides_settings(site: Site) -> bool:
    """Whether ``conf.update`` is given something whose settings cannot be seen."""
    if not site.callee.endswith(".conf.update"):
        return False
    return any(label in ("0", "**") and value[:1] not in "{#@" for label, value in site.call.args)


def _homes(resolver: Resolver, function: Function, value: str) -> Iterator[str]:
    """The modules and classes that a value given to ``config_from_object`` may mean."""
    for choice in values.choices(value):
        if choice[:1] == "=":
            yield choice[1:].replace(":", ".")
        elif choice[:1] == "@":
            yield resolver.canonical(choice[1:])
        for meaning in resolver.meanings(function, choice):
            yield meaning.name


def _is_readable(index: Index, name: str) -> bool:
    return name in index.modules or name in index.classes or name.startswith("django.conf")


# -- settings ------------------------------------------------------------------------------


def _storing(index: Index, sources: _Sources) -> list[Function]:
    """The functions that store something under the name of a setting, tests aside."""
    storing = {
        function.number: function
        for name, functions in index.survey.stored.items()
        if todays_name(name, sources.namespaces)
        for function in functions
        if not function.module.is_test
    }
    return [storing[number] for number in sorted(storing)]


def _stored(function: Function, sources: _Sources) -> Iterator[Setting]:
    for store in function.fact.stores:
        owner, _, tail = store.target.rpartition(".")
        if store.target.endswith("[]"):
            owner, tail = store.target[:-2], store.key[1:] if store.key[:1] == "=" else ""
        spelling = tail.lstrip("@")
        name = todays_name(spelling, sources.namespaces)
        if not name or not (spelling.isupper() or _is_home(function, owner, sources)):
            continue
        spot = Spot("statement", function.spot_function, store.line, "")
        is_sure = not store.flags & (CONDITIONAL | EXCEPT) and not _is_local(function.module)
        yield Setting(name, spelling, store.value, function.module, spot, store.line, is_sure)


def _is_home(function: Function, owner: str, sources: _Sources) -> bool:
    """Whether a lower-case name that is stored in ``owner`` is a setting of Celery."""
    if owner.endswith((".conf", "@conf")):
        return True
    if not function.runs_once:
        return False
    home = function.id
    return home in sources.homes or home.rpartition(".")[2].lower() in _CONFIG_MODULES


def _from_calls(
    index: Index, sources: _Sources, applications: tuple[Site, ...]
) -> Iterator[Setting]:
    sites = list(applications)
    sites += [site for site in index.calls_of("update") if site.callee.endswith(".conf.update")]
    sites += [site for site in index.calls_of("dict") if site.callee == "@builtins.dict"]
    for site in sites:
        module, call = site.function.module, site.call
        if module.is_test:
            continue
        spot = Spot("call", site.function.spot_function, call.line, call.name, call.ordinal)
        is_sure = not call.flags & (CONDITIONAL | EXCEPT) and not _is_local(module)
        for label, value in call.args:
            spelling = "result_backend" if label == "backend" and call.name != "dict" else label
            name = todays_name(spelling, sources.namespaces)
            if name:
                yield Setting(name, label, value, module, spot, call.line, is_sure)


def _items(summary: ModuleSummary) -> Iterator[Setting]:
    is_sure = not _is_local(summary)
    for item in summary.settings:
        if item.name in SPELLINGS:
            spot = Spot("text", item.function, item.line, item.name)
            span = Span(item.line, item.column, item.end_line, item.end_column)
            yield Setting(
                todays_name(item.name),
                item.name,
                item.value,
                summary,
                spot,
                item.line,
                is_sure,
                span,
            )


def _is_local(module: ModuleSummary) -> bool:
    return not _LOCAL.isdisjoint(module.module.rpartition(".")[2].lower().split("_"))
