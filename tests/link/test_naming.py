"""What names stand for, where modules import each other's stars."""

from __future__ import annotations

from celeryleak_lint.extract.module import extract
from celeryleak_lint.link.index import Index
from celeryleak_lint.link.naming import Naming
from celeryleak_lint.model.source import SourceFile

_MODULES = 30


def _mesh() -> Naming:
    """Thirty modules, each with the stars of all others; the last defines ``Found``."""
    summaries = []
    for number in range(_MODULES):
        lines = [f"from part{other} import *" for other in range(_MODULES) if other != number]
        if number == _MODULES - 1:
            lines.append("class Found: ...")
        path = f"part{number}.py"
        file = SourceFile(path=path, module=f"part{number}", is_package=False)
        summaries.append(extract(file, "\n".join(lines).encode()))
    return Naming(Index.of(summaries))


def test_a_name_is_found_through_stars() -> None:
    assert _mesh().canonical("part0.Found") == f"part{_MODULES - 1}.Found"


def test_a_name_that_nobody_defines_is_looked_for_once() -> None:
    # each way through the stars on its own would take longer than anybody waits
    assert _mesh().canonical("part0.missing") == "part0.missing"
