"""Reads rule pages: headings, code blocks, and the expectations written beside the code.

Knows the page format of `docs/internals/pages.md` and nothing about rules, findings or the
engine. Whatever it cannot read is a `PageError` with file and line: a block that would
silently not be tested is worse than a page that does not load.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

MarkerKind = Literal["error", "possible", "trace"]

FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`]*)$")
HEADING = re.compile(r"^(?P<marks>#{1,6}) +(?P<title>.+?) *$")
LABEL = re.compile(r"^`(?P<path>[^`]+)`:$")
MARKER = re.compile(r"# (?P<kind>error|possible): (?P<codes>CLK\d{3}(?:, CLK\d{3})*)(?= *$| +#)")
TRACE = re.compile(r"# trace(?= *$| +#)")
TO_REMOVE = re.compile(rf" *(?:{MARKER.pattern}|{TRACE.pattern})")
NOQA = re.compile(r"# noqa\b[^#]*", re.IGNORECASE)
LOOKS_LIKE_MARKER = re.compile(r"CLK\d|#\s*(?:error|possible|trace)\b", re.IGNORECASE)


class PageError(Exception):
    """A page that cannot be read; the text starts with ``file:line:``."""

    def __init__(self, page: str, line: int, message: str) -> None:
        super().__init__(f"{page}:{line}: {message}")


@dataclass(frozen=True, slots=True)
class Marker:
    """One expectation: `code` (empty for a trace step) on `line` of the case file `path`."""

    path: str
    line: int
    kind: MarkerKind
    code: str = ""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One file of a case; `first_line` is the line of the page that holds its first line."""

    path: str
    text: str
    first_line: int


@dataclass(frozen=True, slots=True)
class Case:
    """A small project with its expectations.

    `options` is the text of a ``toml`` block, empty for the defaults. `split` asks for the
    twin in two modules. `line` is where the case starts on its page. `fixed` holds the
    texts that all fixes together make of its files, for those that are shown; `refused`
    says that no fix changes any of them.
    """

    page: str
    section: str
    heading: str
    line: int
    files: tuple[CaseFile, ...]
    markers: tuple[Marker, ...]
    options: str = ""
    split: bool = False
    fixed: tuple[CaseFile, ...] = ()
    refused: bool = False

    @property
    def name(self) -> str:
        """How the case is called in test output, clickable in most terminals."""
        return f"{self.page}:{self.line}"

    def texts(self) -> dict[str, str]:
        """File contents by path."""
        return {file.path: file.text for file in self.files}

    def python(self) -> dict[str, str]:
        """The contents of its Python files by path."""
        return {path: text for path, text in self.texts().items() if path.endswith(".py")}

    def unmarked(self) -> dict[str, str]:
        """File contents as their authors have them: without the markers of this page."""
        lines = {(marker.path, marker.line) for marker in self.markers}
        return {
            file.path: "\n".join(
                _unmarked(line) if (file.path, number) in lines else line
                for number, line in enumerate(file.text.split("\n"), start=1)
            )
            for file in self.files
        }

    def others(self) -> dict[str, str]:
        """The contents of its deploy and lock files by path."""
        return {path: text for path, text in self.texts().items() if not path.endswith(".py")}

    def expected(self, *kinds: MarkerKind) -> frozenset[tuple[str, int, str]]:
        """`(path, line, code)` of the markers of these kinds."""
        return frozenset((m.path, m.line, m.code) for m in self.markers if m.kind in kinds)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of level 2 or 3 with the prose and the cases directly under it.

    `parent` is the level-2 title a level-3 heading belongs to, and its own title at level 2.
    """

    level: int
    title: str
    parent: str
    line: int
    prose: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page: its first heading and its sections, in order."""

    name: str
    title: str
    sections: tuple[Section, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """Every case of the page, in order."""
        return tuple(case for section in self.sections for case in section.cases)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: info string split into words, its text, and the label before it."""

    line: int
    info: tuple[str, ...]
    text: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading outside any block."""

    line: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Prose:
    """One line of text outside any block."""

    line: int
    text: str


Part = Block | Heading | Prose


def load(path: Path, root: Path) -> Page:
    """Read the page at `path`; its name is the path relative to `root`."""
    return parse(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Page:
    """Read a page from `text`; raises `PageError` for anything that would go untested."""
    parts = tuple(_parts(name, text.split("\n")))
    titles = [part for part in parts if isinstance(part, Heading) and part.level == 1]
    if len(titles) != 1 or parts[0] is not titles[0]:
        raise PageError(name, 1, "a page starts with its only level-1 heading")
    return Page(name, titles[0].title, tuple(_sections(name, parts[1:])))


def _parts(name: str, lines: list[str]) -> Iterator[Part]:
    index = 0
    last_text = ""
    while index < len(lines):
        line = lines[index]
        fence = FENCE.match(line)
        if fence is not None:
            end = _closing_fence(name, lines, index, fence["ticks"])
            label = LABEL.match(last_text)
            text = "\n".join(lines[index + 1 : end]) + "\n"
            words = tuple(fence["info"].split())
            yield Block(index + 1, words, text, label["path"] if label else None)
            index, last_text = end + 1, ""
            continue
        heading = HEADING.match(line)
        if heading is not None:
            yield Heading(index + 1, len(heading["marks"]), heading["title"])
        else:
            yield Prose(index + 1, line)
        last_text = line.strip() or last_text
        index += 1


def _closing_fence(name: str, lines: list[str], start: int, ticks: str) -> int:
    for index in range(start + 1, len(lines)):
        if lines[index].rstrip() == ticks:
            return index
    raise PageError(name, start + 1, "this code block is never closed")


def _sections(name: str, parts: Iterable[Part]) -> Iterator[Section]:
    heading = Heading(1, 2, "")
    parent = ""
    body: list[Part] = []
    for part in parts:
        if not isinstance(part, Heading):
            body.append(part)
            continue
        if part.level > 3:
            raise PageError(name, part.line, "headings stop at level 3")
        if heading.title or any(isinstance(each, Block) for each in body):
            yield _section(name, heading, parent, body)
        heading, body = part, []
        parent = part.title if part.level == 2 else parent
    yield _section(name, heading, parent, body)


def _section(name: str, heading: Heading, parent: str, body: list[Part]) -> Section:
    prose = "\n".join(part.text for part in body if isinstance(part, Prose)).strip()
    blocks = [part for part in body if isinstance(part, Block)]
    cases = tuple(
        replace(case, section=parent, heading=heading.title) for case in _cases(name, blocks)
    )
    return Section(heading.level, heading.title, parent, heading.line, prose, cases)


def _cases(name: str, blocks: list[Block]) -> Iterator[Case]:
    """Cases with the texts that fixes make of them: those follow their case."""
    run: list[Block] = []
    fixed: list[Block] = []
    for block in filter(lambda each: _is_run(name, each), blocks):
        if "fixed" in _info(name, block).words:
            fixed.append(block)
            continue
        if fixed:
            yield from _with_fixed(name, run, fixed)
            run, fixed = [], []
        run.append(block)
    yield from _with_fixed(name, run, fixed)


def _with_fixed(name: str, run: list[Block], fixed: list[Block]) -> Iterator[Case]:
    """The cases of some blocks, the last with its fixed texts."""
    cases = list(_grouped(name, run))
    if fixed and not cases:
        raise PageError(name, fixed[0].line, "this fixed text follows no case")
    yield from cases[:-1]
    if cases:
        yield replace(cases[-1], fixed=tuple(_fixed(name, cases[-1], block) for block in fixed))


def _fixed(name: str, case: Case, block: Block) -> CaseFile:
    path = _path(block) or "main.py"
    file = CaseFile(path, block.text, block.line + 1)
    if path not in case.texts():
        raise PageError(name, block.line, f"the case before has no file `{path}`")
    marker = next(_markers(name, file), None)
    if marker is not None:
        where = file.first_line + marker.line - 1
        raise PageError(name, where, "a fixed text is written without markers")
    return file


def _grouped(name: str, blocks: list[Block]) -> Iterator[Case]:
    """Group blocks: labelled ones that follow each other are one project."""
    files: list[CaseFile] = []
    options: Block | None = None
    for block in blocks:
        info = _info(name, block)
        path, split = info.path, "split" in info.words
        joins = path is not None and not split and path not in {each.path for each in files}
        if files and not joins:
            yield _case(name, files, options)
            files, options = [], None
        if block.info[0] == "toml" and path is None:
            _check_used(name, options)
            options = block
            continue
        files.append(CaseFile(path or "main.py", block.text, block.line + 1))
        if path is None or split:
            yield _case(name, files, options, split=split, refused="refused" in info.words)
            files, options = [], None
    if files:
        yield _case(name, files, options)
        options = None
    _check_used(name, options)


def _is_run(name: str, block: Block) -> bool:
    language = block.info[0] if block.info else ""
    if language in {"python", "python3", "pycon"}:
        raise PageError(name, block.line, f"write `py`, not `{language}`, or `py ignore`")
    if "ignore" in block.info[1:]:
        return False
    return language in {"py", "toml"} or (bool(language) and _path(block) is not None)


def _check_used(name: str, options: Block | None) -> None:
    if options is not None:
        raise PageError(name, options.line, "these options are followed by no case")


def _path(block: Block) -> str | None:
    """The path of the file that a block is, from its info string or the label before it."""
    given = [word.removeprefix("path=") for word in block.info[1:] if word.startswith("path=")]
    return given[-1] if given else block.label


@dataclass(frozen=True, slots=True)
class _Info:
    """What the info string of a block says: the path of its file, and other words."""

    path: str | None
    words: frozenset[str]


def _info(name: str, block: Block) -> _Info:
    path = _path(block)
    words = [word for word in block.info[1:] if not word.startswith("path=")]
    known = {"py": {"split", "fixed", "refused"}, "toml": set()}.get(block.info[0], {"fixed"})
    for word in words:
        if word not in known:
            text = "`path=...`, `split`, `fixed`, `refused` and `ignore`"
            raise PageError(
                name,
                block.line,
                f"unknown word `{word}` after `{block.info[0]}`: known are {text}",
            )
    if path is not None and not _is_plain(path, is_python=block.info[0] == "py"):
        what = "a Python file" if block.info[0] == "py" else "a file that is no Python"
        raise PageError(name, block.line, f"`{path}` is no relative path of {what}")
    if "refused" in words and path is not None:
        raise PageError(name, block.line, "`refused` is for cases of one file")
    return _Info(path, frozenset(words))


def _is_plain(path: str, *, is_python: bool) -> bool:
    pure = PurePosixPath(path)
    is_inside = not pure.is_absolute() and ".." not in pure.parts
    return is_inside and (pure.suffix == ".py") == is_python


def _case(
    name: str, files: list[CaseFile], options: Block | None, *,
    split: bool = False, refused: bool = False,
) -> Case:  # fmt: skip
    markers = tuple(marker for file in files for marker in _markers(name, file))
    text = options.text if options is not None else ""
    line = files[0].first_line - 1
    return Case(name, "", "", line, tuple(files), markers, text, split, (), refused)


def _unmarked(line: str) -> str:
    return TO_REMOVE.sub("", line).rstrip()


def _markers(name: str, file: CaseFile) -> Iterator[Marker]:
    for line, comment in _comments(name, file):
        rest = NOQA.sub("", comment)
        for match in MARKER.finditer(rest):
            for code in match["codes"].split(", "):
                kind: MarkerKind = "error" if match["kind"] == "error" else "possible"
                yield Marker(file.path, line, kind, code)
        if TRACE.search(rest):
            yield Marker(file.path, line, "trace")
        if LOOKS_LIKE_MARKER.search(TRACE.sub("", MARKER.sub("", rest))):
            wanted = "`# error: CLKnnn`, `# possible: CLKnnn` or `# trace`"
            where = file.first_line + line - 1
            raise PageError(name, where, f"`{comment}` is no marker: expected {wanted}")


def _comments(name: str, file: CaseFile) -> Iterator[tuple[int, str]]:
    if not file.path.endswith(".py"):
        for number, line in enumerate(file.text.split("\n"), start=1):
            if "#" in line:
                yield number, line[line.index("#") :]
        return
    reader = io.StringIO(file.text).readline
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError) as error:
        raise PageError(name, file.first_line, f"this block is no Python: {error}") from None
