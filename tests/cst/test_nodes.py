"""The parts of nodes: what libcst itself calls children, without layout."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from libcst._nodes import op, whitespace

import celeryleak_lint
from celeryleak_lint.cst.nodes import children

_SOURCES = sorted(Path(celeryleak_lint.__file__).parent.glob("*/*.py"))

_RARE = '''
@decorated(1, *a, key=b, **c)
class C[T: int, *Ts, **P](Base, metaclass=M):
    """Text."""

    x: int = 1 if y else 2

async def f[T](a, /, b: int = 1, *args: str, c, d=2, **kw) -> None:
    async with x as y, (z): pass
    async for i, *rest in w:
        yield await i
    else:
        del i, rest
    try:
        raise E from e
    except (A, B) as error:
        nonlocal_ = [j async for k in l if m for j in k if not n]
    except C:
        global q
    else:
        a = b = {**c, "d": 1, 2: (3, *e)}
    finally:
        assert x, "y"
    try: pass
    except* E as group: pass
    return lambda p, *q, r=1, **s: {t: u for t in v} | {w for w in x}

def g(a, *, b): return a[1:2:3, ..., -b] <= f"{c!r:>{d}}" "e" < not_

match command:
    case [1, Point(x=0, y=P.z), *rest] | {"k": v, **others} if rest:
        x += (y := 2)
    case None | "s" as name:
        import a.b as c, d
        from . import (e, f as g,)
    case (1, 2):
        while x @ y ** -z:
            break
        else:
            continue
type Alias[T] = list[T]
print(*a, **b); x.y.z = 1
'''

_TOKENS = (
    cst.Asynchronous,
    cst.LeftCurlyBrace,
    cst.LeftParen,
    cst.LeftSquareBracket,
    cst.ParamSlash,
    cst.ParamStar,
    cst.RightCurlyBrace,
    cst.RightParen,
    cst.RightSquareBracket,
)
_LAYOUT = tuple(
    found
    for module in (op, whitespace)
    for found in vars(module).values()
    if isinstance(found, type)
    and issubclass(found, cst.CSTNode)
    and found.__module__ == module.__name__
)


def _without_layout(nodes: list[cst.CSTNode]) -> list[cst.CSTNode]:
    return [node for node in nodes if not isinstance(node, (*_LAYOUT, *_TOKENS))]


@pytest.mark.parametrize(
    "source", [_RARE, *(path.read_text() for path in _SOURCES[::6])], ids=lambda text: text[:24]
)
def test_children_are_those_of_libcst_in_their_order(source: str) -> None:
    pending: list[cst.CSTNode] = [cst.parse_module(source)]
    while pending:
        node = pending.pop()
        expected = _without_layout(list(node.children))
        found = _without_layout(children(node))
        assert [id(child) for child in found] == [id(child) for child in expected], type(node)
        pending += expected
