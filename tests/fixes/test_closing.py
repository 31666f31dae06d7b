"""The `with` statement around a handle: what it covers, and when there is none."""

from __future__ import annotations

import textwrap

import pytest

from tests.fixes.mended import mended


def source(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            """
            def f(path):
                x = open(path)
                a = 1

                b = x.read()
                return a + len(b)
            """,
            """
            def f(path):
                with open(path) as x:
                    a = 1

                    b = x.read()
                return a + len(b)
            """,
            id="the block ends with the last use",
        ),
        pytest.param(
            """
            def f(path):
                x = open(path)  # why

                # what
                text = x.read()
                if not text:
                    return 0
                # closed below
                x.close()
                if not text:
                    return None
                return text
            """,
            """
            def f(path):
                with open(path) as x:  # why
                    # what
                    text = x.read()
                    if not text:
                        return 0
                    # closed below
                    x.close()
                if not text:
                    return None
                return text
            """,
            id="comments stay, and so does a close that has one",
        ),
        pytest.param(
            '''
            def f(path, name):
                x = open(path)
                text = """
                kept
            as it is
                """
                x.write(text.format(name))
                if x.closed:
                    pass
                    # deeper
                # outside
                return name
            ''',
            '''
            def f(path, name):
                with open(path) as x:
                    text = """
                kept
            as it is
                """
                    x.write(text.format(name))
                    if x.closed:
                        pass
                        # deeper
                # outside
                return name
            ''',
            id="strings over several lines are not moved",
        ),
        pytest.param(
            """
            import json


            def g(path):
                return json.load(
                    open(path)
                )
            """,
            """
            import json


            def g(path):
                with open(path) as f:
                    return json.load(f)
            """,
            id="line breaks around the call go with it",
        ),
        pytest.param(
            """
            def f(path, f):
                for line in open(path):
                    f(line)
            """,
            """
            def f(path, f):
                with open(path) as file:
                    for line in file:
                        f(line)
            """,
            id="a name that is free",
        ),
        pytest.param(
            """
            import sqlite3


            def f(the_path_of_the_database_of_all_orders, the_name_of_the_column):
                conn = sqlite3.connect(the_path_of_the_database_of_all_orders, timeout=1.5)
                return conn.execute("SELECT 1").fetchone(), the_name_of_the_column
            """,
            """
            import contextlib
            import sqlite3


            def f(the_path_of_the_database_of_all_orders, the_name_of_the_column):
                with contextlib.closing(
                    sqlite3.connect(the_path_of_the_database_of_all_orders, timeout=1.5)
                ) as conn:
                    return conn.execute("SELECT 1").fetchone(), the_name_of_the_column
            """,
            id="a header that would be too long",
        ),
        pytest.param(
            """
            import sqlite3
            from contextlib import closing, suppress


            def f(path):
                with suppress(OSError), sqlite3.connect(
                    path,
                    timeout=1,
                ) as conn:
                    conn.execute("DELETE FROM orders")
            """,
            """
            import sqlite3
            from contextlib import closing, suppress


            def f(path):
                with suppress(OSError), closing(
                    sqlite3.connect(
                        path,
                        timeout=1,
                    )
                ) as conn, conn:
                    conn.execute("DELETE FROM orders")
            """,
            id="an item of several lines, and a name that is imported",
        ),
        pytest.param(
            """
            def f(path, g):
                x = open(path)
                try:
                    return g(x.read())
                except ValueError:
                    return None
            """,
            """
            def f(path, g):
                with open(path) as x:
                    try:
                        return g(x.read())
                    except ValueError:
                        return None
            """,
            id="compound statements move whole",
        ),
        pytest.param(
            """
            def copy(p, q):
                a = open(p)
                b = open(q, "w")
                b.write(a.read())
                return open(p).read() == open(q).read()
            """,
            """
            def copy(p, q):
                with open(p) as a:
                    with open(q, "w") as b:
                        b.write(a.read())
                with open(p) as f:
                    with open(q) as file:
                        return f.read() == file.read()
            """,
            id="several handles, one in the other",
        ),
        pytest.param(
            """
            def g(path):
                if (text := open(path)).read():
                    return text.name
                elif path:
                    return ""
            """,
            """
            def g(path):
                with open(path) as f:
                    if (text := f).read():
                        return text.name
                    elif path:
                        return ""
            """,
            id="a header with its branches",
        ),
    ],
)  # fmt: skip
def test_what_is_written(before: str, after: str) -> None:
    assert mended(source(before)).text == source(after)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x = open(p)\nreturn (line for line in x)", ""),
        ("x = open(p)\ny = map(str, x)\nreturn y", "something that still reads from it is returned"),
        ("x = open(p)\ncache[p] = iter(x)", ""),
        ("x = open(p)\nreturn parsed(x)", "returned that may still read from it"),
        ("x = open(p)\nq.response = wrapped(x, 4096)\nreturn 1", "stored that may still read from it"),
        ("x = open(p)\nr = []\nr.append(enumerate(x))\nreturn 1", "may live longer holds it"),
        ("x = open(p)\ndef g():\n    return 1\nreturn [x.read(), g()]", "fixed"),
        ("if p:\n    x = open(p)\nelse:\n    x = open('d')\nreturn x.read()", "used outside of the block"),
        ("x = open(p)\nif p:\n    x = open('other')\nreturn x.read()", "gets another value"),
        ("def late():\n    return x\nx = open(p)\nx.read()\nreturn 1", ""),
        ("for p in q:\n    if p:\n        y = x.read()\n    x = open(p)\n    x.write('')", "used outside"),
        ("return open(p).read() if p else ''", "under a condition or more than once"),
        ("return [open(i).read() for i in p]", "under a condition or more than once"),
        ("return p and open(p).read()", "under a condition or more than once"),
        ("x: IO = open(p)\nreturn x.read()", "an annotation"),
        ("x = y = open(p)\nreturn x.read()", "other than one plain name"),
        ("if p: return open(p).read()", "on the line of its header"),
        ("a = 1; x = open(p)\nreturn x.read()", "other statements stand on its line"),
        ("while open(p).read():\n    pass", "header of a statement"),
        ("return f'{open(p).read()}'", "inside a string"),
        ("global x\nx = open(p)\nreturn 1", ""),
    ],
)  # fmt: skip
def test_what_is_refused(body: str, reason: str) -> None:
    text = "def run(p, q=None, cache=None):\n" + textwrap.indent(body, "    ") + "\n"
    done = mended(text, confidence="possible")
    if reason == "fixed":
        assert done.fixed
        return
    assert not done.fixed
    assert done.text == text
    reasons = [f.no_fix or "" for f in done.left if f.code == "CLK301"]
    assert not reason or any(reason in each for each in reasons), reasons


@pytest.mark.parametrize(
    ("body", "applicability"),
    [
        ("x = open(p)\nreturn x.read()", "safe"),
        ("x = open(p)\nreturn sum(len(line) for line in x)", "safe"),
        ("x = open(p)\nfor line in x:\n    q(line)", "safe"),
        ("x = open(p)\nq(x)\nreturn 1", "unsafe"),
        ("x = open(p)\nreturn total(x)", "unsafe"),
        ("return q(p, open(p).read())", "safe"),
        ("return q(q(p), open(p).read())", "unsafe"),
        ("x = open(p)\ny = q(x)\nreturn y.name", "unsafe"),
        ("x = open(p)\nreturn subprocess.run(p, stdin=x)", "safe"),
    ],
)
def test_how_far_it_is_trusted(body: str, applicability: str) -> None:
    text = f"import subprocess\n\n\ndef run(p, q):\n{textwrap.indent(body, '    ')}\n"
    text += "\n\ndef total(lines):\n    return sum(map(len, lines))\n"
    (finding,) = mended(text, confidence="possible").fixed
    assert finding.fix is not None
    assert finding.fix.applicability == applicability


def test_a_second_close_that_would_fail_is_refused() -> None:
    text = source(
        """
        import pyodbc


        def f(dsn, key):
            conn = pyodbc.connect(dsn)
            if not key:
                return None
            if key == 1:
                conn.close()
                return 1
            return conn.execute("SELECT 1").fetchone()
        """
    )
    done = mended(text)
    assert done.text == text
    assert any("refuse to be closed twice" in reason for reason in done.reasons)
