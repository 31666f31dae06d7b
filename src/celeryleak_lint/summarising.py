"""One file becomes its summary, or the failure that says why there is none."""

from __future__ import annotations

from celeryleak_lint.model.facts import ModuleSummary
from celeryleak_lint.model.findings import Failure
from celeryleak_lint.model.source import SourceFile

_TOO_DEEP = (
    "cannot be read: an expression or block is nested too deeply; "
    "split it, or exclude the file if a program has written it"
)


def summarise(file: SourceFile, data: bytes) -> ModuleSummary | Failure:
    """The summary of one file, syntax newer than this interpreter included; never raises.

    What cannot be read at all is a failure that names the line and the cause.
    """
    from celeryleak_lint.cst.decoding import undecodable

    wrong = undecodable(data)
    if wrong is not None:
        return Failure(file.path, wrong.line, 1, wrong.reason)
    try:
        return _extracted(file, data)
    except SyntaxError as error:
        return _modernised(file, data, error)
    except (ValueError, LookupError) as error:
        return Failure(file.path, 1, 1, f"cannot be read: {_first_line(error)}")
    except (RecursionError, MemoryError):
        return Failure(file.path, 1, 1, _TOO_DEEP)


def _extracted(file: SourceFile, data: bytes) -> ModuleSummary:
    """Extraction, with more room in the rare case that a tree needs it."""
    from celeryleak_lint.extract.module import extract

    try:
        return extract(file, data)
    except RecursionError:
        from celeryleak_lint.extract.depth import with_room

        return with_room(lambda: extract(file, data))


def _modernised(file: SourceFile, data: bytes, error: SyntaxError) -> ModuleSummary | Failure:
    """Read a file that this interpreter's grammar refuses, after rewriting newer syntax."""
    from celeryleak_lint.cst.modernise import Refusal, modernise

    rewritten = modernise(data)
    if isinstance(rewritten, Refusal):
        return Failure(file.path, rewritten.line, rewritten.column, rewritten.message)
    try:
        return _extracted(file, rewritten)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        line, column = error.lineno or 1, error.offset or 1
        return Failure(file.path, line, max(column, 1), f"cannot be parsed: {error.msg}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
