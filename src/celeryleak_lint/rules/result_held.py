"""CLK402 result-held-in-task: a task hands on or keeps data of unbounded size."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import LOOP, SMALL_LOOP, CallFact
from celeryleak_lint.model.findings import Confidence, Suspect
from celeryleak_lint.rules.base import Rule
from celeryleak_lint.rules.loading import Load, is_cut, last_name, loads, suspect_of, words_of
from celeryleak_lint.rules.tasks import has_tasks, is_task, task_heat
from celeryleak_lint.rules.wording import shown_function

#: Options of a task that throw its result away.
_NO_RESULT = frozenset(
    {("ignore_result", "=True"), ("do_xcom_push", "=False"), ("result_ttl", "=0")}
)
#: Methods of a frame that give the same data in another form.
_CONVERSIONS = ("to_", "tolist", "copy", "reset_index", "json", "decode")
_DEPTH = 3


def check(project: Project) -> Iterator[Suspect]:
    """Loads that are returned by a task or kept by it, and groups over all of something."""
    for load in loads(project):
        if is_held(project, load):
            yield _held(project, load)
    yield from _gatherings(project)


def is_held(project: Project, load: Load) -> bool:
    """True when what is loaded is the result of the task itself, or outlives it."""
    if project.flow.fate(load.function, load.index, None).ends & {"global", "class"}:
        return True
    return is_task(project, load.function) and _is_result(load.function, load.call)


def _is_result(function: Function, call: CallFact) -> bool:
    for decorator in function.fact.decorators:
        if _NO_RESULT & set(decorator.args):
            return False
    return _is_returned(function, call.sinks, 0)


def _is_returned(function: Function, sinks: tuple[str, ...], depth: int) -> bool:
    """True when the data leave by ``return``, as they are or in another form."""
    if depth > _DEPTH:
        return False
    for sink in sinks:
        word, _, rest = sink.rpartition("el>")[2].partition(" ")
        if word == "ret":
            return True
        if word == "var" and _is_returned(function, function.uses.get(rest, ()), depth + 1):
            return True
        if word in ("recv", "arg"):
            call = function.fact.calls[int(rest.split(" ")[0])]
            passes = (
                call.callee in ("@builtins.list", "@builtins.tuple")
                if word == "arg"
                else call.name.startswith(_CONVERSIONS)
            )
            if passes and _is_returned(function, call.sinks, depth + 1):
                return True
    return False


def _held(project: Project, load: Load) -> Suspect:
    name = load.name.removeprefix("builtins.")
    if project.flow.fate(load.function, load.index, None).ends & {"global", "class"}:
        fact = f"{shown_function(load.function)} keeps everything that `{name}` loads, beyond the end of the task"
        return suspect_of(
            "CLK402", load, f"{fact}; the worker holds it until it is replaced; {load.row.better}"
        )
    where = (
        "XCom"
        if load.heat.entry is not None and load.heat.entry.framework == "airflow"
        else "the result backend"
    )
    fact = f"{shown_function(load.function)} returns everything that `{name}` loads"
    return suspect_of(
        "CLK402",
        load,
        f"{fact}; it is held once more for {where} while it is serialised; store it and return its place",
    )


# -- groups and chords -----------------------------------------------------------------------


def _gatherings(project: Project) -> Iterator[Suspect]:
    tails = {name.rpartition(".")[2] for row in project.catalog.tables.heavy if row.kind == "gathering" for name in row.names}  # fmt: skip
    if not has_tasks(project):
        return
    for tail in sorted(tails):
        for site in project.index.calls_of(tail):
            if site.call.args and last_name(site.call) == tail:
                yield from _gathering(project, site.function, site.index)


def _gathering(project: Project, function: Function, index: int) -> Iterator[Suspect]:
    for meaning in project.resolver.callees(function, index):
        row = project.catalog.heavy(meaning.name)
        if row is None or row.kind != "gathering":
            continue
        heat = task_heat(project, function)
        if heat is None:
            return
        for source in _sources(function, function.fact.calls[index].args[0][1]):
            confidence = _confidence(project, function, source)
            if confidence is not None:
                load = Load(function, index, row, meaning.name, heat, confidence)
                yield suspect_of("CLK402", load, _gathered(load))
                return


def _gathered(load: Load) -> str:
    name = load.name.rpartition(".")[2]
    return (
        f"{shown_function(load.function)} builds a `{name}` over all of something whose size nothing in sight "
        f"bounds; every signature is held until the last is sent; {load.row.better}"
    )


def _sources(function: Function, value: str) -> Iterator[str]:
    """What the comprehensions behind a value run over."""
    held = function.locals.get(value[1:], ()) if value[:1] == "%" else (value,)
    for root in (root for part in held if part[:1] in "[{" for root in values.roots(part)):
        base = values.split(root)[0] if values.is_simple(root) else ""
        if base[:1] != "#":
            continue
        call = function.fact.calls[int(base[1:])]
        if not call.flags & LOOP or call.flags & SMALL_LOOP:
            continue
        for _, argument in call.args:
            for name in values.roots(argument):
                if name[:1] == "%":
                    owner = values.split(name)[0][1:]
                    yield from (v[:-2] for v in function.locals.get(owner, ()) if v.endswith("[]"))


def _confidence(project: Project, function: Function, source: str) -> Confidence | None:
    """How surely a comprehension runs over data that grow; ``None`` when something bounds them."""
    if not values.is_simple(source) or source.endswith("[]"):
        return None
    words = words_of(project, function, source)
    if is_cut(words) or words & {"limit", "range", "values", "LIMIT"} or values.LIMITED in words:
        return None
    if source[:1] == "#":
        call = function.fact.calls[int(values.split(source)[0][1:])]
        rows = project.catalog.heavy_methods.get(call.name, ())
        for row in rows:
            if row.needs and words & set(row.needs):
                return "possible" if words & {*row.filters, *row.bounding_calls} else "likely"
        return None
    if source[:1] != "$" or project.catalog.configuration_key(
        source.rpartition(".")[2].strip("$").rstrip("s")
    ):
        return None
    return "possible"


RULE = Rule(
    "CLK402",
    "result-held-in-task",
    "a task returns, keeps or fans out data of unbounded size",
    "0.1",
    check,
)
