"""Objects kept on the instance or behind a guard: cached properties, guards, memos of methods."""

from __future__ import annotations

import textwrap

import pytest

from tests.fixes.mended import mended

PROPERTY = """\
import boto3
from celery import Task
{imports}

class Upload(Task{bases}):{head}
    {decorators}
    def client(self):
        return boto3.client("s3")
{more}
    def run(self, key):
        self.client.head_object(Bucket="a", Key=key)
"""


def upload(
    *, imports: str = "", bases: str = "", head: str = "", decorators: str = "@property",
    more: str = "",
) -> str:  # fmt: skip
    return PROPERTY.format(
        imports=imports, bases=bases, head=head, decorators=decorators,
        more=textwrap.indent(more, "    "),
    )  # fmt: skip


def test_a_property_becomes_a_cached_one() -> None:
    done = mended(upload(decorators="@property  # one for each read"))
    assert "    @functools.cached_property  # one for each read\n    def client" in done.text
    assert done.text.startswith("import functools\n\nimport boto3\n")
    (finding,) = done.fixed
    assert finding.fix is not None
    assert finding.fix.applicability == "unsafe"


def test_an_import_that_is_there_is_used() -> None:
    done = mended(upload(imports="from functools import cached_property\n"))
    assert "    @cached_property\n" in done.text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (upload(head='\n    __slots__ = ("a",)\n'), "`__slots__`"),
        (upload(more="@client.setter\ndef client(self, value):\n    self.c = value\n"), "a setter"),
        (upload(more="def __getstate__(self):\n    return {}\n"), "copied or pickled"),
        (upload(decorators="@property\n    @log"), "only a plain `@property`"),
        (upload() + "\n\nclass More(Upload):\n    client = None\n", "a `client` of its own"),
        (
            upload().replace("import boto3\n", "import boto3\nimport dataclasses\n").replace(
                "class Upload", "@dataclasses.dataclass\nclass Upload"
            ),
            "a data class",
        ),
        (
            upload(head="\n    region = None\n", more="def move(self, to):\n    self.region = to\n")
            .replace('client("s3")', 'client("s3", region_name=self.region)'),
            "`self.region`, which changes later",
        ),
        (
            upload().replace("return boto3", "if self.name:\n            return None\n        return boto3"),
            "does not always return",
        ),
    ],
)  # fmt: skip
def test_properties_that_stay(source: str, reason: str) -> None:
    done = mended(source)
    assert done.text == source
    assert any(reason in each for each in done.reasons), done.reasons


GUARDED = """\
import httpx
from celery import Task

class Fetch(Task):
    {head}
    def {name}(self, url):
        {body}
        return self.client.get(url).status_code

    def run(self, url):
        return self.{name}(url)
"""


def fetch(
    body: str = "self.client = httpx.Client()", *, head: str = "client = None\n", name: str = "load"
) -> str:
    return GUARDED.format(
        body=textwrap.indent(body, " " * 8).strip(), head=textwrap.indent(head, "    ").strip(),
        name=name,
    )  # fmt: skip


def test_a_guard_is_put_above_the_assignment() -> None:
    body = "self.client = httpx.Client(  # plain\n    timeout=5,\n)"
    done = mended(fetch(body))
    assert (
        "        if self.client is None:\n"
        "            self.client = httpx.Client(  # plain\n"
        "                timeout=5,\n"
        "            )\n"
        "        return"
    ) in done.text


def test_the_class_says_that_there_is_none() -> None:
    head = '"""Fetches."""\n\n# sorted\n@staticmethod\ndef key():\n    return 1\n\n'
    done = mended(fetch(head=head))
    assert '"""Fetches."""\n\n    client = None\n\n    # sorted\n    @staticmethod\n' in done.text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (fetch(name="replace"), "there to make a new one"),
        (fetch("self.client = self.other = httpx.Client()"), "nothing else in one statement"),
        (fetch("self.client = httpx.Client(base_url=url)"), "from what the caller passes"),
        (fetch("self.client = httpx.Client(); self.n = 1"), "lines of its own"),
        (fetch(head="client = 3\n"), "does not begin as `None`"),
        (fetch(head="__slots__ = ('client',)\n"), "does not begin as `None`"),
        (fetch("hasattr(self, 'client')\nself.client = httpx.Client()", head="n = 1\n"), "by its name"),
    ],
)  # fmt: skip
def test_assignments_that_stay(source: str, reason: str) -> None:
    done = mended(source, confidence="possible")
    reasons = [f.no_fix or "" for f in done.left if f.code == "CLK106"]
    assert any(reason in each for each in reasons), (reasons, done.text)


METHOD = """\
{imports}

class Report:{head}
    def __init__(self, rows):
        {init}

    {decorators}
    def column(self, name):
        return [row[name] for row in self.rows]
{more}

def report(request):
    return Report(request.rows).column(request.name)
"""


def method(
    *, imports: str = "import functools", head: str = "", init: str = "self.rows = rows",
    decorators: str = "@functools.lru_cache(maxsize=None, typed=True)", more: str = "",
) -> str:  # fmt: skip
    return METHOD.format(
        imports=imports, head=head, init=textwrap.indent(init, " " * 8).strip(),
        decorators=decorators, more=more,
    )  # fmt: skip


def test_the_memo_moves_into_init_as_it_is() -> None:
    init = '"""Rows."""\nsuper().__init__()\n# kept\nself.rows = rows'
    done = mended(method(init=init))
    assert (
        "        super().__init__()\n"
        "        self.column = functools.lru_cache(maxsize=None, typed=True)(self.column)\n"
        "        # kept\n"
        "        self.rows = rows\n\n"
        "    def column(self, name):\n"
    ) in done.text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (method(decorators="@functools.cache\n    @log"), "another decorator"),
        (method(decorators="@functools.cache  # fast"), "a comment belongs"),
        (method(init='"""Nothing."""'), "does nothing"),
        (method(head='\n    __slots__ = ("rows",)\n'), "`__slots__`"),
        (method(more="\n\ndef info():\n    return Report.column.cache_info()\n"), "inspected"),
        (method(more="\n\nclass More(Report):\n    def column(self, name):\n        return 1\n"), "of its own"),
    ],
)  # fmt: skip
def test_memos_that_stay(source: str, reason: str) -> None:
    done = mended(source)
    assert done.text == source
    assert any(reason in each for each in done.reasons), done.reasons


def test_a_memoized_property_takes_its_import_along() -> None:
    source = (
        method(
            imports="from functools import lru_cache",
            decorators="@property\n    @lru_cache(maxsize=None)",
        )
        .replace("column(self, name)", "column(self)")
        .replace("row[name]", "row[0]")
    )
    source = source.replace(".column(request.name)", ".column")
    done = mended(source)
    assert done.text.startswith("from functools import cached_property\n")
    assert "    @cached_property\n    def column(self):\n" in done.text
