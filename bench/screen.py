"""How much of a release has to be read: what a screen of bytes could leave out at most.

    python bench/screen.py --package litellm==1.109.1

Analyses everything, then counts the lines of files and of functions that the report rests
on, which no screen may leave out. A screen knows only bytes: the last column counts the
functions in which one of the names that were asked for stands as a word, the most frequent
of them left out. And it has a price: what finding the words of each function takes is told as
a part of what `ast.parse` takes for the same files.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edits import Project
from releases import DEFAULT_CACHE, pinned, unpacked

from celeryleak_lint.model.facts import CLASS_BODY, LAMBDA, FunctionFact, ModuleSummary
from celeryleak_lint.model.facts import unpacked as body_of
from celeryleak_lint.standing.contributions import contributions
from celeryleak_lint.standing.ground import Ground, asked_for
from celeryleak_lint.system.garbage import uncollected

_WORD = re.compile(r"[^\W\d]\w*")
_WORD_IN_BYTES = re.compile(rb"[A-Za-z_]\w*")
_FUNCTION = re.compile(rb"^(?=[ \t]*(?:async[ \t]+)?def[ \t])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shares:
    """Lines of a release, and the parts of them (0 to 1) that cannot be left out.

    ``files`` is the part in files that matter; ``functions`` and ``words`` are parts of the
    lines of functions: of those that matter, and of those that a screen of words would keep.
    """

    lines: int
    files: float
    functions: float
    words: float

    def __str__(self) -> str:
        return (
            f"{self.lines:,} lines; in files that matter {self.files:.0%}; of the lines of functions "
            f"{self.functions:.0%} matter, {self.words:.0%} have a word that matters"
        )


def shares(project: Project, free: int) -> Shares:
    """The shares of an analysed project; the ``free`` most frequent words cost a screen nothing."""
    assert project.ground is not None
    ground = project.ground
    summaries = [s for s in project.summaries.values() if isinstance(s, ModuleSummary)]
    needed: set[str] = set()
    texts: dict[tuple[str, int], tuple[int, frozenset[str], bool]] = {}
    for summary in summaries:
        rows = project.texts[summary.path].decode("utf-8", "replace").split("\n")
        for place, fact in enumerate(summary.functions):
            matters = _matters(ground, summary.path, place, fact)
            if matters:
                needed.add(summary.path)
            if fact.qualname and not fact.flags & (CLASS_BODY | LAMBDA):
                words = frozenset(_WORD.findall("\n".join(rows[fact.line : fact.end_line])))
                size = fact.end_line - fact.line + 1
                texts[summary.path, place] = size, words, matters
    asked = (ground.calls | ground.references | ground.makers) - _commonest(texts.values(), free)
    total = sum(size for size, _, _ in texts.values()) or 1
    lines = sum(summary.lines for summary in summaries)
    return Shares(
        lines,
        sum(s.lines for s in summaries if s.path in needed) / (lines or 1),
        sum(size for size, _, matters in texts.values() if matters) / total,
        sum(size for size, words, _ in texts.values() if not asked.isdisjoint(words)) / total,
    )


def price(texts: Iterable[bytes]) -> float:
    """CPU time of finding the words of each function, as a part of that of parsing; one run of each."""
    files = list(texts)
    started = time.process_time()
    for data in files:
        for chunk in _FUNCTION.split(data):
            frozenset(_WORD_IN_BYTES.findall(chunk))
    read = time.process_time()
    with uncollected():  # as the tool parses
        for data in files:
            _parse(data)
    parsed = time.process_time()
    return (read - started) / ((parsed - read) or 1)


def _parse(data: bytes) -> None:
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        ast.parse(data)


def _matters(ground: Ground, path: str, place: int, fact: FunctionFact) -> bool:
    """Whether a body was opened, or calls, hands on or reads something that was asked for."""
    if place in ground.opened.get(path, ()):
        return True
    body = body_of(fact.packed)
    runs_once = not fact.qualname or bool(fact.flags & CLASS_BODY)
    return any(asked_for(ground, item) for item in contributions(body, runs_once=runs_once))


def _commonest(texts: Iterable[tuple[int, frozenset[str], bool]], free: int) -> frozenset[str]:
    counted = Counter[str]()
    for _, words, _ in texts:
        counted.update(words)
    return frozenset(word for word, _ in counted.most_common(free))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--package", action="append", type=pinned, required=True)
    parser.add_argument("--free", type=int, default=50, help="words that cost a screen nothing")
    parser.add_argument("--confidence", choices=("likely", "possible"), default="likely")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    options = parser.parse_args(arguments)
    for name, version in options.package:
        tree = unpacked(name, version, options.cache)
        project = Project.of(tree, confidence=options.confidence)
        project.report()
        if project.ground is None:
            raise SystemExit("the report on this release rests on everything")
        found = shares(project, options.free)
        cost = price(project.texts.values())
        print(f"{name} {version}: {found}; an index of words costs {cost:.2f} x `ast.parse`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
