"""Files made of sections and options: systemd units, supervisor's configuration, Airflow's."""

from __future__ import annotations

import configparser
import shlex
from collections.abc import Iterator, Sequence

from celeryleak_lint.deploy.source import Source, mentions_worker

_Option = tuple[str, str, int]


def read_unit(source: Source) -> None:
    """Take in the workers and the environment of a systemd unit."""
    for section, name, value, line in _options(source, _joined(source.lines), comments=None):
        if section != "Service":
            continue
        if name.startswith("Exec"):
            source.add_script(value.lstrip("@-:+!"), line, _end(source, line))
        elif name == "Environment":
            source.add_assignments(_split(value), line)


def read_ini(source: Source) -> None:
    """Take in what supervisor starts, and the settings of other files of this form."""
    for section, name, value, line in _options(source, source.lines, comments=(" ;",)):
        if name == "command":
            source.add_script(value.replace("\n", " "), line, line + value.count("\n"))
        elif name == "environment":
            source.add_assignments(value.replace(",", " ").split(), line)
        elif section == "celery":
            source.add_setting(f"AIRFLOW__CELERY__{name.upper()}", value, line)
        else:
            source.add_setting(name, value, line)


def read_environment(source: Source) -> None:
    """Take in a file of ``NAME=value`` lines."""
    for number, line in enumerate(source.lines, start=1):
        source.add_assignments([line.strip().removeprefix("export ")], number)


def read_procfile(source: Source) -> None:
    """Take in a Procfile: ``name: command`` on each line."""
    for number, line in enumerate(source.lines, start=1):
        _, colon, command = line.partition(":")
        if colon and not line.lstrip().startswith("#"):
            source.add_script(command, number, number)


def read_shell(source: Source) -> None:
    """Take in a shell script."""
    source.add_script(source.text, 1, len(source.lines), by_row=True)
    for number, line in enumerate(source.lines, start=1):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.isidentifier():
            source.add_setting(name, value, number)


def _options(
    source: Source, lines: Sequence[str], *, comments: tuple[str, ...] | None
) -> Iterator[tuple[str, str, str, int]]:
    """Section, name, value and line of each option; a file without sections has none."""
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, delimiters=("=",), default_section="\0",
        inline_comment_prefixes=comments, empty_lines_in_values=False,
    )  # fmt: skip
    numbered = _Numbered(lines)
    parser.optionxform = numbered.name  # type: ignore[assignment, method-assign]
    try:
        parser.read_file(numbered, source.path)
    except configparser.MissingSectionHeaderError:
        return
    except configparser.Error as error:
        if mentions_worker(source):
            first = str(error).splitlines()[0].lower()
            source.fail(numbered.line, f"cannot be read: {first}; its workers were not checked")
        return
    for section in parser.sections():
        for numbered_name, value in parser.items(section, raw=True):
            line, _, name = numbered_name.partition(" ")
            yield section, name, value or "", int(line)


class _Numbered:
    """Lines that know which of them was handed out last, and name options after it.

    A name with its line is unique, so that repeated options (``Environment=``) all survive.
    """

    __slots__ = ("_lines", "line")

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._lines, start=1):
            self.line = number
            yield line + "\n"

    def name(self, option: str) -> str:
        """An option's name behind the number of its line."""
        return f"{self.line} {option}"


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines with those that continue them (a final backslash) appended, and blanks in their place."""
    joined: list[str] = []
    opened = -1
    for line in lines:
        continues = line.endswith("\\")
        text = line[:-1] if continues else line
        if opened >= 0:
            if not line.lstrip().startswith(("#", ";")):
                joined[opened] += " " + text.strip()
            else:
                continues = True
            joined.append("")
        else:
            joined.append(text)
        opened = (opened if opened >= 0 else len(joined) - 1) if continues else -1
    return joined


def _end(source: Source, line: int) -> int:
    """The last line that continues ``line``."""
    while line < len(source.lines) and source.lines[line - 1].endswith("\\"):
        line += 1
    return line


def _split(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()
