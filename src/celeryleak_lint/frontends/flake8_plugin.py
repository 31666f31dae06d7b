"""The flake8 plugin ``CLK``: the same findings as the command, ``noqa`` left to flake8.

It must never raise: an exception in a plugin ends the whole flake8 run.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import celeryleak_lint
from celeryleak_lint.frontends.handover import Row, Rows, hand_over, is_worker, take_over
from celeryleak_lint.model.findings import CONFIDENCES

if TYPE_CHECKING:
    from flake8.options.manager import OptionManager

    from celeryleak_lint.frontends.run import Outcome, Request

PREFIX = "CLK"

#: Keys of our configuration that hold a list and that flake8 has no option of its own for.
_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "exclude": "What is no part of the project, as in a .gitignore.",
        "src": "Folders that imports start from.",
        "hot": "Functions that run again and again.",
        "once": "Functions that run once in a process.",
    }
)


class Plugin:
    """What flake8 knows of us: one object a file, options on the class, as its interface demands."""

    name = "celeryleak-lint"
    version = celeryleak_lint.__version__

    _rows: ClassVar[Rows] = {}
    _request: ClassVar[Request | None] = None

    def __init__(  # the name `tree` is how flake8 knows that we run once a file
        self,
        tree: object,  # noqa: ARG002
        filename: str,
        lines: Sequence[str] = (),
    ) -> None:
        """Take what flake8 offers of a file."""
        self._filename = filename
        self._lines = lines

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Register our options, on the command line and in flake8's files."""
        manager.add_option(
            "--clk-confidence",
            default="",
            choices=CONFIDENCES,
            parse_from_config=True,
            help="Report findings at least this sure: certain, likely or possible.",
        )
        manager.add_option(
            "--clk-config",
            default="",
            parse_from_config=True,
            normalize_paths=True,
            metavar="FILE",
            help="Configuration file of celeryleak-lint (default: the nearest one).",
        )
        manager.add_option(
            "--clk-baseline",
            default="",
            parse_from_config=True,
            normalize_paths=True,
            metavar="FILE",
            help="Do not report what this baseline of celeryleak-lint lists.",
        )
        manager.add_option(
            "--clk-diff-base",
            default="",
            parse_from_config=True,
            metavar="REV",
            help="Report only what is new since this git revision.",
        )
        for name, text in _LISTS.items():
            manager.add_option(
                f"--clk-{name}",
                default="",
                parse_from_config=True,
                comma_separated_list=True,
                metavar="LIST",
                help=text,
            )

    @classmethod
    def parse_options(cls, options: Namespace) -> None:
        """Analyse the project once, before flake8 shares out the files."""
        cls._rows, cls._request = {}, None
        if not _is_wanted(options):
            return
        given = take_over() if is_worker() else None
        if given is not None:
            cls._rows = given
            return
        request = _request(options)
        if "-" in options.filenames:
            cls._request = request
            return
        if is_worker():
            cls._rows = _analysed(request)
            return
        cls._rows = _analysed(request, _refuse)
        _shared(cls._rows)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The findings of this file."""
        rows = self._rows
        if self._request is not None:
            rows = _analysed(_with_text(self._request, self._filename, self._lines))
        for line, column, text in rows.get(os.path.realpath(self._filename), ()):
            yield line, column, text, type(self)


def _is_wanted(options: Namespace) -> bool:
    """Whether flake8 would show any finding of ours at all."""
    if not options.select:
        return True
    selected = (*options.select, *(options.extend_select or ()))
    return any(code.startswith(PREFIX) or PREFIX.startswith(code) for code in selected)


def _request(options: Namespace) -> Request:
    from celeryleak_lint.frontends.run import Request

    chosen: dict[str, object] = {}
    for name in ("confidence", "baseline"):
        if value := getattr(options, f"clk_{name}"):
            chosen[name] = value
    for name in _LISTS:
        if listed := getattr(options, f"clk_{name}"):
            chosen[name] = list(listed)
    return Request(
        # flake8 has its own word for paths that do not exist
        paths=tuple(path for path in options.filenames if os.path.exists(path)),
        options=chosen,
        config=options.clk_config or None,
        diff_base=options.clk_diff_base or None,
        jobs=1 if is_worker() else 0,
    )


def _with_text(request: Request, filename: str, lines: Sequence[str]) -> Request:
    from msgspec.structs import replace

    return replace(request, paths=(), text="".join(lines).encode(), text_name=filename)


def _analysed(
    request: Request, refuse: Callable[[Sequence[str]], None] = lambda _messages: None
) -> Rows:
    """The findings by file; none, and a line on stderr, when the analysis cannot be done.

    What is wrong with the configuration is given to ``refuse``, too, which may raise.
    """
    from celeryleak_lint.frontends.run import Trouble, run

    try:
        outcome = run(request)
    except Exception as error:  # noqa: BLE001 - an exception here would end the flake8 run
        _warn(f"internal error: {type(error).__name__}: {error}; please report this")
        return {}
    if isinstance(outcome, Trouble):
        for message in outcome.messages:
            _warn(message)
        refuse(outcome.messages)
        return {}
    return _rows(outcome)


def _refuse(messages: Sequence[str]) -> None:
    """End the flake8 run before it begins: a gate that checks nothing must not pass."""
    from flake8.exceptions import ExecutionError

    raise ExecutionError(f"celeryleak-lint cannot do its job ({len(messages)} reasons above)")


def _rows(outcome: Outcome) -> Rows:
    """All findings, also those that a comment switches off: flake8 judges that itself.

    A file that flake8 can parse and we cannot has its failure for a finding; for one that
    flake8 cannot parse either, it asks no plugin.
    """
    from celeryleak_lint.report.escape import escaped

    rows: dict[str, list[Row]] = {}
    root, report = outcome.prepared.place.root, outcome.report
    for finding in (*report.findings, *report.suppressed):
        row = (finding.span.line, finding.span.column - 1)
        text = f"{finding.code} {escaped(finding.message)}"
        rows.setdefault(os.path.join(root, finding.path), []).append((*row, text))
    files = frozenset(file.path for file in outcome.prepared.scope.files)
    for failure in report.failures:
        text = f"{failure.code} {escaped(failure.message)}"
        if failure.path in files:
            row = (failure.line, failure.column - 1)
            rows.setdefault(os.path.join(root, failure.path), []).append((*row, text))
        elif failure.path not in outcome.prepared.scope.deploy:
            _warn(": ".join(filter(None, (failure.path, text))))
    return rows


def _shared(rows: Rows) -> None:
    try:
        hand_over(rows)
    except OSError as error:
        _warn(f"cannot hand findings to worker processes, each will analyse by itself: {error}")


def _warn(message: str) -> None:
    from celeryleak_lint.report.escape import escaped

    print(f"celeryleak-lint: {escaped(message)}", file=sys.stderr)  # noqa: T201 - no click in flake8
