"""The finder of record against ``ast``: same constructs, exact ranges, in every form of file."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from pathlib import Path

import pytest

from celeryleak_lint.cst.containment import run_contained
from celeryleak_lint.cst.layout import Layout, lay_out
from celeryleak_lint.cst.locate import Located, Placed, Unplaced, locate
from celeryleak_lint.cst.slices import LONG, Slicer
from celeryleak_lint.cst.thinning import thin
from celeryleak_lint.model.source import Span, Spot

from .oracle import expected

SAMPLE = '''\
"""Grüße."""
import a; b = a.b(); c = "ä", b(), b(b())

@a.task(bind=b())
@a.plain
class K(a.Base, metaclass=b()):
    pool = a.Pool()

    @a[0].deco
    async def m(self, x=b(), *, y: a.T = (b)(1)) -> b():
        def inner():
            return lambda: b(b().b())
        return f"{b(1)} {x:{b()}}" \\
            f"{b()}" + (
                b).c().c(
                ).d

if a.TYPE_CHECKING:
    from a import z
elif b():
    z = b()()
else:
    try: z = a.z()
    except (b(), a): pass
    finally:
        z = [b(i) for i in b() if b(i)]
\fdef tail(): return b("é", b())
\f    \fb()
with b() as q, b(): b(); b()
'''


def _check(data: bytes, wanted: dict[Spot, Span]) -> None:
    located = locate(data, list(wanted))
    assert located.unplaced == ()
    assert {found.spot: found.span for found in located.placed} == wanted


@pytest.mark.parametrize("module", [dataclasses, typing])
def test_every_construct_of_a_real_module_is_placed_exactly(module: object) -> None:
    data = Path(inspect.getfile(module)).read_bytes()

    _check(data, expected(data.decode()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("final", [True, False])
def test_line_ends_do_not_matter(end: str, *, final: bool) -> None:
    text = (
        SAMPLE.replace("\f    \fb()\n", "") if final else SAMPLE[:-1].replace("\f    \fb()\n", "")
    )

    _check(text.replace("\n", end).encode(), expected(text))


def test_form_feeds_count_as_columns() -> None:
    wanted = {spot: span for spot, span in expected(SAMPLE).items() if spot.line >= 27}
    assert Span(28, 7, 28, 10) in wanted.values()

    _check(SAMPLE.encode(), wanted)


def test_other_encodings_are_read_by_their_cookie() -> None:
    text = "# -*- coding: latin-1 -*-\n" + SAMPLE

    _check(text.encode("latin-1"), expected(text))


def test_names_are_compared_as_python_knows_them() -> None:
    text = "class \uff21:\n    def \ufb01(self):\n        return \uff4fpen(self.\uff46())\n"
    spots = [Spot("call", "A.fi", 3, "open"), Spot("def", "A.fi", 2, "fi")]

    located = locate(text.encode(), spots)

    assert located.placed == (
        Placed(spots[1], Span(2, 9, 2, 10)),
        Placed(spots[0], Span(3, 16, 3, 30)),
    )


def test_a_byte_order_mark_is_a_column_of_the_first_line_only() -> None:
    spots = [Spot("call", "", 1, "f"), Spot("call", "", 2, "f")]

    located = locate(b"\xef\xbb\xbff()\nf()\n", spots)

    assert located.placed == (
        Placed(spots[0], Span(1, 2, 1, 5)),
        Placed(spots[1], Span(2, 1, 2, 4)),
    )


@pytest.mark.parametrize("function", ["", "K", "K.m"])
def test_headers_go_by_both_scopes(function: str) -> None:
    data = b"class K(base()):\n    x = body()\n    def m(self, a=default()): return 1\n"
    line, name = {"": (1, "base"), "K": (2, "body"), "K.m": (3, "default")}[function]

    (found,) = locate(data, [Spot("call", function, line, name)]).placed

    assert found.span.line == line


def test_home_goes_before_alias_when_both_are_on_the_line() -> None:
    data = b"def g(a=f()): return f(1)\n"
    spots = [Spot("call", "", 1, "f"), Spot("call", "g", 1, "f")]

    placed = locate(data, spots).placed

    assert [found.span.column for found in placed] == [9, 22]
    assert [found.spot for found in placed] == spots


def test_compound_statements_count_by_their_headers() -> None:
    data = b"if a(\n  1) : # c\n    b\nfor x in y:\n    match x:\n        case 1: pass\n"
    spots = [Spot("statement", "", line, "") for line in (1, 4, 5)]

    spans = [found.span for found in locate(data, spots).placed]

    assert spans == [Span(1, 1, 2, 7), Span(4, 1, 4, 12), Span(5, 5, 5, 13)]


@pytest.mark.parametrize(
    ("spot", "line", "reason"),
    [
        (Spot("call", "", 9, "f"), 9, "no statement is on its line"),
        (Spot("call", "", 2, "f"), 2, "no statement is on its line"),
        (Spot("call", "", 1, "g"), 1, "nothing in the tree matches it"),
        (Spot("call", "h", 1, "f"), 1, "nothing in the tree matches it"),
        (Spot("def", "", 1, "f"), 1, "nothing in the tree matches it"),
        (Spot("call", "", 1, "f", 2), 1, "number 3 of its name is asked for, its line has 2"),
    ],
)
def test_what_is_not_there_is_said_so(spot: Spot, line: int, reason: str) -> None:
    assert locate(b"f(f())\n\n", [spot]) == Located((), (Unplaced((spot,), line, reason),))


def test_a_formatted_string_may_give_its_calls_another_line() -> None:
    data = b'x = f"""\n\n{f()}\n"""\ndef g(): f()\n'

    (found,) = locate(data, [Spot("call", "", 1, "f")]).placed

    assert found.span == Span(3, 2, 3, 5)


LONG_FILE = "\n".join(
    [
        "@deco(1)",
        "class Long(base(2)):",
        *("    def method(self):\n        return call(self)\n" for _ in range(LONG)),
        "    if True:",
        "        match 1:",
        "            case 1 if guard():",
        *("                step()" for _ in range(LONG)),
        "                def deep(x=default()):",
        "                    return found('ü', inner())",
        "    else:",
        "        other()",
        "    last = 1",
        "",
    ]
)


def test_long_statements_are_cut_where_the_suspect_is() -> None:
    layout = lay_out(LONG_FILE.encode())
    assert isinstance(layout, Layout)
    line = LONG_FILE[: LONG_FILE.index("found(")].count("\n") + 1

    piece = Slicer(layout).around(line)

    assert piece is not None
    assert piece.text == (
        "class Long:\n    if 1:\n        if 1:\n            if 1:\n"
        "                def deep(x=default()):\n"
        "                    return found('ü', inner())\n"
    )
    assert piece.lines[-2:] == (line - 1, line)


def test_nothing_is_lost_by_cutting() -> None:
    _check(LONG_FILE.encode(), expected(LONG_FILE))


def test_long_displays_are_thinned_without_moving_what_is_left() -> None:
    rows = "".join(
        f'    {row}, "a#", [x.y, (1,)],  # c\n    {{"k": None}},\n' for row in range(300)
    )
    text = f"x = [\n{rows}    f(1, 2), 3, g(\n{rows}),\n{rows}]\n"
    layout = lay_out(text.encode())
    assert isinstance(layout, Layout)
    piece = Slicer(layout).around(1)
    assert piece is not None

    thinned = thin(piece)

    assert len(thinned.lines) < 20
    assert len(thinned.lines) == thinned.text.count("\n")
    _check(text.encode(), expected(text))


def test_small_slices_stay_whole() -> None:
    layout = lay_out(b"x = [1, 2, 3, f()]\n")
    assert isinstance(layout, Layout)
    piece = Slicer(layout).around(1)
    assert piece is not None

    assert thin(piece) is piece


def test_template_strings_are_read_side_by_side() -> None:
    (found,) = locate(b"t\"{f()}\" rt'{g()}'\n", [Spot("call", "", 1, "g")]).placed

    assert found.span == Span(1, 14, 1, 17)


def test_both_processes_answer_alike() -> None:
    asked = [["call", "", 1, "f", 0], ["call", "", 1, "g", 0]]
    near = run_contained("find", "x = f()\n", asked)
    far = run_contained("find", "x = f() + " + "(" * 150 + "a" + ")" * 150 + "\n", asked)

    assert near == far == [[1, 5, 1, 8], "nothing in the tree matches it"]
