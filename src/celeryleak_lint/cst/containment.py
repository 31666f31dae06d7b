"""Keeps libcst from taking the run down: bounds before it, a child process, a time limit.

Expected trouble is a value here. Knows how dangerous a text is, not what is asked of it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import msgspec

from celeryleak_lint.cst.jobs import JobKind, Plain, describe, perform
from celeryleak_lint.cst.scanning import Unscannable, logical_lines
from celeryleak_lint.cst.stacks import run_on_stack
from celeryleak_lint.cst.weight import weigh

#: Depth up to which libcst neither crashes nor recurses too deep on a stack of its own.
SAFE_DEPTH = 200
#: Depth beyond which only time would be lost, even in a child process.
HOPELESS_DEPTH = 5_000
#: Characters (about 2,500 lines) up to which a parse in this process ends within a second.
SAFE_SIZE = 120_000
#: Seconds that a child process may take.
TIME_LIMIT = 10.0

_STACK_MEGABYTES = 64
_START_UP = (
    "import sys, json; request = json.load(sys.stdin); sys.path[:] = request['path']; "
    "from celeryleak_lint.cst.isolated import main; main(request)"
)


class Contained(msgspec.Struct, frozen=True):
    """Why a job gave no result; ``line`` counts from 1 in the text of the job.

    ``is_syntax`` is true when libcst's grammar refused the text: then nothing was dangerous.
    ``error`` is the class of what the job raised, empty when it raised nothing.
    """

    line: int
    reason: str
    is_syntax: bool = False
    error: str = ""


def run_contained(
    kind: JobKind, text: str, argument: Sequence[Plain], *, time_limit: float = TIME_LIMIT
) -> list[Plain] | Contained:
    """Do a job of ``jobs.perform``; raises nothing but ``KeyboardInterrupt``."""
    lines = logical_lines(text)
    if isinstance(lines, Unscannable):
        return Contained(lines.line, lines.reason, is_syntax=True)
    weight = weigh(text, lines)
    if weight.certain > HOPELESS_DEPTH:
        return Contained(
            weight.line,
            f"an expression makes a tree of {weight.certain} levels, the parser is stopped at "
            f"{HOPELESS_DEPTH}; split the expression",
        )
    if weight.possible > SAFE_DEPTH or len(text) > SAFE_SIZE:
        return _in_child(kind, text, argument, time_limit)
    outcome = run_on_stack(_STACK_MEGABYTES, lambda: perform(kind, text, argument))
    # positions that a swallowed recursion error has left out are missing keys
    if isinstance(outcome, RecursionError | KeyError):
        return _in_child(kind, text, argument, time_limit)
    return _failed(outcome) if isinstance(outcome, BaseException) else outcome


def _failed(error: BaseException) -> Contained:
    kind, line, detail = describe(error)
    return _refused(kind, line, detail)


def _refused(kind: str, line: int, detail: str) -> Contained:
    if kind == "ParserSyntaxError":
        reason = f"the parser refuses this statement ({detail})"
        return Contained(line, reason, is_syntax=True, error=kind)
    return Contained(line, f"the parser failed on this statement ({kind}: {detail})", error=kind)


def _in_child(
    kind: JobKind, text: str, argument: Sequence[Plain], time_limit: float
) -> list[Plain] | Contained:
    import subprocess

    request = {"path": _search_path(), "kind": kind, "text": text, "argument": argument}
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-c", _START_UP],
            input=json.dumps(request).encode("ascii"),
            capture_output=True,
            timeout=time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Contained(
            1,
            f"the parser needs more than {time_limit:g} seconds for this statement; "
            "split its longest expression",
        )
    except (OSError, ValueError) as error:
        return Contained(1, f"no child process for a difficult statement can be started ({error})")
    return _answer(child.stdout, child.returncode)


def _answer(output: bytes, status: int) -> list[Plain] | Contained:
    try:
        answer = json.loads(output)
        if "result" in answer:
            return list(answer["result"])
        kind, line, detail = answer["error"]
    except (ValueError, TypeError, KeyError):
        return Contained(
            1,
            f"the parser crashed on this statement (its process ended with status {status}); "
            "split its longest expression",
        )
    return _refused(kind, line, detail)


def _search_path() -> list[str]:
    """Where the child finds libcst: as here, but never by way of the current directory."""
    return [os.path.abspath(entry) for entry in sys.path if entry]
