"""Asks whether a report that is said to stand after an edit equals that of a whole analysis.

    python bench/edits.py --package sentry_sdk==2.75.0 --edits 200

Edits random places of one release in memory: statements come, go and change places. Whenever
the changed file changes nothing that the report rests on, all is analysed anew to see
whether that was true. Exits with 1 when it was not.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from releases import DEFAULT_CACHE, pinned, unpacked

from celeryleak_lint.catalog.lookup import load
from celeryleak_lint.config import Config
from celeryleak_lint.engine import analyse
from celeryleak_lint.frontends.settings import settings_for
from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import Scope, SourceFile
from celeryleak_lint.standing.ground import Ground, still_stands, unpacked_ground
from celeryleak_lint.summarising import summarise
from celeryleak_lint.system.discover import discover, locate

STATEMENTS = (
    "pass", "fresh_value = 1", 'print("hi")', 'logger.info("x %s", 1)', "SEEN.append(1)",
    "client = httpx.Client()", "self.items.append(1)", "self.extra = 1", "return None",
    "import json", 'with open("x") as f: f.read()', 'cache = dict(); cache["a"] = 1',
    "global GG; GG = None", 'raise ValueError("no")', "x = self.name", 'value = data.get("a")',
    "{name}()", "obj.{name}(1)", "self.{name}()", "threading.Thread(target={name}).start()",
    "for i in range(3): {name}(i)", "z = [q for q in {name}()]", "DEBUG = True", "# a comment",
    "if not self.flag: return",
)  # fmt: skip
AT_THE_END = (
    "changed = True", "OTHER = []", "from os import path as pp", "def new(): pass", "x.y = 1",
    'CACHE = {}; CACHE["a"] = 1', 'print("a")', "# a comment",
)  # fmt: skip


def edited(text: str, rng: random.Random, names: Sequence[str]) -> str | None:
    """The text of a module after one random edit; `None` when it is no Python any more.

    New statements mention one of `names`, which are those of functions of the project.
    """
    lines = text.split("\n")
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    kind = rng.choice(("append", "insert", "insert", "delete", "swap"))
    if kind == "append" or not functions:
        lines.append(rng.choice(AT_THE_END))
    else:
        body = rng.choice(functions).body
        place = rng.randrange(len(body))
        _change(lines, kind, body, place, rng.choice(STATEMENTS).format(name=rng.choice(names)))
    changed = "\n".join(lines)
    try:
        ast.parse(changed)
    except SyntaxError:
        return None
    return changed


def _change(
    lines: list[str], kind: str, body: Sequence[ast.stmt], place: int, statement: str
) -> None:
    start, end = body[place].lineno - 1, body[place].end_lineno or body[place].lineno
    if kind == "insert":
        lines.insert(start, " " * body[place].col_offset + statement)
    elif kind == "delete":
        del lines[start:end]
    elif place:
        before = body[place - 1].lineno - 1
        lines[before:end] = lines[start:end] + lines[before:start]


@dataclass(slots=True)
class Project:
    """A release in memory: its files, their summaries, and what the report on it rests on."""

    scope: Scope
    config: Config
    texts: dict[str, bytes]
    summaries: dict[str, ModuleSummary | Failure] = field(default_factory=dict)
    ground: Ground | None = None
    spoken_of: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tree: Path, confidence: str = "possible") -> Project:
        """Read what is below a folder."""
        place = locate((str(tree),), working_directory=str(tree))
        assert not isinstance(place, tuple)
        settings = settings_for(place, {"confidence": confidence}, config=None, isolated=True)
        assert not isinstance(settings, tuple)
        scope = discover(place, settings.config).scope
        texts = {file.path: Path(scope.root, file.path).read_bytes() for file in scope.files}
        project = cls(scope, settings.config, texts)
        project.summaries = {f.path: summarise(f, texts[f.path]) for f in scope.files}
        return project

    def report(self, changed: SourceFile | None = None, text: bytes = b"") -> Counter[object]:
        """All findings, with one file changed; without, what they rest on is kept as well."""
        summaries = dict(self.summaries)
        texts = dict(self.texts)
        if changed is not None:
            summaries[changed.path], texts[changed.path] = summarise(changed, text), text
        catalog, _ = load({})

        def learn(ground: bytes | None, spoken_of: frozenset[str]) -> None:
            if changed is None and ground is not None:
                self.ground, self.spoken_of = unpacked_ground(ground), spoken_of

        def read(path: str) -> bytes:
            return texts[path] if path in texts else Path(self.scope.root, path).read_bytes()

        report = analyse(
            self.scope, config=self.config, catalog=catalog, learn=learn, read=read,
            summaries=[_again(s) for s in summaries.values()],
        )  # fmt: skip
        return Counter((f.code, f.path, f.span, f.message, f.trace) for f in report.findings)


def _again(summary: ModuleSummary | Failure) -> ModuleSummary | Failure:
    """A summary that nobody has asked anything yet."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(summary), type=type(summary))


def judged(project: Project, edits: int, seed: int) -> tuple[Counter[str], list[str]]:
    """What became of so many edits, and those after which a report was wrongly said to stand."""
    rng, outcomes, wrong = random.Random(seed), Counter[str](), []
    before = project.report()
    if project.ground is None:
        raise SystemExit("the report on this release rests on everything")
    files = [f for f in project.scope.files if isinstance(project.summaries[f.path], ModuleSummary)]
    names = [name for f in files for name in _names(project.summaries[f.path])]
    while outcomes.total() < edits:
        file = rng.choice(files)
        text = project.texts[file.path].decode("utf-8", "replace")
        changed = edited(text, rng, names)
        if changed is None or changed == text:
            continue
        now = summarise(file, changed.encode())
        was = project.summaries[file.path]
        if file.path in project.spoken_of:
            outcomes["spoken of in the report"] += 1
        elif not still_stands(project.ground, was, now):  # type: ignore[arg-type]
            outcomes["may matter"] += 1
        else:
            outcomes["does not matter"] += 1
            if project.report(file, changed.encode()) != before:
                wrong.append("\n".join(_difference(file.path, text, changed)))
    return outcomes, wrong


def _names(summary: ModuleSummary | Failure) -> list[str]:
    assert isinstance(summary, ModuleSummary)
    last = (fact.qualname.rpartition(".")[2] for fact in summary.functions)
    return [name for name in last if name.isidentifier()]


def _difference(path: str, before: str, now: str) -> list[str]:
    return list(
        difflib.unified_diff(before.split("\n"), now.split("\n"), path, path, "", "", 1, "")
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--package", action="append", type=pinned, required=True)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    options = parser.parse_args(arguments)
    is_wrong = False
    for name, version in options.package:
        project = Project.of(unpacked(name, version, options.cache))
        outcomes, wrong = judged(project, options.edits, options.seed)
        counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        print(f"{name} {version}: {counted}; {len(wrong)} wrong")
        print("\n".join(wrong), end="")
        is_wrong = is_wrong or bool(wrong)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
