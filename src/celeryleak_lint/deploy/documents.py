"""YAML: compose files, Kubernetes manifests, charts and the like.

A tree with places is built from parser events, so that neither depth nor aliases can hurt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from celeryleak_lint.deploy.commands import PLACEHOLDER
from celeryleak_lint.deploy.source import Source, mentions_worker

if TYPE_CHECKING:
    from yaml.events import Event

_MAX_DEPTH = 200
#: Keys whose values are, joined in this order, one command.
_COMMAND_KEYS = ("entrypoint", "command", "args")
_SCRIPT_KEYS = ("startcommand", "dockercommand", "run_command", "cmd", "exec")


@dataclass(slots=True, eq=False)
class Node:
    """A scalar with its text, or a collection with its children; lines count from 1.

    ``pairs`` holds keys and values of a mapping, ``items`` those of a sequence.
    """

    line: int
    end_line: int = 0
    text: str | None = None
    is_block: bool = False
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)


def read_yaml(source: Source) -> None:
    """Take in every document of a YAML file; what cannot be read is one failure."""
    import yaml  # imported late: few files need it

    text, is_template = _without_templates(source.text)
    try:
        for node in _documents(text):
            _walk(source, node)
    except (yaml.YAMLError, _TooDeep, ValueError) as error:
        if not mentions_worker(source):
            return
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        what = "as YAML behind its template expressions" if is_template else "as YAML"
        line = _line(getattr(error, "problem_mark", None))
        source.fail(line, f"cannot be read {what}: {reason}; its workers were not checked")


class _Mark(Protocol):
    """A parser's place, whichever parser it is; ``line`` counts from 0."""

    @property
    def line(self) -> int: ...


class _TooDeep(Exception):  # noqa: N818 - it never leaves this module
    pass


def _documents(text: str) -> Iterator[Node]:
    """The root of each document."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    anchors: dict[str, Node] = {}
    stack: list[tuple[Node, list[Node]]] = []
    for event in yaml.parse(text, Loader=loader):
        kind = type(event).__name__
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            node, children = stack.pop()
            _close(node, children, event, is_mapping=kind == "MappingEndEvent")
        elif kind in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent", "AliasEvent"):
            node = _opened(event, kind, anchors)
            if stack:
                stack[-1][1].append(node)
            if kind.endswith("StartEvent"):
                if len(stack) > _MAX_DEPTH:
                    raise _TooDeep("it is nested too deeply")
                stack.append((node, []))
                continue
        else:
            continue
        if not stack:
            yield node


def _opened(event: Event, kind: str, anchors: dict[str, Node]) -> Node:
    line = _line(event.start_mark)
    if kind == "AliasEvent":
        return anchors.get(event.anchor) or Node(line)  # type: ignore[attr-defined]
    node = Node(line, _line(event.end_mark))
    if kind == "ScalarEvent":
        node.text = event.value  # type: ignore[attr-defined]
        node.is_block = event.style == "|"  # type: ignore[attr-defined]
    if event.anchor is not None:  # type: ignore[attr-defined]
        anchors[event.anchor] = node  # type: ignore[attr-defined]
    return node


def _line(mark: _Mark | None) -> int:
    return mark.line + 1 if mark is not None else 1


def _close(node: Node, children: list[Node], event: Event, *, is_mapping: bool) -> None:
    node.end_line = _line(event.end_mark)
    if is_mapping:
        node.pairs = list(zip(children[::2], children[1::2], strict=False))
    else:
        node.items = children


def _walk(source: Source, root: Node) -> None:
    """Look at every node once, however often aliases lead to it."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        _settings(source, node)
        _commands(source, node)
        pending += [child for pair in node.pairs for child in pair]
        pending += node.items


def _settings(source: Source, node: Node) -> None:
    for item in node.items:
        if item.text is not None and "=" in item.text:
            source.add_assignments([item.text], item.line)
    by_key = {key.text: value for key, value in node.pairs if key.text}
    named, given = by_key.get("name"), by_key.get("value")
    if named is not None and named.text:
        text = given.text if given is not None else None
        source.add_setting(named.text, PLACEHOLDER if text is None else text, named.line)
    for key, value in node.pairs:
        if key.text and key.text != "name" and value.text is not None:
            source.add_setting(key.text, value.text, key.line)


def _commands(source: Source, node: Node) -> None:
    by_key = {key.text.lower(): value for key, value in node.pairs if key.text}
    parts = [by_key[key] for key in _COMMAND_KEYS if key in by_key]
    lists = [part for part in parts if part.items]
    if lists and len(lists) == len(parts):
        words = [word.text or "" for part in lists for word in part.items]
        if len(words) == 1:
            source.add_script(words[0], parts[0].line, parts[-1].end_line)
        else:
            source.add_words(words, parts[0].line, parts[-1].end_line)
    else:
        for part in parts:
            _scalar(source, part)
    for key in _SCRIPT_KEYS:
        if key in by_key:
            _scalar(source, by_key[key])


def _scalar(source: Source, node: Node) -> None:
    if node.text is not None:
        first = node.line + 1 if node.is_block else node.line
        text = node.text if node.is_block else node.text.replace("\n", " ")
        source.add_script(text, first, max(first, node.end_line), by_row=node.is_block)
    elif node.items:
        source.add_words([word.text or "" for word in node.items], node.line, node.end_line)


def _without_templates(text: str) -> tuple[str, bool]:
    """Text whose ``{{ ... }}`` are placeholders and whose template-only lines are blank.

    Every line stays on its line. Comments of templates (``{{/* */}}``) may span lines.
    """
    if "{{" not in text and "{%" not in text:
        return text, False
    rows: list[str] = []
    is_open = ""
    for row in text.split("\n"):
        kept, is_open = _stripped(row, is_open)
        is_only_template = kept != row and not kept.replace(PLACEHOLDER, "").strip()
        rows.append("" if is_only_template else kept)
    return "\n".join(rows), True


def _stripped(row: str, closing: str) -> tuple[str, str]:
    """A row with placeholders, and the mark that closes an expression still open at its end."""
    kept = ""
    while row:
        if closing:
            _, found, row = row.partition(closing)
            if not found:
                return kept, closing
            closing = ""
            continue
        start = min((at for at in (row.find("{{"), row.find("{%")) if at >= 0), default=-1)
        if start < 0:
            return kept + row, ""
        kept += row[:start] + PLACEHOLDER
        closing = "}}" if row[start + 1] == "{" else "%}"
        row = row[start + 2 :]
    return kept, closing
