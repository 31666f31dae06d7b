"""Scores the checker on labelled places of real, pinned releases.

    python bench/leakbench.py                          every case of leakbench.toml
    python bench/leakbench.py --family construction    one family
    python bench/leakbench.py --confidence possible    the wide net
    python bench/leakbench.py --fixed                  the releases that fixed a leak, too

A leak is found when a finding of a fitting rule, or one of the first eight steps of its
trace, is at one of the case's lines, give or take one. A clean place is a false alarm when a
finding itself (CLK1xx, CLK2xx or CLK3xx) is there. With `--fixed`, a finding in a function of
the same name in the release that fixed the leak is a false alarm as well.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from checking import COMMAND, Checked, Reported, check
from releases import DEFAULT_CACHE, FetchError, line_count, python_files, unpacked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MANIFEST = Path(__file__).with_name("leakbench.toml")
EXPECTED = ("leak", "clean")
JUDGED = ("CLK1", "CLK2", "CLK3")
TRACE_STEPS = 8
LONGEST_FINDING = 40

#: Rules that tell a leak's story: its own family's, or those next door.
FITTING = {
    "construction": ("CLK1", "CLK3"),
    "collection": ("CLK20",),
    "memo": ("CLK107", "CLK20"),
    "registration": ("CLK109", "CLK20"),
    "handle": ("CLK3", "CLK1"),
    "control": JUDGED,
}


@dataclass(frozen=True, slots=True)
class LabelledPlace:
    """One case of the manifest; `fixed` is the release that mended it, or empty."""

    id: str
    project: str
    version: str
    expected: str
    family: str
    path: str
    lines: tuple[int, ...]
    functions: tuple[str, ...]
    resource: str
    reason: str
    fixed: str = ""
    evidence: str = ""
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """How one case came out; `codes` are the findings that count for or against it."""

    id: str
    expected: str
    family: str
    path: str
    lines: tuple[int, ...]
    codes: tuple[str, ...]
    reason: str

    @property
    def right(self) -> bool:
        """Whether a leak was found, or a clean place left alone."""
        return bool(self.codes) == (self.expected == "leak")


@dataclass(frozen=True, slots=True)
class Totals:
    """What all checked trees add up to."""

    findings: int
    lines: int
    failures: int


def load_manifest(path: Path) -> tuple[LabelledPlace, ...]:
    """Read the labelled places; raises `ValueError` naming the case and the key."""
    with path.open("rb") as file:
        tables = tomllib.load(file)["case"]
    cases = tuple(_labelled(table) for table in tables)
    if len({case.id for case in cases}) != len(cases):
        raise ValueError(f"{path.name}: an id is used twice")
    return cases


def _labelled(table: dict[str, Any]) -> LabelledPlace:
    known = {field.name for field in fields(LabelledPlace)}
    for key in table.keys() - known:
        raise ValueError(f"case {table.get('id')}: unknown key `{key}`")
    try:
        lists = {"lines": tuple(table["lines"]), "functions": tuple(table["functions"])}
        case = LabelledPlace(**{**table, **lists})
    except (KeyError, TypeError) as error:
        raise ValueError(f"case {table.get('id')}: {error}") from None
    if case.family not in FITTING or case.expected not in EXPECTED or not case.lines:
        raise ValueError(f"case {case.id}: check `family`, `expected` and `lines`")
    return case


def score_tree(cases: Iterable[LabelledPlace], checked: Checked) -> Iterator[Row]:
    """Judge the cases of one checked release."""
    for case in cases:
        leak = case.expected == "leak"
        wanted = FITTING[case.family] if leak else JUDGED
        codes = tuple(
            finding.code
            for finding in checked.findings
            if finding.code.startswith(wanted) and _is_at(finding, case, with_trace=leak)
        )
        yield _row(case, case.id, case.expected, codes)


def score_fixed(cases: Iterable[LabelledPlace], checked: Checked) -> Iterator[Row]:
    """Judge the release that fixed the leaks: the same functions must be silent."""
    for case in cases:
        names = {function.split(".")[-1] for function in case.functions}
        codes = tuple(
            finding.code
            for finding in checked.findings
            if finding.code.startswith(JUDGED)
            and finding.place.path.split("/")[-1] == case.path.split("/")[-1]
            and finding.function.split(".")[-1] in names
        )
        yield _row(case, f"{case.id}@{case.fixed}", "clean", codes)


def _row(case: LabelledPlace, name: str, expected: str, codes: tuple[str, ...]) -> Row:
    return Row(name, expected, case.family, case.path, case.lines, codes, case.reason)


def _is_at(finding: Reported, case: LabelledPlace, *, with_trace: bool) -> bool:
    places = [finding.place]
    if with_trace:
        places += [place for place, _ in finding.trace[:TRACE_STEPS]]
    return any(
        place.path == case.path
        and place.first - 1 <= line <= min(place.last, place.first + LONGEST_FINDING) + 1
        for place in places
        for line in case.lines
    )


def summary(rows: Sequence[Row], totals: Totals) -> str:
    """Figures by family and over all, as text."""
    text = []
    for family in sorted({row.family for row in rows}):
        found, leaks, alarms, clean = _counts([row for row in rows if row.family == family])
        text.append(f"{family:14} leaks found {found:>3}/{leaks:<3} false alarms {alarms}/{clean}")
    found, leaks, alarms, clean = _counts(rows)
    density = 1000 * totals.findings / max(1, totals.lines)
    text.append(
        f"recall {found / max(1, leaks):.3f} ({found}/{leaks})  "
        f"false alarms {alarms / max(1, clean):.3f} ({alarms}/{clean})  "
        f"labelled precision {found / max(1, found + alarms):.3f} ({found}/{found + alarms})"
    )
    text.append(
        f"{totals.findings} findings in {totals.lines} lines, {density:.2f} per 1,000 lines, "
        f"{totals.failures} failures"
    )
    return "\n".join(text)


def _counts(rows: Sequence[Row]) -> tuple[int, int, int, int]:
    leaks = [row for row in rows if row.expected == "leak"]
    clean = [row for row in rows if row.expected == "clean"]
    found, alarms = sum(map(_reported, leaks)), sum(map(_reported, clean))
    return found, len(leaks), alarms, len(clean)


def _reported(row: Row) -> bool:
    return bool(row.codes)


def _mistake(row: Row) -> str:
    word = "missed" if row.expected == "leak" else "false alarm"
    lines = ",".join(map(str, row.lines))
    return f"{word:11} {row.id}  {row.path}:{lines}  {' '.join(row.codes)}  {row.reason}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--manifest", type=Path, default=MANIFEST)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    parser.add_argument("--command", default=shlex.join(COMMAND), help="the checker to score")
    parser.add_argument("--project", help="only cases of this project")
    parser.add_argument("--family", choices=sorted(FITTING), help="only cases of this family")
    parser.add_argument("--id", help="only this case")
    parser.add_argument("--confidence", choices=("certain", "likely", "possible"), default="")
    parser.add_argument("--disputed", action="store_true", help="score disputed places too")
    parser.add_argument("--fixed", action="store_true", help="score the fixed releases too")
    parser.add_argument("--json", type=Path, help="write one row a case to this file")
    parser.add_argument("--quiet", action="store_true", help="figures only, no list of mistakes")
    parser.add_argument("--min-recall", type=float, default=0.0, help="exit code 1 below it")
    parser.add_argument("--max-false-alarms", type=float, default=1.0, help="and above this")
    return parser.parse_args(arguments)


def _chosen(cases: Iterable[LabelledPlace], options: argparse.Namespace) -> list[LabelledPlace]:
    return [
        case
        for case in cases
        if (options.disputed or not case.disputed)
        and options.project in (None, case.project)
        and options.family in (None, case.family)
        and options.id in (None, case.id)
    ]


def _score(cases: Sequence[LabelledPlace], options: argparse.Namespace) -> tuple[list[Row], Totals]:
    command = tuple(shlex.split(options.command))
    releases: dict[tuple[str, str], list[LabelledPlace]] = defaultdict(list)
    fixes: dict[tuple[str, str], list[LabelledPlace]] = defaultdict(list)
    for case in cases:
        releases[case.project, case.version].append(case)
        if options.fixed and case.fixed:
            fixes[case.project, case.fixed].append(case)
    rows: list[Row] = []
    findings = lines = failures = 0
    for project, version in sorted(releases.keys() | fixes.keys()):
        try:
            tree = unpacked(project, version, options.cache)
        except FetchError as error:
            print(f"not scored: {error}", file=sys.stderr)
            continue
        checked = check(tree, command=command, confidence=options.confidence)
        rows += score_tree(releases.get((project, version), ()), checked)
        rows += score_fixed(fixes.get((project, version), ()), checked)
        size = line_count(python_files(tree))
        print(
            f"{project} {version}: {len(checked.findings)} findings in {size} lines, "
            f"{checked.seconds:.1f} s, {len(checked.failures)} failures",
            file=sys.stderr,
        )
        if (project, version) in releases:
            findings += len(checked.findings)
            lines += size
            failures += len(checked.failures)
    return rows, Totals(findings, lines, failures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; the exit code is 1 when a threshold is not met, 2 when no case is left."""
    options = _options(arguments)
    cases = _chosen(load_manifest(options.manifest), options)
    if not cases:
        print("no case is left: check --project, --family and --id", file=sys.stderr)
        return 2
    rows, totals = _score(cases, options)
    if not options.quiet:
        for row in rows:
            if not row.right:
                print(_mistake(row))
    if options.json:
        table = [{**asdict(row), "right": row.right} for row in rows]
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(summary(rows, totals))
    found, leaks, alarms, clean = _counts(rows)
    too_few = found / max(1, leaks) < options.min_recall
    too_many = alarms / max(1, clean) > options.max_false_alarms
    return int(too_few or too_many)


if __name__ == "__main__":
    raise SystemExit(main())
