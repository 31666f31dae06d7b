"""The child process that does one job where libcst may crash or take for ever.

Its start-up line hands it a request; it writes one JSON object, ``{"result": [...]}`` or
``{"error": [kind, line, detail]}``. Whatever it dies of, its parent survives.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from celeryleak_lint.cst.jobs import Plain, describe, perform
from celeryleak_lint.cst.stacks import run_on_stack

#: Enough for every depth that is not refused beforehand; only touched pages cost memory.
_STACK_MEGABYTES = 512
_RECURSION_LIMIT = 1_000_000


def main(request: Mapping[str, Plain]) -> None:
    """Answer ``request`` (``kind``, ``text``, ``argument``) on standard output."""
    _forbid_core_dumps()
    sys.setrecursionlimit(_RECURSION_LIMIT)
    kind, text, argument = request["kind"], request["text"], request["argument"]
    answer = run_on_stack(_STACK_MEGABYTES, lambda: perform(str(kind), str(text), _rows(argument)))
    if isinstance(answer, BaseException):
        sys.stdout.write(json.dumps({"error": describe(answer)}))
    else:
        sys.stdout.write(json.dumps({"result": answer}))


def _rows(written: Plain) -> list[Plain]:
    return list(written) if isinstance(written, list) else []


def _forbid_core_dumps() -> None:
    try:
        import resource
    except ImportError:  # not on this system
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
