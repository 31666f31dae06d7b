"""Why an object must not be shared, and how far sharing it may be trusted: catalog and behaviour."""

from __future__ import annotations

from collections.abc import Iterator

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.facts import ASYNC, GENERATOR, CallFact
from celeryleak_lint.remedies.constants import is_constant

#: First words of methods of two words and more that change the object for all who share it
#: (``set_proxy``, ``add_hook``); a lone ``set`` or ``add`` sends data to a server.
_CHANGING_WORDS = frozenset(
    {"set", "add", "register", "configure", "attach", "setup", "init", "bind", "use", "enable",
     "disable", "autodiscover", "remove", "load", "select", "switch", "change"}
)  # fmt: skip
#: Whole names that do.
_CHANGING = frozenset(
    {
        "mount",
        "login",
        "authenticate",
        "authorize",
        "configure",
        "connect",
        "setup",
        "task",
        "init_app",
    }
)
#: What changes a collection that is an attribute of the object (``headers.update``).
_FILLING = frozenset(
    {"update", "set", "add", "append", "setdefault", "clear", "pop", "extend", "insert", "register"}
)
_HARMLESS = frozenset({"add_done_callback", "set_result"})


def refusal(project: Project, build: Build) -> str:
    """Why the object must not be shared at all; empty when it may be."""
    resource = build.resource
    if resource.loop_bound or (resource.is_async and resource.fix != "safe"):
        return "the object is bound to an event loop: a process-wide cache would outlive the loop"
    if resource.thread_safe == "no" and resource.fix != "safe":
        return "the object is not safe to share between threads" + (
            f": {resource.instead}" if resource.instead else ""
        )
    if resource.fix in ("wrong", "none"):
        return "a cache is the wrong remedy here" + (
            f": {resource.instead}" if resource.instead else ""
        )
    if build.fate.is_closed:
        return "the function closes it: a shared object would be closed for everybody"
    if _closes_its_own(project, build):
        return (
            "its class closes it: an object shared by all instances would be closed for everybody"
        )
    changed = changes(build) or _changes_of_attribute(project, build)
    if changed:
        return (
            f"the function changes it (`{changed}`): everybody who shares it would see the change"
        )
    return _unfit_producer(build) or _credentials(project, build)


def ceiling(project: Project, build: Build) -> Applicability:
    """``safe`` only where nothing but the constant construction of a sharable type is at stake."""
    is_plain = build.via is None and build.exemption is None and is_only_asked(build)
    return "safe" if is_plain and is_shared_constant(project, build) else "unsafe"


def is_shared_constant(project: Project, build: Build) -> bool:
    """Whether every construction gives an equal object of a type that threads may share."""
    resource = build.resource
    if resource.fix != "safe" or resource.thread_safe != "yes":
        return False
    origin = project.origins.of_call(build.function, build.site.index)
    is_fixed = origin.is_fixed and not (origin.settings or origin.instance)
    return is_fixed and is_constant(project, build.function, build.site.index)


def changes(build: Build) -> str:
    """How the function changes the object after it is built, as source shows it; empty if it does not."""
    return next(_changes_in(build.function, _names(build)), "")


def _closes_its_own(project: Project, build: Build) -> bool:
    """True when a method of the class closes the attribute that keeps the object."""
    closers = {*build.resource.close_methods, "close", "aclose", "shutdown", "disconnect"}
    return any(
        call.callee.startswith("!.") and call.callee[2:] in {f"{name}.{c}" for c in closers}
        for method, name in _attributes(project, build)
        for call in method.fact.calls
    )


def _changes_of_attribute(project: Project, build: Build) -> str:
    """How a method of the class changes the object that an attribute keeps."""
    found = (
        change.replace("!.", "self.")
        for method, name in _attributes(project, build)
        for change in _changes_in(method, (f"!.{name}",))
    )
    return next(found, "")


def _attributes(project: Project, build: Build) -> Iterator[tuple[Function, str]]:
    """Each method of the class that keeps the object, with each attribute that it is kept in."""
    owner = project.graph.owner(build.function) if "self" in build.fate.ends else None
    if owner is None:
        return
    names = {sink[7:] for sink in build.call.sinks if sink.startswith("attr !.")}
    for sink in build.call.sinks:
        if sink.startswith("var "):
            uses = build.function.uses.get(sink[4:], ())
            names |= {use[7:] for use in uses if use.startswith("attr !.")}
    for method in owner.methods.values():
        for name in sorted(names):
            yield method, name


def _names(build: Build) -> tuple[str, ...]:
    """The values under which the function knows the object."""
    local = (f"%{sink[4:]}" for sink in build.call.sinks if sink.startswith("var "))
    return (f"#{build.site.index}", *local)


def _changes_in(function: Function, names: tuple[str, ...]) -> Iterator[str]:
    for store in function.fact.stores:
        if any(store.target.startswith((f"{name}.", f"{name}[")) for name in names):
            yield f"{store.target.lstrip('%#')} = ..."
    for call in function.fact.calls:
        for name in names:
            method = call.callee.removeprefix(f"{name}.")
            if method != call.callee and _is_change(method) and not _gives_a_connection(call):
                yield f"{call.callee.lstrip('%#')}()"


def _is_change(method: str) -> bool:
    owner, _, last = method.rpartition(".")
    if owner:
        return last in _FILLING
    words = split_words(last)
    if last in _CHANGING:
        return True
    return len(words) > 1 and words[0] in _CHANGING_WORDS and last not in _HARMLESS


def _gives_a_connection(call: CallFact) -> bool:
    """``engine.connect()`` hands out a connection; ``client.connect(host)`` connects the object."""
    is_bare = call.callee.endswith(".connect") and not call.args
    return is_bare and bool(call.sinks) and "drop" not in call.sinks


def is_only_asked(build: Build) -> bool:
    """True when the object is nothing but the receiver of calls: nobody else gets to know it."""
    uses = build.function.uses
    sinks = [
        inner
        for sink in build.call.sinks
        for inner in (uses.get(sink[4:], ()) if sink.startswith("var ") else (sink,))
    ]
    return all(sink.startswith("recv ") or sink == "drop" for sink in sinks)


def _unfit_producer(build: Build) -> str:
    for inner in build.chain():
        if inner.via is None or inner.via.cls is not None:
            continue
        flags = inner.via.function.fact.flags
        if flags & ASYNC:
            return f"`{inner.via.shown}` is a coroutine: what would be kept is awaited once only"
        if flags & GENERATOR:
            return f"`{inner.via.shown}` is a generator: what would be kept is used up once"
    return ""


def _credentials(project: Project, build: Build) -> str:
    origin = project.origins.of_call(build.function, build.site.index)
    if origin.temporary:
        return "it holds credentials that expire: a shared object would go on using them"
    if origin.credential:
        return (
            "it is built with a credential of the caller: a shared object could serve one caller "
            "with the rights of another"
        )
    return ""


def spelling(project: Project, function: Function, dotted: str) -> str:
    """How the file of a function writes a global name; empty when it does not import it."""
    imports = project.index.imports(function.module.module)
    for name, meaning in imports.items():
        if meaning == dotted:
            return name
    for name, meaning in imports.items():
        if dotted.startswith(f"{meaning}."):
            return f"{name}{dotted[len(meaning) :]}"
    own = f"{function.module.module}." if function.module.module else ""
    rest = dotted.removeprefix(own)
    is_own = dotted.startswith(own) and rest.isidentifier() and dotted in project.index.classes
    return rest if is_own else ""


def type_of(project: Project, build: Build) -> str:
    """How the file of a build writes the type of what is built; empty when that is not known."""
    if build.via is None:
        dotted = build.resource.returns or build.name
        last = dotted.rpartition(".")[2]
        return spelling(project, build.function, dotted) if last[:1].isupper() else ""
    if build.via.cls is not None:
        return spelling(project, build.function, build.via.cls.id)
    annotation = build.via.function.fact.returns_annotation
    if annotation[:1] != "@" or not values.is_simple(annotation):
        return ""
    return spelling(project, build.function, annotation[1:])
