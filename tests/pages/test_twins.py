"""The twins: what each rewriting does, and what it leaves alone."""

from __future__ import annotations

import pytest

from tests.pages.divide import divided
from tests.pages.page import parse
from tests.pages.rename import renamed
from tests.pages.reorder import reordered
from tests.pages.respell import aliased, qualified
from tests.pages.twins import twins, unrooted


def one(text: str) -> dict[str, str]:
    return {"main.py": text}


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("from redis import Redis\nRedis()", "from redis import Redis as _Redis\n_Redis()"),
        ("import a.b\na.b.c()", "import a.b as _a_b\n_a_b.c()"),
        ("import a\na.c(a)", "import a as _a\n_a.c(_a)"),
        ("import a.b\na.b.c(a.z)", "import a.b\na.b.c(a.z)"),
        ("from a import (\n    b,\n    c,\n)\nb(c)", None),
        ("from a import b\nb = 1", "from a import b\nb = 1"),
        ("from a import b\nx = f'{b}'", "from a import b\nx = f'{b}'"),
        ("from a import b\nx: 'b'", "from a import b\nx: 'b'"),
        (
            "from a import app\n@app.task\ndef f(): ...",
            "from a import app\n@app.task\ndef f(): ...",
        ),
    ],
)
def test_aliased(text: str, new: str | None) -> None:
    expected = "from a import b as _b; from a import c as _c\n\n\n\n_b(_c)" if new is None else new
    assert aliased(one(text)) == one(expected)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("from redis import Redis\nRedis()", "import redis\nredis.Redis()"),
        ("from redis import Redis as R\nR()", "import redis\nredis.Redis()"),
        ("from redis import Redis\nredis = Redis()", "from redis import Redis\nredis = Redis()"),
        ("import redis\nredis.Redis()", "import redis\nredis.Redis()"),
        ("from a import b, c\nc = b", "import a; from a import c\nc = a.b"),
        ("from __future__ import annotations", "from __future__ import annotations"),
    ],
)
def test_qualified(text: str, new: str) -> None:
    assert qualified(one(text)) == one(new)


def test_qualified_knows_the_modules_of_the_case() -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/b.py": "def f(): ...\n",
        "pkg/a.py": "from . import b\nfrom .b import f\nb.f(f)\n",
    }
    assert qualified(files)["pkg/a.py"] == "import pkg.b\nimport pkg.b\npkg.b.f(pkg.b.f)\n"


def test_a_name_others_import_keeps_its_name() -> None:
    files = {"a.py": "from redis import Redis\n", "b.py": "from a import Redis\nRedis()\n"}
    assert aliased(files)["a.py"] == files["a.py"]
    assert aliased(files)["b.py"] == "from a import Redis as _Redis\n_Redis()\n"


def test_reordered_swaps_only_what_import_does_not_order() -> None:
    text = "def a():\n    b()\n\n\n@x\ndef b(): ...\n\n\nclass C(D): ...\nclass E(C): ...\nz = 1\n"
    new = "\n\nclass C(D): ...\n\n\n@x\ndef b(): ...\ndef a():\n    b()\nclass E(C): ...\nz = 1\n"
    assert reordered(one(text)) == one(new)
    assert reordered(one("def a(): ...\nx = 1\ndef b(): ...\n")) == one(
        "def a(): ...\nx = 1\ndef b(): ...\n"
    )


def test_renamed_follows_every_import() -> None:
    files = {
        "pkg/__init__.py": "from .work import f\n",
        "pkg/work.py": "def f(): ...\n",
        "main.py": (
            "import pkg.work\nfrom pkg import work\nfrom pkg.work import f as g\npkg.work.f\n"
        ),
    }
    new, paths = renamed(files)
    assert paths["pkg/work.py"] == "pkg/work_renamed.py"
    assert paths["pkg/__init__.py"] == "pkg/__init__.py"
    assert new["pkg/__init__.py"] == "from .work_renamed import f\n"
    assert new["main_renamed.py"] == (
        "import pkg.work_renamed\nfrom pkg import work_renamed as work\n"
        "from pkg.work_renamed import f as g\npkg.work_renamed.f\n"
    )


def test_a_module_named_in_a_string_keeps_its_name() -> None:
    _, paths = renamed({"work.py": "", "main.py": "send('work.f')\n"})
    assert paths == {"work.py": "work.py", "main.py": "main_renamed.py"}


def test_divided_moves_a_definition_with_all_it_uses() -> None:
    text = "import x\nURL = 'u'\ndef make():\n    return x.C(URL)\n\ndef send():\n    make()\n"
    division = divided("main.py", text)
    assert division is not None
    assert division.moved == {2, 3, 4}
    assert division.files["main.py"].split("\n")[:6] == [
        "import x",
        "from divided_part import make",
        "",
        "",
        "",
        "def send():",
    ]
    assert "return x.C(URL)" in division.files["divided_part.py"]


def test_divided_refuses_a_rebound_global() -> None:
    text = "x = None\ndef f():\n    global x\n    x = 1\n"
    assert divided("main.py", text) is None


def test_a_split_that_cannot_be_is_an_error() -> None:
    (case,) = parse("p.md", "# t\n```py split\nx = 1\n```\n").cases
    with pytest.raises(ValueError, match="no definition can move"):
        list(twins(case))


def test_unrooted_strips_hot_decorators_in_place() -> None:
    text = "@cache\n@app.task(\n    bind=True,\n)\ndef f(): ...\n"
    cold = unrooted(one(text), frozenset({"task"}))
    assert cold.files == one("@cache\n#\n\n\ndef f(): ...\n")
    assert cold.heads == {("main.py", line) for line in range(1, 6)}
    assert unrooted(one(text), frozenset()).heads == frozenset()
