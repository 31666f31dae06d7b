"""Draws random findings for reading, and reports how many of those read were right.

    python bench/verdicts.py draw --seed 7 --count 40 --codes CLK1 feast==0.67.0 ...
    python bench/verdicts.py draw ... --append      also write empty entries to verdicts.toml
    python bench/verdicts.py draw ... --unread      only from findings that have no entry yet
    python bench/verdicts.py report                 precision by code

`draw` checks each release at default confidence and prints every drawn finding with its
trace and the code around it. Read it with its callers, then write `verdict` (`right`,
`wrong` or `unclear`) and `reason` into its entry. An entry without a verdict is reported as
unread, and never counted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from checking import Place, Reported, check
from releases import DEFAULT_CACHE, pinned, unpacked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VERDICTS = Path(__file__).with_name("verdicts.toml")

#: Package, version, path, line and code: what makes two entries the same finding.
Key = tuple[str, str, str, int, str]
WORDS = ("right", "wrong", "unclear")
CONTEXT = 6


@dataclass(frozen=True, slots=True)
class Verdict:
    """One finding somebody was asked to read; `verdict` is empty until it has been read."""

    package: str
    version: str
    path: str
    line: int
    code: str
    seed: int
    verdict: str = ""
    reason: str = ""

    @property
    def key(self) -> Key:
        """What makes two entries the same finding."""
        return self.package, self.version, self.path, self.line, self.code


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finding with the release it is in."""

    package: str
    version: str
    tree: Path
    finding: Reported

    @property
    def key(self) -> Key:
        """What makes an entry one of this finding."""
        place = self.finding.place
        return self.package, self.version, place.path, place.first, self.finding.code


def load(path: Path) -> tuple[Verdict, ...]:
    """Read the entries; raises `ValueError` naming the entry and what is wrong with it."""
    if not path.exists():
        return ()
    with path.open("rb") as file:
        tables = tomllib.load(file).get("finding", [])
    verdicts = tuple(_verdict(number, table) for number, table in enumerate(tables, 1))
    doubled = [key for key, count in Counter(v.key for v in verdicts).items() if count > 1]
    if doubled:
        raise ValueError(f"{path.name}: listed twice: {doubled}")
    return verdicts


def _verdict(number: int, table: dict[str, Any]) -> Verdict:
    types = {
        field.name: int if field.name in {"line", "seed"} else str for field in fields(Verdict)
    }
    for key, value in table.items():
        if key not in types or type(value) is not types[key]:
            raise ValueError(f"entry {number}: `{key}` is unknown or has the wrong type")
    try:
        verdict = Verdict(**table)
    except TypeError as error:
        raise ValueError(f"entry {number}: {error}") from None
    if verdict.verdict not in ("", *WORDS):
        raise ValueError(f"entry {number}: `verdict` is one of {', '.join(WORDS)}, or empty")
    if verdict.verdict and not verdict.reason:
        raise ValueError(f"entry {number}: a verdict needs a `reason`")
    return verdict


def skeleton(drawn: Drawn, seed: int) -> str:
    """The empty entry of a drawn finding, as TOML."""
    finding = drawn.finding
    values = {
        "package": drawn.package, "version": drawn.version, "path": finding.place.path,
        "line": finding.place.first, "code": finding.code, "seed": seed, "verdict": "",
        "reason": "",
    }  # fmt: skip
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["[[finding]]", *lines, ""])


def draw(
    releases: Iterable[tuple[str, str]], *, seed: int, count: int, codes: tuple[str, ...],
    cache: Path, read: frozenset[Key] = frozenset(),
) -> list[Drawn]:  # fmt: skip
    """Check the releases and take `count` findings at random, the same ones for one seed.

    Findings whose key is in `read` are left out.
    """
    found: list[Drawn] = []
    for package, version in sorted(set(releases)):
        tree = unpacked(package, version, cache)
        checked = check(tree)
        broken = [line for line in checked.failures if "internal error" in line]
        if broken:
            raise RuntimeError(f"{package} {version}: {broken[0]}")
        findings = [f for f in checked.findings if f.code.startswith(codes)]
        findings.sort(key=lambda f: (f.place.path, f.place.first, f.code, f.function))
        print(f"{package} {version}: {len(findings)} findings", file=sys.stderr)
        found += [Drawn(package, version, tree, finding) for finding in findings]
    return sampled(found, seed=seed, count=count, read=read)


def sampled(found: Iterable[Drawn], *, seed: int, count: int, read: frozenset[Key]) -> list[Drawn]:
    """`count` of the findings at random, without those whose key is in `read`."""
    left = [drawn for drawn in found if drawn.key not in read]
    return random.Random(seed).sample(left, min(count, len(left)))


def shown(drawn: Drawn) -> Iterator[str]:
    """The finding as somebody reads it: message, place, code, and every step of the trace."""
    finding = drawn.finding
    yield f"{'=' * 100}\n{drawn.package} {drawn.version}  {finding.code} ({finding.confidence})"
    yield f"{finding.place.path}:{finding.place.first} in {finding.function or 'module level'}"
    yield finding.message
    yield from _source(drawn.tree, finding.place)
    for place, note in finding.trace:
        yield f"-- {place.path}:{place.first}: {note}"
        yield from _source(drawn.tree, place)


def _source(tree: Path, place: Place) -> Iterator[str]:
    lines = (tree / place.path).read_text(encoding="utf-8", errors="replace").split("\n")
    first, last = max(1, place.first - CONTEXT), min(len(lines), place.last + CONTEXT)
    for number in range(first, last + 1):
        mark = ">" if place.first <= number <= place.last else " "
        yield f"  {mark}{number:6} {lines[number - 1]}"


def precision(verdicts: Sequence[Verdict]) -> str:
    """Right, wrong, unclear and unread by code, and the share of right ones, as Markdown."""
    rows = ["| code | right | wrong | unclear | unread | right of those decided |"]
    rows.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for code in [*sorted({verdict.code for verdict in verdicts}), "all"]:
        words = Counter(v.verdict for v in verdicts if code in ("all", v.code))
        decided = words["right"] + words["wrong"]
        share = f"{words['right'] / decided:.2f}" if decided else "-"
        counts = " | ".join(str(words[word]) for word in (*WORDS, ""))
        rows.append(f"| {code} | {counts} | {share} |")
    return "\n".join(rows)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--file", type=Path, default=VERDICTS)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw", help="print a random sample of findings")
    drawing.add_argument("releases", nargs="+", type=pinned, metavar="NAME==VERSION")
    drawing.add_argument("--seed", type=int, required=True)
    drawing.add_argument("--count", type=int, default=40)
    drawing.add_argument("--codes", default="CLK", help="prefixes, separated by commas")
    drawing.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    drawing.add_argument("--unread", action="store_true", help="leave out what has an entry")
    drawing.add_argument("--append", action="store_true", help="add empty entries to the file")
    commands.add_parser("report", help="print the precision by code")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw or report."""
    options = _options(arguments)
    known = load(options.file)
    if options.command == "report":
        print(precision(known))
        return 0
    drawn = draw(
        options.releases, seed=options.seed, count=options.count,
        codes=tuple(options.codes.split(",")), cache=options.cache,
        read=frozenset(verdict.key for verdict in known) if options.unread else frozenset(),
    )  # fmt: skip
    for one in drawn:
        print(*shown(one), sep="\n")
    if options.append:
        _append(options.file, drawn, known, options.seed)
    return 0


def _append(path: Path, found: Iterable[Drawn], known: Sequence[Verdict], seed: int) -> None:
    keys = {verdict.key for verdict in known}
    entries = []
    for drawn in found:
        if drawn.key not in keys:
            keys.add(drawn.key)
            entries.append("\n" + skeleton(drawn, seed))
    with path.open("a", encoding="utf-8") as file:
        file.writelines(entries)
    print(f"{len(entries)} new entries in {path}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
