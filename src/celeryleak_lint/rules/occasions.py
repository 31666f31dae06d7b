"""Signs that a build belongs to one occasion: what it is set up for, which answer it fetches, whose name says so."""

from __future__ import annotations

import re

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.link.elements import Class, Function
from celeryleak_lint.link.producers import Build
from celeryleak_lint.link.project import Project
from celeryleak_lint.model import values
from celeryleak_lint.model.facts import LOOP, WHILE_LOOP, CallFact
from celeryleak_lint.rules.rebuilding import THINGS

_PERSISTENT = ("!.", "^.", "@")

#: What a model that embeds gives.
_EMBEDDINGS = frozenset({"embedding", "embeddings"})

#: Words that as often name a thing as what is done with it: they count where the work itself is named.
_NAMED_ONLY = THINGS - {"stream"} | _EMBEDDINGS | {"generation"}

#: First words of functions that hand out what the process keeps.
_ACCESSORS = frozenset({"get", "current", "shared", "active"})

#: Words of functions and classes that change the model they are given.
_TRAINING = frozenset({"train", "trainer", "training", "finetune", "tune", "tuner", "fit", "merge", "merged", "peft", "quantize", "prune"})  # fmt: skip

#: Words of addresses and methods that log in.
_LOGINS = frozenset({"login", "signin", "logon", "authenticate"})
_LETTERS = re.compile(r"[a-z]+")

#: First words of functions that find out whether something works.
_CHECKING = (("check",), ("validate",), ("verify",), ("test",), ("probe",))

#: Words of functions that go on until they are stopped.
_LISTENING = frozenset(
    {"consume", "consumer", "listen", "listener", "poll", "poller", "watch", "watcher", "serve", "loop", "forever", "tail"}
)  # fmt: skip

#: Where the text of a template stands among its arguments.
_TEXTS = frozenset({"0", "template_string", "source", "text"})

#: First words of functions that add a record and tell which; what `create_...` gives may be a part.
_MAKING = (("add",), ("insert",))


def is_tailored(build: Build) -> bool:
    """True when the function gives the object a function of its own: it serves this call alone."""
    function = build.function
    own = f"@{function.id}."
    return any(
        store.value.startswith(own) and store.target.startswith(f"%{holder}.")
        for store in function.fact.stores
        for holder in _holders(build)
    )


def fetches_for_key(build: Build) -> bool:
    """True when it runs only while a mapping that outlives the call has no answer under a key, and fills it."""
    filled = {
        store.target
        for store in build.function.fact.stores
        if store.target.startswith(_PERSISTENT) and store.target.endswith("[]")
    }
    return not filled.isdisjoint(build.call.guards)


def is_fallback(build: Build) -> bool:
    """``store = get_store() or Store()``: the process keeps one, and only who finds none builds it."""
    return any(
        call.name.lstrip("_").partition("_")[0] in _ACCESSORS
        and call.callee[:1] == "@"
        and not call.args
        for step in build.chain()
        for guard in step.call.guards
        for call in _answers(step.function, guard)
    )


def is_opted_out(project: Project, build: Build) -> bool:
    """``self.session or Session()``: the instance keeps one from the start, unless it is told not to."""
    owner = project.graph.owner(build.function)
    if owner is None:
        return False
    return any(
        kept is not None and kept.resource is build.resource
        for guard in build.call.guards
        if guard[:2] == "!."
        for method, value in project.resolver.attribute_values(owner, guard[2:])
        if method.name == "__init__"
        for choice in values.choices(value)
        if choice[:1] == "#" and choice[1:].isdigit()
        for kept in (project.production.build_at(method, int(choice[1:])),)
    )


def logs_in(build: Build) -> bool:
    """True for a session with which the function logs in: its cookies belong to that account."""
    return any(
        call.name in _LOGINS
        or any(
            not _LOGINS.isdisjoint(_LETTERS.findall(values.literal_text(value) or ""))
            for _, value in call.args
        )
        for call in _asked(build)
    )


def is_tried_out(build: Build) -> bool:
    """True in a function that checks something, when all that the object is asked is written in the code."""
    if split_words(build.function.name.lstrip("_"))[:1] not in _CHECKING:
        return False
    asked = _asked(build)
    return bool(asked) and all(
        root[:1] == "=" for call in asked for _, value in call.args for root in values.roots(value)
    )


def stays_in_a_loop(build: Build) -> bool:
    """True for what a function that listens builds before its loop, and asks in it: built once, for as long as it listens."""
    if build.call.flags & LOOP or _LISTENING.isdisjoint(split_words(build.function.name)):
        return False
    return any(call.flags & WHILE_LOOP for call in _asked(build))


def is_never_opened(project: Project, build: Build) -> bool:
    """True for what holds nothing before one of its methods is called, when nobody calls any."""
    opens = build.resource.opens
    if not opens or build.via is not None:
        return False
    if build.fate.is_local:
        return all(call.name not in opens for call in _asked(build))
    if not build.fate.ends <= {"self", "local"}:
        return False
    return not any(
        site.callee.endswith(f".{place}.{name}")
        for name in opens
        for place in build.fate.places
        for site in project.index.calls_of(name)
    )


def is_for_what_is_made(build: Build) -> bool:
    """True for an owner that is given the record which the function has just added: it belongs to that alone."""
    if build.via is None or build.via.cls is None:
        return False
    return any(
        split_words(call.name.lstrip("_"))[:1] in _MAKING
        for _, given in build.call.args
        for call in _answers(build.function, given)
    )


def _holders(build: Build) -> list[str]:
    """The locals that get what is built."""
    return [sink[4:] for sink in build.call.sinks if sink.startswith("var ")]


def _asked(build: Build) -> list[CallFact]:
    """The calls of methods of what is built, through a local."""
    owners = tuple(f"%{holder}." for holder in _holders(build))
    return [call for call in build.function.fact.calls if call.callee.startswith(owners)]


def _answers(function: Function, value: str) -> list[CallFact]:
    """The calls of which a value, a local or not, is the answer."""
    held = function.locals.get(value[1:], ()) if value[:1] == "%" else (value,)
    return [function.fact.calls[int(v[1:])] for v in held if v[:1] == "#" and v[1:].isdecimal()]


def is_trained(build: Build) -> bool:
    """True for a model that is handed to what trains it: who trains the next one needs it as it was."""
    function = build.function
    if build.resource.kind != "model":
        return False
    given = [
        int(sink.split(" ")[1])
        for name in _holders(build)
        for sink in function.uses.get(name, ())
        if sink.startswith("arg ")
    ]
    return any(
        not _TRAINING.isdisjoint(split_words(function.fact.calls[number].name)) for number in given
    )


def is_unlikely_override(project: Project, function: Function, *, is_sure: bool) -> bool:
    """True when only an overridden method leads here, and no name on the way speaks of daily work."""
    return not is_sure and project.heat.daily_word(function) is None


def is_of_a_record(project: Project, build: Build) -> bool:
    """``Template(self.subject)``: each object brings a text of its own, and what is made of it serves no other."""
    step = build.chain()[-1]
    texts = [value for label, value in step.call.args if label in _TEXTS]
    if build.resource.kind != "template-environment" or not texts:
        return False
    owner = project.graph.owner(step.function)
    if owner is not None and all(_is_of_class(project, owner, text) for text in texts):
        return False
    return project.origins.of_call(step.function, step.site.index).instance


def _is_of_class(project: Project, owner: Class, value: str) -> bool:
    """True for an attribute that the class has itself, and not as a field that each instance fills."""
    body = project.index.class_bodies.get(owner.id)
    held = [text for name, text, _ in owner.fact.attributes if value == f"!.{name}" and text]
    made = [text for text in held if text[:1] == "#" and text[1:].isdecimal()]
    return bool(held) and not any(
        body is None or body.fact.calls[int(call[1:])].name[:1].isupper() for call in made
    )


def consumes(build: Build) -> bool:
    """True for a consumer: it is built where consuming begins, and lives until that ends."""
    return build.resource.kind == "producer-consumer" and build.name.endswith("Consumer")


def says_daily_work(project: Project, build: Build) -> bool:
    """True when the names around a build speak of daily work.

    Where a producer or an owner lies between, a caller's name says little of what it is for:
    the function that gets the object has to be named after what is done.
    """
    function = build.function
    if build.via is None:
        return project.heat.daily_word(function, named_only=_NAMED_ONLY) is not None or _embeds(
            build
        )
    if project.heat.is_seldom(function):
        return False
    word = project.catalog.frequent_like(function.name)
    return (
        word not in (None, *_NAMED_ONLY)
        or _embeds(build)
        or _is_step_of_daily_work(project, function)
    )


def _embeds(build: Build) -> bool:
    """True for ``get_embeddings(texts)``: a model that it loads, uses and drops gives them, and is not what it is named after."""
    words = split_words(build.function.name)
    return (
        build.resource.kind == "model"
        and build.fate.ends <= {"local"}
        and bool(build.function.fact.params)
        and not _EMBEDDINGS.isdisjoint(words[1:])
    )


def _is_step_of_daily_work(project: Project, function: Function) -> bool:
    """``_create_message()`` of a class in which ``ainvoke`` alone calls it: the step is named after what it makes."""
    owner = project.graph.owner(function)
    callers = project.graph.callers(function)
    if owner is None or function.name[:1] != "_" or function.name[:2] == "__" or not callers:
        return False
    return all(
        project.graph.owner(edge.function) is owner
        and project.catalog.frequent_like(edge.function.name) not in (None, *_NAMED_ONLY)
        for edge in callers
    )
