"""Applies every fix to copies of real releases, and looks for harm.

    python bench/fix_packages.py                             every release of leakbench.toml
    python bench/fix_packages.py feast==0.67.0 litellm==1.109.1
    python bench/fix_packages.py --confidence possible       the wide net

On a copy of each release it runs `celeryleak-lint check --fix --unsafe-fixes` twice. Then

- every file still compiles;
- the second run has changed nothing;
- what was fixed is not reported any more, and nothing new is, but for what stands on a line as
  it was before: one finding speaks for several places, and the next of them speaks up;
- each remaining finding says why it has no fix;
- flake8 (F, E302, E303, E305) and Ruff (F, B, E9, PLW0603) report nothing new.

It prints how many findings were fixed, by kind of fix, and how many were left, by reason. The
exit code is 1 when there was any harm.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checking import document
from critics import Critics, critics
from leakbench import MANIFEST, load_manifest
from releases import DEFAULT_CACHE, FetchError, pinned, python_files, unpacked

DEFAULT_TOOLS_CACHE = Path.home() / ".cache" / "celeryleak-speed"
QUOTED = re.compile(r"`[^`]*`")
BOTH = ("--fix", "--unsafe-fixes")
NO_REASON = "(no reason given)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the fixes did to one release.

    Of the `files` that were changed, so many are `untidy`: a formatter would change them again.
    `fixed` and `left` count kinds of fixes and reasons, with the names in them replaced by
    `...`; `harm` is one line for each thing that should not have happened.
    """

    release: str
    files: int
    untidy: int
    fixed: Counter[str]
    left: Counter[str]
    harm: tuple[str, ...]


def fixed_copy(release: str, tree: Path, tools: Critics, confidence: str) -> Outcome:
    """Fix a copy of `tree` twice and compare; raises `RuntimeError` when a run fails."""
    with tempfile.TemporaryDirectory() as folder:
        copy, cache = Path(folder).resolve() / "tree", Path(folder) / "cache"
        shutil.copytree(tree, copy, symlinks=True)
        stored = ("--cache-dir", str(cache))
        before = document(copy, *stored, confidence=confidence)
        first = document(copy, *stored, *BOTH, confidence=confidence)
        names = changed(tree, copy)
        texts = {name: copy.joinpath(name).read_bytes() for name in names}
        second = document(copy, *stored, *BOTH, confidence=confidence)
        worse = untidy(tools, tree, copy, names)
        harm = [
            *unparsable(tree, copy, names),
            *(f"{name}: changed again by a second run" for name in changed(tree, copy)
              if texts.get(name) != copy.joinpath(name).read_bytes()),
            *unexpected(before, first, second, fresh_lines(tree, copy, names)),
            *louder(tools, tree, copy, names),
        ]  # fmt: skip
    kinds = Counter(without_names(each["title"]) for each in first["fixed"])
    left = Counter(without_names(each["no_fix"] or NO_REASON) for each in first["findings"])
    return Outcome(release, len(names), len(worse), kinds, left, tuple(harm))


def changed(before: Path, after: Path) -> list[str]:
    """Names of Python files whose bytes differ between two trees, or that are in one only."""
    names = {
        path.relative_to(tree).as_posix() for tree in (before, after) for path in python_files(tree)
    }
    return sorted(name for name in names if _bytes(before / name) != _bytes(after / name))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def unparsable(before: Path, after: Path, names: Iterable[str]) -> Iterator[str]:
    """Files that could be compiled before the fix and cannot now."""
    for name in names:
        if _compiles(before / name) and not _compiles(after / name):
            yield f"{name}: does not compile any more"


def _compiles(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def unexpected(
    before: Mapping[str, Any], first: Mapping[str, Any], second: Mapping[str, Any],
    fresh: Mapping[str, Collection[int]],
) -> Iterator[str]:  # fmt: skip
    """Findings that are still there, that are new, or that say neither fix nor reason.

    `fresh` has the lines of each changed file whose text the fixes wrote.
    """
    was, now = _keys(before["findings"]), _keys(second["findings"])
    fixed = _keys(first["fixed"])
    written = _keys(
        each for each in second["findings"] if each["line"] in fresh.get(each["path"], ())
    )
    for code, path, function in ((now - (was - fixed)) & written).elements():
        word = "still reported" if (code, path, function) in fixed else "new"
        yield f"{path}: {code} in {function or 'module level'}: {word} after the fix"
    for each in first["findings"]:
        if not each["no_fix"]:
            yield f"{each['path']}:{each['line']}: {each['code']}: left without a reason"
    for each in second["fixed"]:
        yield f"{each['path']}:{each['line']}: {each['code']}: fixed by the second run only"
    old = {each["message"] for each in before["failures"]}
    for each in first["failures"]:
        if each["message"] not in old:
            yield f"{each['path']}:{each['line']}: {each['message']}"


def fresh_lines(before: Path, after: Path, names: Iterable[str]) -> dict[str, set[int]]:
    """The lines (from 1) of each file whose text, but for its indentation, the file did not have before."""
    found = {}
    for name in names:
        old = {line.strip() for line in (_bytes(before / name) or b"").splitlines()}
        new = (_bytes(after / name) or b"").splitlines()
        found[name] = {n for n, line in enumerate(new, start=1) if line.strip() not in old}
    return found


def _keys(findings: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str, str]]:
    return Counter((each["code"], each["path"], each["function"] or "") for each in findings)


def louder(tools: Critics, before: Path, after: Path, names: Sequence[str]) -> Iterator[str]:
    """What the neighbours report after the fix and did not report before it."""
    if not names:
        return
    for (path, code, text), count in (tools.say(after, names) - tools.say(before, names)).items():
        yield f"{path}: {code} {text} ({count} new)"


def untidy(tools: Critics, before: Path, after: Path, names: Iterable[str]) -> list[str]:
    """Files that `ruff format` left alone at some usual line length, and at none of those now.

    That is no harm: what moves into a block may become too long for its line.
    """
    lengths = {name: set(tools.formatted(before, name)) for name in names}
    return [
        name
        for name, was in lengths.items()
        if was and was.isdisjoint(tools.formatted(after, name))
    ]


def without_names(text: str) -> str:
    """The text with everything in backticks replaced, so that equal kinds are equal."""
    return QUOTED.sub("`...`", text)


def tables(outcomes: Sequence[Outcome]) -> str:
    """Kinds of fixes and reasons with their counts, as Markdown."""
    fixed: Counter[str] = sum((each.fixed for each in outcomes), Counter())
    left: Counter[str] = sum((each.left for each in outcomes), Counter())
    harm = sum(len(each.harm) for each in outcomes)
    touched = sum(each.files for each in outcomes)
    untidy_files = sum(each.untidy for each in outcomes)
    head = (
        f"{len(outcomes)} releases, {fixed.total() + left.total()} findings: {fixed.total()} fixed "
        f"in {touched} files ({untidy_files} to be formatted again), {left.total()} left, "
        f"harm done: {harm}"
    )
    return "\n".join([head, "", *_counted("fix", fixed), "", *_counted("left because", left)])


def _counted(head: str, counts: Counter[str]) -> Iterator[str]:
    yield f"| {head} | findings |"
    yield "| --- | ---: |"
    for text, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"| {text} | {count} |"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("releases", nargs="*", type=pinned, metavar="NAME==VERSION")
    parser.add_argument("--confidence", choices=("certain", "likely", "possible"), default="")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="unpacked releases")
    parser.add_argument("--tools-cache", type=Path, default=DEFAULT_TOOLS_CACHE)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fix the copies and print what came of it."""
    options = _options(arguments)
    known = {(case.project, case.version) for case in load_manifest(MANIFEST)}
    tools = critics(options.tools_cache)
    outcomes = []
    for project, version in options.releases or sorted(known):
        try:
            tree = unpacked(project, version, options.cache)
        except FetchError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        outcome = fixed_copy(f"{project} {version}", tree, tools, options.confidence)
        outcomes.append(outcome)
        print(f"{outcome.release}: {outcome.fixed.total()} fixed, {outcome.left.total()} left",
              file=sys.stderr)  # fmt: skip
        for line in outcome.harm:
            print(f"  {outcome.release}: {line}", file=sys.stderr)
    print(tables(outcomes))
    return 1 if any(outcome.harm for outcome in outcomes) else 0


if __name__ == "__main__":
    raise SystemExit(main())
