"""How a handle that is left open may be closed, from what the catalog knows of its type."""

from __future__ import annotations

from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.edits import Applicability
from celeryleak_lint.model.facts import ASYNC, GENERATOR
from celeryleak_lint.model.remedies import Closing, ClosingForm

#: Libraries whose connections may be closed twice.
_CLOSE_AGAIN = frozenset({"sqlite3", "psycopg2", "psycopg", "http", "smtplib", "duckdb", "kombu"})
#: Reading a response to its end gives its connection back.
_READ_OUT = frozenset({"read", "content", "json"})

_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("requests.", ("response", "reply")),
    ("httpx", ("response", "reply")),
    ("urllib", ("response", "reply")),
    ("socket.", ("sock", "connection")),
    ("zipfile.", ("archive", "zip_file")),
    ("tarfile.", ("archive", "tar_file")),
    ("smtplib.", ("server", "smtp")),
)


def closing_remedy(project: Project, build: Build) -> Closing | str:
    """The block that closes a build, or why none can."""
    resource = build.resource
    if resource.is_async or resource.loop_bound:
        return "it has to be closed with `await`, in an asynchronous block"
    if "terminate" in resource.close_methods:
        return "its block ends what is not done yet: whether to wait for it has to be decided"
    if any(_is_build(project, build, value) for _, value in build.call.args):
        return "what it reads from has to be closed, too"
    if not _hands_out_itself(build):
        return f"what `{_shown(build)}` returns may be more than the handle"
    holder = _holder_form(project, build)
    if isinstance(holder, str) and holder not in ("with", "closing"):
        return holder
    form: ClosingForm | None
    if holder is not None:
        form = "with" if holder == "with" else "closing"
    else:
        form = _form(build)
    if form is None:
        return "nothing is known that closes it"
    ceiling: Applicability = (
        "safe" if build.via is None and resource.kind != "executor" else "unsafe"
    )
    return Closing(
        form=form,
        names=_names(build),
        closes_again=resource.kind != "connection" or resource.distribution in _CLOSE_AGAIN
        or build.name.partition(".")[0] in _CLOSE_AGAIN,
        waits=resource.kind == "executor",
        readers=_readers(project, build),
        ceiling=ceiling,
    )  # fmt: skip


def transaction_remedy(project: Project, build: Build) -> Closing | str:
    """The block that closes a connection besides ending its transaction."""
    if not _hands_out_itself(build):
        return f"what `{_shown(build)}` returns may be more than the connection"
    if build.resource.is_async or build.resource.loop_bound:
        return "it has to be closed with `await`, in an asynchronous block"
    return Closing(
        form="closing-and-with",
        names=("conn", "connection"),
        closes_again=build.name.partition(".")[0] in _CLOSE_AGAIN,
        waits=False,
        readers=_readers(project, build),
        ceiling="safe" if build.via is None else "unsafe",
    )


def _readers(project: Project, build: Build) -> tuple[str, ...]:
    """Functions of the project that the function calls, and that are no generators."""
    function = build.function
    found = {
        call.name
        for index, call in enumerate(function.fact.calls)
        for meaning in project.resolver.callees(function, index)
        if meaning.function is not None and not meaning.function.fact.flags & (GENERATOR | ASYNC)
    }
    return tuple(sorted(found))


def _hands_out_itself(build: Build) -> bool:
    """Whether each producer on the way returns the very object that it got, or nothing."""
    for step in build.chain():
        if step.via is None or step.via.cls is not None:
            continue
        inner, function = step.via.build, step.via.function
        made = f"#{inner.site.index}"
        names = {f"%{name}" for name, given in function.fact.locals if made in given}
        given = {choice for value in function.fact.returns for choice in values.choices(value)}
        if function.fact.flags & GENERATOR or not given <= {made, "=None", *names}:
            return False
    return True


def _shown(build: Build) -> str:
    return build.via.shown if build.via is not None else build.name


def _is_build(project: Project, build: Build, value: str) -> bool:
    """True for an argument that is opened in the same expression."""
    return any(
        root[:1] == "#"
        and root[1:].isdigit()
        and project.production.build_at(build.function, int(root[1:])) is not None
        for root in values.roots(value)
    )


def _holder_form(project: Project, build: Build) -> str | None:
    """How an instance that keeps the handle is closed; ``None`` when it is the handle itself."""
    if build.via is None or not build.via.is_owner:
        return None
    step = build.via
    while step.cls is None:
        assert step.build.via is not None
        step = step.build.via
    if project.resolver.method(step.cls, "__exit__"):
        return "with"
    if project.resolver.method(step.cls, "close"):
        return "closing"
    return f"`{step.cls.name}` cannot be closed"


def _form(build: Build) -> ClosingForm | None:
    """``closing`` does no more than close; the own block of a connection may commit or bind, too.

    A response is what tests replace by doubles, and few doubles know the block of the real one.
    """
    resource = build.resource
    if _READ_OUT & set(resource.close_methods) and "close" in resource.close_methods:
        return "closing"
    if resource.kind == "connection" and "close" in resource.close_methods:
        return "with" if "quit" in resource.close_methods else "closing"
    if resource.with_closes:
        return "with"
    return "closing" if "close" in resource.close_methods else None


def _names(build: Build) -> tuple[str, ...]:
    for beginning, names in _NAMES:
        if build.name.startswith(beginning):
            return names
    if build.resource.kind == "connection":
        return "conn", "connection"
    if build.resource.kind == "executor":
        return "pool", "executor"
    return "f", "file", "stream", "opened"
