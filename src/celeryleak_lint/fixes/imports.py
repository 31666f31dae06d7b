"""Names of the standard library that a fix needs: how the file spells them, and the import if it has none.

Only plain top-level imports count: what stands under a condition may not have run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from celeryleak_lint.cst.blocks import Statement
from celeryleak_lint.fixes.sheet import Refusal, Sheet
from celeryleak_lint.model.edits import Edit

_STRAIGHT = re.compile(r"import\s+(?P<names>[^;#()]+?)\s*(?:#.*)?$")
_FROM = re.compile(r"from\s+(?P<module>\.*[\w.]*)\s+import\s*\(?(?P<names>[^;()]*)\)?\s*(?:#.*)?$")
_ALIAS = re.compile(r"(?P<name>[\w.]+|\*)(?:\s+as\s+(?P<alias>\w+))?$")
_COMMENT = re.compile(r"#[^\n]*")
_DOCSTRING = re.compile(r"(?:\(\s*)?[rRuU]?[\"']|\($")
_FUTURE = re.compile(r"(?:from\s+__future__\s+import\b|.*;\s*from\s+__future__\s+import\b)")
#: Lines that an added name may fill, as Black counts.
LINE_LENGTH = 88


class Import(msgspec.Struct, frozen=True):
    """One top-level import statement: ``module`` is empty for ``import a, b``; names with aliases."""

    statement: Statement
    module: str
    names: tuple[tuple[str, str], ...]

    @property
    def first(self) -> str:
        """The module that decides where the statement is sorted."""
        return self.module or self.names[0][0]


def spelled(
    sheet: Sheet, module: str, name: str, *, line: int
) -> tuple[str, tuple[Edit, ...]] | Refusal:
    """How the file may write ``module.name`` from ``line`` on, with the edits that make it so."""
    imports = [found for found in _imports(sheet) if found.statement.end_line < line]
    known = _known(imports, module, name)
    if known and _keeps_meaning(sheet, imports, known):
        return known, ()
    for found in imports:
        if found.module == module and name not in sheet.words:
            merged = _merged(sheet, found, name)
            if merged is not None:
                return name, (merged,)
    is_imported_from = any(f"{found.module}.".startswith(f"{module}.") for found in imports)
    if module in sheet.words and not is_imported_from:
        return Refusal(f"the name `{module}` has another meaning in this file or is imported late")
    return f"{module}.{name}", (_added(sheet, f"import {module}", module),)


def _known(imports: Sequence[Import], module: str, name: str) -> str:
    """How ``module.name`` is imported already; empty when it is not."""
    names = [
        (found.module, imported, alias) for found in imports for imported, alias in found.names
    ]
    for source, imported, alias in names:
        if source == module and imported == name:
            return alias or name
    for source, imported, alias in names:
        if not source and imported == module:
            return f"{alias or module}.{name}"
        if not source and not alias and imported.startswith(f"{module}."):
            return f"{module}.{name}"
    return ""


def _keeps_meaning(sheet: Sheet, imports: Sequence[Import], spelling: str) -> bool:
    """Whether nothing else in the file, no import of everything either, binds an imported name."""
    root, _, rest = spelling.partition(".")
    if not rest and any(("*", "") in found.names for found in imports):
        return False
    again = (
        rf"^(?:(?:async\s+def|def|class)\s+{root}\b|{root}\s*(?::[^=\n]*)?=(?!=)|del\s.*\b{root}\b)"
    )
    return re.search(again, sheet.layout.source.text, re.MULTILINE) is None


def joined(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits for several imports, with those that begin a group in the same place made one."""
    by_place: dict[tuple[str, int, int], Edit] = {}
    for edit in edits:
        place = (edit.path, edit.line, edit.column)
        known = by_place.get(place)
        if known is None or edit == known or not edit.text.endswith("\n"):
            by_place[place] = edit
            continue
        rest = known.text[len(known.text.rstrip("\n")) :]
        text = f"{known.text.rstrip()}\n{edit.text.strip()}{rest}"
        by_place[place] = replace(edit, text=text)
    return tuple(by_place.values())


def has_future_annotations(sheet: Sheet) -> bool:
    """Whether annotations of the file are never evaluated."""
    return any(
        found.module == "__future__" and ("annotations", "") in found.names
        for found in _imports(sheet)
    )


def imported_names(sheet: Sheet, statement: Statement) -> Iterator[str]:
    """The names that a statement binds if it is an import."""
    found = _read(sheet, statement)
    for name, alias in found.names if found is not None else ():
        yield alias or (name if found and found.module else name.partition(".")[0])


def _imports(sheet: Sheet) -> Iterator[Import]:
    for statement in sheet.layout.top_level():
        found = _read(sheet, statement)
        if found is not None:
            yield found


def _read(sheet: Sheet, statement: Statement) -> Import | None:
    word = sheet.layout.logical[statement.start].word
    if word not in ("import", "from"):
        return None
    lines = sheet.layout.physical[statement.line - 1 : statement.end_line]
    text = _COMMENT.sub("", "\n".join(lines)).replace("\\\n", " ")
    text = " ".join(text.split())
    match = (_STRAIGHT if word == "import" else _FROM).match(text)
    if match is None:
        return None
    aliases = [_ALIAS.match(part.strip()) for part in match["names"].split(",") if part.strip()]
    names = tuple((a["name"], a["alias"] or "") for a in aliases if a is not None)
    if not names:
        return None
    return Import(statement, match["module"] if word == "from" else "", names)


def _merged(sheet: Sheet, found: Import, name: str) -> Edit | None:
    """The name added to a one-line ``from`` import, in its sorted place."""
    statement = found.statement
    text = sheet.line(statement.line)
    plain = f"from {found.module} import " + ", ".join(
        f"{imported} as {alias}" if alias else imported for imported, alias in found.names
    )
    if statement.line != statement.end_line or text.rstrip() != plain:
        return None
    if len(text.rstrip()) + len(name) + 2 > LINE_LENGTH:
        return None
    start = len(f"from {found.module} import ")
    for imported, alias in found.names:
        if imported > name:
            break
        start += len(f"{imported} as {alias}" if alias else imported) + 2
    at_end = start > len(plain)
    column = (len(plain) if at_end else start) + 1 + (sheet.layout.column_shift(statement.line))
    return Edit(
        sheet.path, statement.line, column, statement.line, column,
        f", {name}" if at_end else f"{name}, ",
    )  # fmt: skip


def _added(sheet: Sheet, text: str, module: str) -> Edit:
    """A new line for ``text`` in the first group of imports, or where that group would begin."""
    header, rest = _header(sheet)
    if not rest:
        line = header[-1].end_line + 1 if header else 1
        return sheet.insert_line(line, f"\n{text}\n" if header else f"{text}\n")
    group = _first_group(sheet, rest)
    if group and all(found.first.partition(".")[0] in sys.stdlib_module_names for found in group):
        return _sorted_into(sheet, group, text, module)
    if group:
        return sheet.insert_line(_above(sheet, rest[0]), f"{text}\n\n")
    if header:
        return sheet.insert_line(header[-1].end_line + 1, f"\n{text}\n")
    first = rest[0]
    is_definition = sheet.layout.logical[first.start].word in ("def", "class", "async", "@")
    return sheet.insert_line(first.line, f"{text}\n\n\n" if is_definition else f"{text}\n\n")


def _header(sheet: Sheet) -> tuple[list[Statement], list[Statement]]:
    """The docstring and the ``__future__`` imports, and all statements after them."""
    statements = list(sheet.layout.top_level())
    count = 0
    if statements and _DOCSTRING.match(sheet.line(statements[0].line).lstrip()):
        count = 1
    for number, statement in enumerate(statements, start=1):
        if _FUTURE.match(sheet.line(statement.line)):
            count = number  # whatever stands above one, the compiler accepts nothing new there
    return statements[:count], statements[count:]


def _first_group(sheet: Sheet, statements: list[Statement]) -> list[Import]:
    """The imports at the start of ``statements`` with no blank line between them."""
    group: list[Import] = []
    for statement in statements:
        found = _read(sheet, statement)
        start = sheet.layout.comment_start(statement)
        if found is None or (group and start > group[-1].statement.end_line + 1):
            break
        group.append(found)
    return group


def _above(sheet: Sheet, statement: Statement) -> int:
    """The line above a statement and its comments; those at the start of the file belong to the file."""
    return statement.line if statement.start == 0 else sheet.layout.comment_start(statement)


def _sorted_into(sheet: Sheet, group: list[Import], text: str, module: str) -> Edit:
    straight = [found for found in group if not found.module]
    for found in straight:
        if found.first > module:
            return sheet.insert_line(_above(sheet, found.statement), f"{text}\n")
    if straight:
        return sheet.insert_line(straight[-1].statement.end_line + 1, f"{text}\n")
    return sheet.insert_line(_above(sheet, group[0].statement), f"{text}\n")
