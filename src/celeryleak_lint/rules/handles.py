"""How sure an open handle is: the reasoning that the handle rules share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.callgraph import Edge
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.order import returns_before
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.findings import CONFIDENCES, Confidence
from celeryleak_lint.rules.judgement import silence

#: Whether no path closes it, only paths without an early return, or only paths without an error.
Closing = Literal["never", "not-on-return", "not-on-error"]

_MOVED = frozenset({"returned", "yielded", "captured"})
#: Types whose instances hold no descriptor or close it when they are collected, and words of
#: names that say that a file is handed in.
_IN_MEMORY = frozenset(
    {"io.BytesIO", "io.StringIO", "tempfile.SpooledTemporaryFile", "tempfile.TemporaryFile"}
)
#: Where a file stands among the arguments when its place is not the first.
_FILE_AT = {"gzip.GzipFile": "3", "tarfile.open": "2"}
#: Methods that tell how a connection is written.
_DESCRIBING = frozenset({"as_uri", "as_url", "geturl"})
_FILE_WORDS = frozenset(
    {"buffer", "buf", "stream", "fileobj", "fp", "fh", "bytes", "memory", "zbuf"}
)


def open_builds(project: Project, kinds: tuple[str, ...]) -> Iterator[Build]:
    """Builds of these kinds that stay in their function, in the order they were found."""
    for build in project.production.builds:
        if build.resource.kind not in kinds or build.function.is_class_body:
            continue
        if _moves(project, build) or _is_about_memory(project, build) or silence(project, build):
            continue
        yield build


def openness(project: Project, build: Build) -> tuple[Confidence, Closing] | None:
    """How surely a build is left open, and on which paths; ``None`` when every path closes it."""
    ends, function = build.fate.ends, build.function
    if ends & {"with", "finally"} or {"handled", "plainly"} <= ends:
        return None
    if _is_closed_at_once(build) or _is_only_described(build) or _ends_with_its_base(build):
        return None
    closing: Closing = "never"
    confidence: Confidence = "possible"
    if "closed" in ends:
        # what reading closes, an attribute may have read before: attributes have no lines
        early = not build.resource.when and returns_before(
            function, build.site.index, build.fate.closings
        )
        closing = "not-on-return" if early else "not-on-error"
    if closing != "not-on-error" and not (build.via is not None and build.via.is_owner):
        confidence = _by_place(project, build)
    limits = [confidence, build.resource.ceiling]
    if build.exemption is not None or _comes_in_a_group(build) or _is_kept_sometimes(build):
        limits.append("possible")
    return max(limits, key=CONFIDENCES.index), closing


def _comes_in_a_group(build: Build) -> bool:
    """True for a handle in a collection that a producer hands out: who takes that apart may close it."""
    return any(inner.fate.in_container for inner in build.chain()[1:])


def _is_kept_sometimes(build: Build) -> bool:
    """True for a producer that returns what it keeps as well as fresh ones: only the run knows who must close."""
    return any(
        choice.startswith(("!.", "^."))
        for inner in build.chain()[1:]
        for value in inner.function.fact.returns
        for choice in values.choices(value)
    )


def _ends_with_its_base(build: Build) -> bool:
    """``SFTPClient.from_transport(transport)`` before ``transport.close()``: it lives on what is closed."""
    given = {value for _, value in build.chain()[-1].call.args if value[:1] == "%"}
    return any(
        call.name in build.resource.close_methods and call.callee.rpartition(".")[0] in given
        for call in build.chain()[-1].function.fact.calls
    )


def _moves(project: Project, build: Build) -> bool:
    """True when somebody else gets it; what a context manager yields only visits its ``with`` block, unless that closes it."""
    moved = build.fate.ends & _MOVED
    if moved == {"yielded"} and _is_context_manager(build.function):
        return _is_closed_by_borrower(project, build)
    return bool(moved) or _calls_back(build)


def _calls_back(build: Build) -> bool:
    """``Connection(parameters, on_open_callback=self.on_open)``, dropped: it hands itself to who is called back."""
    return build.call.sinks == ("drop",) and any(
        label.startswith("on_") or label.endswith("callback") for label, _ in build.call.args
    )


def _is_closed_by_borrower(project: Project, build: Build) -> bool:
    """``with opened() as f:`` around ``with f:`` or ``f.close()``, wherever it is borrowed."""
    edges = [e for e in project.graph.callers(build.function) if not e.function.module.is_test]
    return bool(edges) and all(_closes_loan(edge, build) for edge in edges)


def _closes_loan(edge: Edge, build: Build) -> bool:
    function = edge.function
    return edge.site is not None and any(
        use == "with" or _closes(function, use, build)
        for name, held in function.locals.items()
        if f"#{edge.site.index}" in held
        for use in function.uses.get(name, ())
    )


def _closes(function: Function, use: str, build: Build) -> bool:
    word, _, number = use.partition(" ")
    if word != "recv":
        return False
    return function.fact.calls[int(number)].name in build.resource.close_methods


def _is_context_manager(function: Function) -> bool:
    return any(decorator.name.endswith("contextmanager") for decorator in function.fact.decorators)


def _is_closed_at_once(build: Build) -> bool:
    """``open(path, "a").close()``: nothing can come between."""
    sinks = build.call.sinks
    return len(sinks) == 1 and _closes(build.function, sinks[0], build)


def _is_only_described(build: Build) -> bool:
    """``Connection(url).as_uri()``: what is asked how it is written has opened nothing yet."""
    called = [
        build.function.fact.calls[int(sink[5:])].name
        for sink in build.call.sinks
        if sink.startswith("recv ")
    ]
    return bool(called) and len(called) == len(build.call.sinks) and _DESCRIBING.issuperset(called)


def _is_about_memory(project: Project, build: Build) -> bool:
    """True for an archive over a buffer or over a file that is open already: it opens nothing itself."""
    inner = build.chain()[-1]
    if inner.resource.kind != "handle":
        return False
    places = {"0", "fileobj", "file", _FILE_AT.get(inner.name, "")}
    return any(
        label in places and _is_open_already(project, inner.function, label, value)
        for label, value in inner.call.args
    )


def _is_open_already(project: Project, function: Function, label: str, value: str) -> bool:
    for inner in _builds_behind(project, function, value):
        # an archive over a file that nobody closes is where both can be closed
        return inner.fate.is_closed or bool(inner.fate.ends & _MOVED)
    if label == "fileobj":
        return value != "=None"
    for meaning in project.resolver.meanings(function, value):
        row = project.catalog.resource(meaning.name) if meaning.kind == "instance" else None
        if meaning.kind == "instance" and (meaning.name in _IN_MEMORY or row is not None):
            return True
    name = (
        values.roots(value)[0].rpartition(".")[2].lstrip("%$>!") if values.is_simple(value) else ""
    )
    return bool(set(split_words(name)) & _FILE_WORDS)


def _by_place(project: Project, build: Build) -> Confidence:
    """Application code is likely; scripts, commands and start-up end with their process."""
    function = build.function
    if function.is_module_body or function.name.startswith("test_"):
        return "possible"
    heat = project.heat.heat(function)
    if heat.is_hot:
        return "likely"
    if heat.rank in ("once", "per-run") or project.heat.process(function) is not None:
        return "possible"
    if project.processes.ends_with_command:
        return "possible"
    if project.heat.tool(function) is not None or project.heat.is_once_like(function):
        return "possible"
    return "likely"


def _builds_behind(project: Project, function: Function, value: str) -> Iterator[Build]:
    """The builds that a value, or what is assigned to the local it names, stands for."""
    for choice in (value, *function.locals.get(value[1:], ())) if value[:1] in "#%" else ():
        if choice[:1] == "#" and choice[1:].isdigit():
            build = project.production.build_at(function, int(choice[1:]))
            if build is not None:
                yield build
