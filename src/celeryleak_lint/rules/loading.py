"""Calls in tasks that hold a whole data set in memory, and what in sight bounds its size.

The words of a chain of calls (methods, arguments, pieces of SQL) decide: one that bounds
silences, one that narrows leaves the size unknown, and a bare ``SELECT`` shows the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from celeryleak_lint.catalog.schema import Heavy
from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.caching import fills_what_is_missing
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.heat import Heat
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import CallFact
from celeryleak_lint.model.findings import CONFIDENCES, Confidence, Suspect, SuspectStep
from celeryleak_lint.rules.tasks import has_tasks, near_tasks, task_heat
from celeryleak_lint.rules.wording import call_spot_of, shortened

_DEPTH = 8
#: What makes a list of something lazy.
_LISTS = frozenset(
    {f"@builtins.{name}" for name in ("list", "tuple", "set", "frozenset", "sorted", "dict")}
    | {"@pandas.DataFrame", "@pandas.DataFrame.from_records", "@polars.DataFrame"}
)
_IN_MEMORY = frozenset({"io.BytesIO", "io.StringIO"})
#: Words of names that hold a part of something: whoever passes them has cut it already.
_PARTS = frozenset({"batch", "chunk", "page", "limit", "offset", "sample", "head", "window"})
#: Names in the path of a file that is part of the project: as small as the project.
_OWN_FILES = frozenset({"__file__", "BASE_DIR", "pkgutil", "importlib"})


class Load(msgspec.Struct, frozen=True):
    """One call that holds all of something at once; ``heat`` leads from the task to its function."""

    function: Function
    index: int
    row: Heavy
    name: str
    heat: Heat
    confidence: Confidence

    @property
    def call(self) -> CallFact:
        """What is known about the call."""
        return self.function.fact.calls[self.index]


def loads(project: Project) -> Iterator[Load]:
    """Every unbounded load in a task or in what a task calls directly, in the order of the files."""
    return iter(project.once(_find_loads))


def _find_loads(project: Project) -> tuple[Load, ...]:
    return tuple(_each_load(project)) if has_tasks(project) else ()


def _each_load(project: Project) -> Iterator[Load]:
    tails, paths = project.catalog.heavy_tails, near_tasks(project)
    for function in project.index.everything:
        if function.module.path not in paths:
            continue
        if any(last_name(call) in tails for call in function.fact.calls):
            yield from _loads_of(project, function)


def _loads_of(project: Project, function: Function) -> Iterator[Load]:
    """The loads of one function, one for each local that a query set is refined under."""
    refined: set[str] = set()
    for index, call in enumerate(function.fact.calls):
        if last_name(call) not in project.catalog.heavy_tails:
            continue
        for load in _load(project, function, index):
            names = (
                {sink for sink in call.sinks if sink.startswith("var ")}
                if load.row.kind == "lazy"
                else set()
            )
            if not names or not names <= refined:
                yield load
            refined |= names


def suspect_of(code: str, load: Load, message: str) -> Suspect:
    """A suspect at the call that loads, with the way from the task."""
    call, path = load.call, load.function.module.path
    step = SuspectStep(path, call.line, call.column, f"calls `{load.name}`")
    return Suspect(
        code,
        path,
        call_spot_of(load.function, load.index),
        message,
        load.confidence,
        load.name,
        None,
        shortened((*load.heat.steps, step)),
        "needs a decision about how to read in pieces",
    )


def last_name(call: CallFact) -> str:
    """The last name of what is called, under its own name where it was imported as another."""
    return call.callee.rpartition(".")[2].lstrip("@") if call.callee[:1] == "@" else call.name


def words_of(project: Project, function: Function, value: str) -> frozenset[str]:
    """All names and pieces of SQL in the chain of calls that a value comes from."""
    found: set[str] = set()
    _gather(project, function, value, found, set(), 0)
    return frozenset(found)


def is_cut(words: frozenset[str]) -> bool:
    """True when a name says that somebody has cut the data into parts before."""
    return any(_PARTS & set(split_words(word)) for word in words if word[:1] != "=")


def _load(project: Project, function: Function, index: int) -> Iterator[Load]:
    """The load that a call is, if it is one in a task; the heat is measured last, it costs most."""
    call = function.fact.calls[index]
    words = words_of(project, function, f"#{index}") | _statement(project, function, index)
    row, name = _row(project, function, index, words)
    if row is None or row.kind == "gathering" or _is_bounded(row, call, words):
        return
    if row.kind == "lazy" and not _is_materialised(function, call, row):
        return
    if _is_small(project, function, call):
        return
    heat = task_heat(project, function)
    if heat is None or _is_kept_once(project, function, index):
        return
    confidence = _confidence(project, function, index, row, name, words)
    yield Load(
        function, index, row, name, heat, max(confidence, row.ceiling, key=CONFIDENCES.index)
    )


def _row(
    project: Project, function: Function, index: int, words: frozenset[str]
) -> tuple[Heavy | None, str]:
    """The row of a call and the name it was found by: a resolved one, else the name of a method."""
    call = function.fact.calls[index]
    for meaning in project.resolver.callees(function, index):
        if meaning.kind in ("function", "class"):
            return None, ""
        row = project.catalog.heavy(meaning.name)
        if row is not None:
            return row, meaning.name
    if "." in call.callee:
        for row in project.catalog.heavy_methods.get(call.name, ()):
            if not row.needs or words & set(row.needs):
                return row, call.name
    return None, ""


def _is_bounded(row: Heavy, call: CallFact, words: frozenset[str]) -> bool:
    labels = {label for label, _ in call.args}
    if labels & {*row.bounded_by, "**"} or words & set(row.bounding_calls):
        return True
    return values.LIMITED in words or is_cut(words)


def _is_materialised(function: Function, call: CallFact, row: Heavy) -> bool:
    """True when a list is made of it; for rows that keep what they yield, also when it is iterated."""
    return is_listed(function, call) or (row.iterates and "iter" in _sinks(function, call))


def is_listed(function: Function, call: CallFact) -> bool:
    """True when the result of a call is made a list, set or frame of."""
    for sink in _sinks(function, call):
        word, _, rest = sink.partition(" ")
        number, _, label = rest.partition(" ")
        if word == "arg" and label == "0" and function.fact.calls[int(number)].callee in _LISTS:
            return True
    return False


def _sinks(function: Function, call: CallFact) -> tuple[str, ...]:
    """Where a result goes, seen through one local name."""
    found: list[str] = []
    for sink in call.sinks:
        found += function.uses.get(sink[4:], ()) if sink.startswith("var ") else (sink,)
    return tuple(found)


def _is_small(project: Project, function: Function, call: CallFact) -> bool:
    """True for what is in memory already, and for files of the project itself."""
    for label, value in call.args[:1]:
        if label not in ("0", "filepath_or_buffer", "path"):
            continue
        if not _OWN_FILES.isdisjoint(words_of(project, function, value)):
            return True
        if any(m.name in _IN_MEMORY for m in project.resolver.meanings(function, value)):
            return True
    return not _OWN_FILES.isdisjoint(words_of(project, function, call.callee))


def _is_kept_once(project: Project, function: Function, index: int) -> bool:
    """True for what is loaded only while it is missing: one copy for the process, as meant."""
    if project.caching.keeps_for_process(function):
        return True
    fate = project.flow.fate(function, index, None)
    kept = fate.is_kept or "self" in fate.ends
    return kept and fills_what_is_missing(function, function.fact.calls[index], fate.places)


def _confidence(
    project: Project, function: Function, index: int, row: Heavy, name: str, words: frozenset[str]
) -> Confidence:
    call = function.fact.calls[index]
    if values.FILTERED in words or words & set(row.filters):
        return "possible"
    if values.SELECTING in words:
        return "likely"
    if row.needs or name == call.name:
        return (
            "likely"
            if row.needs and _names_growing(project, words) and _at_once(function, call, row)
            else "possible"
        )
    origin = project.origins.of_value(function, call.args[0][1]) if call.args else None
    if origin is None or origin.unknown:
        return "possible"
    return "likely" if origin.params or origin.settings or origin.instance else "possible"


def _at_once(function: Function, call: CallFact, row: Heavy) -> bool:
    return row.kind == "reader" or is_listed(function, call)


def _names_growing(project: Project, words: frozenset[str]) -> bool:
    """True when a class in the chain is named after something that traffic makes more of."""
    return any(word[:1].isupper() and project.catalog.growing_table(word) for word in words)


# -- the words of a chain --------------------------------------------------------------------


def _statement(project: Project, function: Function, index: int) -> frozenset[str]:
    """The words of what the same cursor executed last before it was fetched from."""
    calls = function.fact.calls
    owner = calls[index].callee.rpartition(".")[0]
    before = [
        call
        for call in calls
        if call.name in ("execute", "callproc", "sql")
        and call.callee.rpartition(".")[0] == owner
        and call.line <= calls[index].line
    ]
    if not owner or not before:
        return frozenset()
    found: set[str] = set()
    for _, value in before[-1].args[:1]:
        found |= words_of(project, function, value)
    return frozenset(found)


def _gather(
    project: Project, function: Function, value: str, found: set[str], seen: set[tuple[int, str]],
    depth: int,
) -> None:  # fmt: skip
    for root in values.roots(value):
        if root[:1] == "=":
            if root.startswith(values.LITERAL):
                found.add(root)
            continue
        place = (0 if root[:1] == "@" else id(function), root)
        if place in seen or depth > _DEPTH:
            continue
        seen.add(place)
        found.update(
            part for part in root[1:].replace("[]", "").split(".") if part and not part.isdigit()
        )
        for owner, inner in _behind(project, function, root, found):
            _gather(project, owner, inner, found, seen, depth + 1)


def _behind(
    project: Project, function: Function, root: str, found: set[str]
) -> Iterator[tuple[Function, str]]:
    """The values from which a name or a call comes, each with the body whose calls it counts."""
    base = values.split(root)[0]
    if base[:1] == "#":
        call = function.fact.calls[int(base[1:])]
        found.add(call.name)
        yield function, call.callee
        for label, value in call.args:
            found.add(label)
            yield function, value
    elif base[:1] == "%":
        for value in function.locals.get(base[1:], ()):
            yield function, value
    elif base[:1] == "@":
        module, _, name = project.resolver.canonical(base[1:]).rpartition(".")
        body = project.index.bodies.get(module)
        if body is not None:
            for value in project.index.assigned(module, name):
                yield body, value
