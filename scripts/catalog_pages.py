"""Writes the reference of the bundled catalog as Markdown pages, from the validated tables.

Knows what a reader wants to see of a row; must not know rules, projects or how a site is built.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files

from celeryleak_lint.catalog.leaks import KnownLeak, known_leaks
from celeryleak_lint.catalog.load import LEAKS_FILE, tables_from
from celeryleak_lint.catalog.schema import (
    EntryPoint,
    Exemption,
    Heavy,
    Memo,
    Resource,
    Tables,
    Vocabulary,
)
from celeryleak_lint.model.findings import Effect

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOTICE = (
    "<!-- Written by scripts/generate_docs.py from the catalog's data; change those instead. -->\n"
)
NAMES_SHOWN = 3
#: "``once``: start-up and maintenance names." in a docstring.
MEANING = re.compile(r"``(?P<name>\w+)``: (?P<text>.*?\.)(?= ``\w+``: |$)")
HEATS = {
    "hot": "again and again",
    "loop": "once for each item of each call",
    "once": "once",
    "per-run": "once for each run of its process",
    "unknown": "as its callers do",
}
KINDS = {
    "decorator": "decorated with",
    "base-class": "class derived from",
    "call-argument": "handed to",
    "function": "called",
    "module-level": "module level",
    "signal": "connected to",
}
EFFECTS: dict[Effect, str] = {
    "never-released": "something of each object stays until the process ends",
    "until-gc": "memory and sockets pile up between two runs of the garbage collector",
    "cost": "nothing stays behind, but each call pays for building it again",
}
SCOPES = {
    "process": "until the process ends",
    "instance": "as long as the instance",
    "request": "for one request",
    "external": "outside the process",
    "none": "not at all",
}


def catalog_pages() -> dict[str, str]:
    """The pages by file name; raises `ValueError` when the shipped data are damaged."""
    parts = dict(_parts())
    return {
        "index.md": _overview(list(parts.values())),
        "resources.md": _resources(parts),
        "entry-points.md": _entry_points(parts.values()),
        "memos.md": _memos(parts.values()),
        "data-sets.md": _heavy(parts.values()),
        "releases.md": _releases(known_leaks()),
        "words.md": _words(parts.values()),
    }


def _parts() -> Iterator[tuple[str, Tables]]:
    """Title and tables of each data file; the title is the comment that the file starts with."""
    folder = files("celeryleak_lint.catalog") / "data"
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml") or entry.name == LEAKS_FILE:
            continue
        text = entry.read_text(encoding="utf-8")
        title = text.partition("\n")[0].removeprefix("# ").removesuffix(".")
        tables, errors = tables_from(tomllib.loads(text), entry.name, is_bundled=True)
        if errors:
            raise ValueError("\n".join(errors))
        yield title, tables


def _overview(parts: Sequence[Tables]) -> str:
    resources = [row for tables in parts for row in tables.resources]
    measured = [(row.cost_ms, row) for row in resources if row.cost_ms is not None]
    counts = {
        "[Resources](resources.md)": (len(resources), "what is expensive to build or to keep"),
        "[Entry points](entry-points.md)": (
            sum(len(tables.entry_points) for tables in parts),
            "how a framework says that a function runs often, or once",
        ),
        "[Memos](memos.md)": (
            sum(len(tables.memos) for tables in parts),
            "decorators and descriptors that keep a result",
        ),
        "[Whole data sets](data-sets.md)": (
            sum(len(tables.heavy) for tables in parts),
            "calls that hold everything in memory at once",
        ),
        "[Leaking releases](releases.md)": (len(known_leaks()), "releases that are known to leak"),
    }
    rows = [(title, str(number), text) for title, (number, text) in counts.items()]
    costs = [
        (f"{cost:.3g}", _named(row), f"`{row.effect}`")
        for cost, row in sorted(measured, key=lambda pair: (-pair[0], pair[1].id))
    ]
    return "\n".join(
        [
            "# What the catalog knows\n",
            NOTICE,
            OVERVIEW,
            _table(("table", "rows", "says"), rows),
            WORDS_LINK,
            MEASURED,
            _table(("ms", "builds", "effect"), costs),
        ]
    )


def _resources(parts: Mapping[str, Tables]) -> str:
    text = ["# Resources\n", NOTICE, RESOURCES]
    text += [f"- `{effect}`: {words}" for effect, words in EFFECTS.items()]
    text.append("")
    silent: list[Resource] = []
    for title, tables in parts.items():
        reported = [row for row in tables.resources if row.report]
        silent += [row for row in tables.resources if not row.report]
        if reported:
            text.append(f"## {title}\n")
            text.append(
                _table(("object", "effect", "why, and what instead"), map(_resource, reported))
            )
    text += ["## Known, and not reported\n", SILENT]
    text.append(_table(("object", "why not"), ((_named(row), _plain(row.why)) for row in silent)))
    return "\n".join(text)


def _resource(row: Resource) -> tuple[str, str, str]:
    cost = f"<br>{row.cost_ms:.3g} ms" if row.cost_ms is not None else ""
    remarks = [_plain(row.why)]
    if row.instead:
        remarks.append(f"*Instead:* {_plain(row.instead)}")
    remarks += [_exemption(exemption) for exemption in row.unless]
    if row.ceiling != "certain":
        remarks.append(f"At most `{row.ceiling}`.")
    return _named(row), f"`{row.effect}`{cost}", "<br>".join(remarks)


def _exemption(exemption: Exemption) -> str:
    verdict = "*Silent*" if exemption.then == "silent" else "*Only `possible`*"
    argument = f"`{exemption.argument}`"
    if exemption.argument.isdigit():
        argument = f"argument {int(exemption.argument) + 1}"
    cases = [_case(argument, value) for value in exemption.equals] or [f"with {argument}"]
    return f"{verdict} {' or '.join(cases)}: {_plain(exemption.why)}"


def _case(argument: str, value: str) -> str:
    if value == "<absent>":
        return f"without {argument}"
    if value == "<shared>":
        return f"when {argument} was there before"
    if not value:
        return f"with an empty {argument}"
    return f"with {argument} = `{value}`"


def _entry_points(parts: Iterable[Tables]) -> str:
    by_framework: dict[str, list[EntryPoint]] = defaultdict(list)
    for tables in parts:
        for row in tables.entry_points:
            by_framework[row.framework].append(row)
    text = ["# Entry points\n", NOTICE, ENTRY_POINTS]
    for framework, rows in sorted(by_framework.items(), key=lambda item: item[0].lower()):
        text.append(f"## {framework}\n")
        text.append(_table(("what", "runs", "why"), map(_entry_point, rows)))
    return "\n".join(text)


def _entry_point(row: EntryPoint) -> tuple[str, str, str]:
    shown = row.names or row.patterns or row.paths or row.imports
    what = f"{KINDS[row.kind]}<br>{_names(shown)}" if shown else KINDS[row.kind]
    if row.methods:
        what += f"<br>methods<br>{_names(row.methods)}"
    if row.once_methods:
        what += f"<br>once:<br>{_names(row.once_methods)}"
    return what, HEATS[row.heat], _plain(row.why)


def _memos(parts: Iterable[Tables]) -> str:
    rows = [row for tables in parts for row in tables.memos]
    return "\n".join(
        ["# Memos\n", NOTICE, MEMOS, _table(("memo", "keeps the result", "why"), map(_memo, rows))]
    )


def _memo(row: Memo) -> tuple[str, str, str]:
    return _named(row), SCOPES[row.scope], _plain(row.why)


def _heavy(parts: Iterable[Tables]) -> str:
    rows = [row for tables in parts for row in tables.heavy]
    return "\n".join(
        ["# Whole data sets\n", NOTICE, HEAVY, _table(("call", "why", "better"), map(_load, rows))]
    )


def _load(row: Heavy) -> tuple[str, str, str]:
    names = row.names + row.patterns + tuple(f".{method}()" for method in row.methods)
    return _names(names), _plain(row.why), _plain(row.better)


def _releases(leaks: Iterable[KnownLeak]) -> str:
    rows = [
        (
            f"{leak.name}<br>`{leak.versions}`",
            f"`{leak.fixed_in}`" if leak.fixed_in else "not known",
            f"{_plain(leak.what)} ([evidence]({leak.evidence}))",
        )
        for leak in leaks
    ]
    return "\n".join(
        ["# Leaking releases\n", NOTICE, RELEASES, _table(("release", "fixed in", "leaks"), rows)]
    )


def _words(parts: Iterable[Tables]) -> str:
    text = ["# Words\n", NOTICE, WORDS]
    collected: dict[str, list[str]] = defaultdict(list)
    for tables in parts:
        for name in tables.vocabulary.__struct_fields__:
            collected[name] += getattr(tables.vocabulary, name)
    meanings = _meanings()
    for name, words in collected.items():
        key = name.replace("_", "-")
        listed = ", ".join(f"`{word}`" for word in words)
        text += [f"## {key}\n", meanings.get(name, ""), f"\n{listed}\n"]
    return "\n".join(text)


def _meanings() -> dict[str, str]:
    """What the schema's docstring says about each list of words, as sentences."""
    said = " ".join((Vocabulary.__doc__ or "").split())
    found = ((match["name"], match["text"]) for match in MEANING.finditer(said))
    return {name: _plain(text[:1].upper() + text[1:]) for name, text in found}


def _named(row: Resource | Memo) -> str:
    patterns = row.patterns if isinstance(row, Resource) else ()
    named = _names((*row.names, *patterns))
    if isinstance(row, Resource) and row.when:
        asked = (
            f"`{condition.argument}={' or '.join(condition.equals) or '...'}`"
            for condition in row.when
        )
        return f"{named} with {' or '.join(asked)}"
    return named


def _names(names: Sequence[str]) -> str:
    """The first few names as code, and how many more there are."""
    shown = "<br>".join(f"`{name}`" for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown}<br>and {more} more" if more > 0 else shown


def _plain(text: str) -> str:
    """Text as it stands in the data, with nothing in it taken for Markdown but `code`."""
    parts = text.replace("|", "\\|").split("`")
    for number in range(0, len(parts), 2):
        parts[number] = re.sub(r"([*_\[\]])", r"\\\1", parts[number]).replace("<", "&lt;")
    return "`".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


OVERVIEW = """\
A linter for what a process builds too often has to know what is expensive, and what runs often.
That knowledge is data: TOML tables that ship with the tool, each row with a reason and a source.

`celeryleak-lint catalog NAME` prints a whole row, with all names and sources.
Names are what an import *means*: an alias, a re-export or a `from` import changes nothing.
Rows of your own stand [in the configuration](../configuration.md#the-catalog).
"""
WORDS_LINK = "Where a name has to tell, [the vocabulary](words.md) has the words.\n"
MEASURED = """\
## Measured

The median time of one construction in milliseconds, on CPython 3.11, warm.
Only the construction counts: what the first use costs, such as a connection, comes on top.
"""
RESOURCES = """\
What is expensive to build or to keep.
Each row says what a dropped object leaves behind, in the words that the report uses:
"""
SILENT = "These look like the ones above. They are listed so that nobody adds them by mistake.\n"
ENTRY_POINTS = """\
How each framework says how often a function runs.
What runs again and again is a hot root: everything that it calls, in any file, is judged by it.
"""
MEMOS = "What is built under one of these is built once for as long as it keeps the result.\n"
HEAVY = """\
Calls that hold a whole data set in memory at once.
They are looked for in background tasks only, by [CLK401](../rules/CLK401-whole-dataset-in-task.md) and [CLK402](../rules/CLK402-result-held-in-task.md).
"""
RELEASES = """\
What [CLK506](../rules/CLK506-known-leaky-release.md) looks for in lock files and requirements.
A range is given only where upstream's code or changelog shows both ends; otherwise the one release is named in which the leak was seen.
"""
WORDS = """\
Whole words of identifiers: `setup` matches `setup_pool` and `PoolSetup`, never `setuptools`.
A word with `=` before it matches only a whole name.
Words of your own are added in [the configuration](../configuration.md#vocabulary).
"""
