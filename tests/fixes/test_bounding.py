"""Collections and memos that get a bound, and settings that get a value."""

from __future__ import annotations

import pytest

from tests.fixes.mended import mended

MEMO = """\
{imports}{name}{annotation} = {begin}


{decorators}{kind} get({params}):
{body}{more}"""

TESTED = """\
    if {key} not in cache:
        cache[{key}] = load({key})
    return cache[{key}]
"""
EARLY = """\
    if {key} in cache:
        return cache[{key}]
    # the work
    found = load({key})
    cache[{key}] = found
    return found
"""


def memo(
    body: str = TESTED, *, params: str = "user_id", imports: str = "import os\n\n",
    annotation: str = "", begin: str = "{}", decorators: str = "", kind: str = "def", more: str = "",
) -> str:  # fmt: skip
    return MEMO.format(
        imports=imports, name="cache", annotation=annotation, begin=begin, decorators=decorators,
        kind=kind, params=params, body=body.format(key="user_id"), more=more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "after"),
    [
        (
            memo(),
            ("import functools\nimport os\n\n\n@functools.lru_cache(maxsize=1024)\n"
            "def get(user_id):\n    return load(user_id)\n"),
        ),
        (
            memo(EARLY, imports="import functools\n\nX = 1\n", begin="dict()"),
            ("import functools\n\nX = 1\n\n\n@functools.lru_cache(maxsize=1024)\n"
            "def get(user_id):\n    # the work\n    found = load(user_id)\n    return found\n"),
        ),
        (
            memo(
                TESTED.replace("[{key}]", "[user_id, day]").replace("{key} not", "(user_id, day) not"),
                params="user_id, day=None", imports="from functools import lru_cache\n\n",
                annotation=": dict[tuple[int, str], str]",
            ),
            ("from functools import lru_cache\n\n\n@lru_cache(maxsize=1024)\n"
            "def get(user_id, day=None):\n    return load(user_id)\n"),
        ),
    ],
)  # fmt: skip
def test_a_dictionary_becomes_a_memo(source: str, after: str) -> None:
    assert mended(source).text == after


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (memo(more="\n\ndef size():\n    return sorted(cache)\n"), "used elsewhere"),
        (memo(more='\n\n__all__ = ["cache"]\n'), "used elsewhere"),
        (memo(params="user_id, session"), "has to be chosen"),
        (memo(params="user_id, *, day"), "plain names"),
        (memo(params="user_id, **more"), "any number of arguments"),
        (memo(kind="async def"), "a coroutine"),
        (memo(decorators="@log\n"), "has a decorator"),
        (memo(begin="{1: 2}"), "not certain that it grows"),
        (memo(begin="{}  # by user"), "does not begin empty"),
        (memo(imports="# by user\n"), "a comment belongs"),
        (memo(imports="from x import Dict\n\n", annotation=": Dict"), "`Dict` would be left unused"),
        (memo(TESTED.replace("if", "user_id = int(user_id)\n    if", 1)), "has to be chosen"),
        (memo(EARLY.replace("found = load", "if not user_id:\n        return None\n    found = load")), "has to be chosen"),
        (memo(EARLY.replace("    # the work", "    # known\n    user_id = 1")), "has to be chosen"),
        (memo(TESTED.replace("not in cache:", "not in cache:  # new")), "has to be chosen"),
        (memo(TESTED.replace("= load({key})", "= len(cache)")), "has to be chosen"),
    ],
)  # fmt: skip
def test_dictionaries_that_stay(source: str, reason: str) -> None:
    done = mended(source, confidence="possible")
    assert done.text == source
    if reason != "used elsewhere" or "sorted" in source:
        assert any(reason in each for each in done.reasons), done.reasons


def test_a_dictionary_that_another_file_uses_stays() -> None:
    files = {
        "shop.py": memo(),
        "other.py": "from shop import cache\n\n\ndef known():\n    return list(cache)\n",
    }
    done = mended(files)
    assert done.files["shop.py"] == files["shop.py"].encode()
    assert done.reasons == ["other files use `cache`, too"]


LIST = """\
{imports}from celery import shared_task

{creation}


@shared_task
def remember(name):
    seen.append(name)
    {use}
"""


def listing(use: str, *, creation: str = "seen = []", imports: str = "") -> str:
    return LIST.format(use=use, creation=creation, imports=imports)


@pytest.mark.parametrize(
    "use",
    [
        "return list(seen)",
        "return len(list(seen))",
        "return name in seen",
        "return [each for each in seen if each]",
        "for each in seen:\n        print(each)",
        "return bool(seen) and not seen",
        "return ', '.join(seen)",
        "if seen:\n        return max(seen)",
        "seen.extend(name)",
    ],
)
def test_a_list_becomes_a_deque(use: str) -> None:
    assert "seen = collections.deque(maxlen=1000)\n" in mended(listing(use)).text


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        ("return seen", "it is returned"),
        ("return seen[0]", "by number or slice"),
        ("return seen == []", "it is compared"),
        ("return seen + [1]", "a way that a deque may not fit"),
        ("return json.dumps(seen)", "given to `dumps`"),
        ("return print(*seen)", "may not fit"),
        ("return isinstance(seen, list)", "given to `isinstance`"),
        ("seen.sort()", "`.sort()` does not fit"),
        ("for each in seen:\n        seen.append(each)", "grow while it is iterated"),
        ("return globals()['seen']", "named in a string"),
        ("other = seen", "may not fit"),
    ],
)
def test_lists_that_stay(use: str, reason: str) -> None:
    done = mended(listing(use, imports="import json\n\n"), confidence="possible")
    assert b"deque" not in done.files["main.py"]
    assert any(reason in each for each in done.reasons), done.reasons


@pytest.mark.parametrize(
    ("creation", "after"),
    [
        ("seen: list[str] = []", "seen: collections.deque[str] = collections.deque(maxlen=1000)"),
        ("seen = list()", "seen = collections.deque(maxlen=1000)"),
        ('seen = ["a"]  # first', 'seen = collections.deque(["a"], maxlen=1000)  # first'),
        ("seen = other = []", ""),
        ("seen: Seq[str] = []", ""),
    ],
)
def test_how_the_deque_begins(creation: str, after: str) -> None:
    done = mended(listing("return len(list(seen))", creation=creation))
    assert f"\n{after or creation}\n" in done.text


def test_the_import_of_list_is_not_left_unused() -> None:
    imports = "from typing import List\n\n"
    source = listing("return sum(seen)", creation="seen: List[int] = []", imports=imports)
    done = mended(source)
    assert done.text == source
    assert done.reasons == ["the import of `List` would be left unused"]


@pytest.mark.parametrize(
    ("head", "decorator", "after_head", "after"),
    [
        ("import functools", "functools.cache", "import functools", "functools.lru_cache(maxsize=1024)"),
        ("from functools import cache", "cache", "from functools import lru_cache", "lru_cache(maxsize=1024)"),
        (
            "from functools import cache, partial", "cache",
            "from functools import lru_cache, partial", "lru_cache(maxsize=1024)",
        ),
        (
            "from functools import lru_cache", "lru_cache(None)  # all",
            "from functools import lru_cache", "lru_cache(1024)  # all",
        ),
        (
            "import functools as ft", "ft.lru_cache(typed=True, maxsize=None)",
            "import functools as ft", "ft.lru_cache(typed=True, maxsize=1024)",
        ),
    ],
)  # fmt: skip
def test_a_memo_gets_a_size(head: str, decorator: str, after_head: str, after: str) -> None:
    text = "{}\n\n\n@{}\ndef permissions(user_id):\n    return partial(user_id)\n"
    assert mended(text.format(head, decorator)).text == text.format(after_head, after)


@pytest.mark.parametrize(("annotation", "applicability"), [(" -> str", "safe"), (" -> Lock", "unsafe"), ("", "unsafe")])  # fmt: skip
def test_a_size_is_safe_for_plain_values(annotation: str, applicability: str) -> None:
    text = f"import functools\n\n\n@functools.cache\ndef name(user_id){annotation}:\n    return 1\n"
    (finding,) = mended(text).fixed
    assert finding.fix is not None
    assert finding.fix.applicability == applicability


SETTING = """\
from celery import Celery

app = Celery("shop", backend="redis://localhost/1")
app.conf.worker_max_tasks_per_child = 500
{}
"""


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("app.conf.result_expires = None  # all", "app.conf.result_expires = 86400  # all"),
        ("app.conf['result_expires'] = 0", "app.conf['result_expires'] = 86400"),
        ("app.conf.update(result_expires=None)", "app.conf.update(result_expires=86400)"),
        ('app.conf.update({"result_expires": None})', 'app.conf.update({"result_expires": 86400})'),
        ("app.conf.broker_pool_limit = None", "app.conf.broker_pool_limit = 10"),
        ("app.conf.result_expires = None or 0", ""),
    ],
)
def test_settings_get_the_default(line: str, after: str) -> None:
    assert mended(SETTING.format(line)).text == SETTING.format(after or line)


def test_settings_of_deploy_files_stay() -> None:
    files = {
        "main.py": SETTING.format("app.config_from_envvar('X')"),
        "compose.yaml": "services:\n  w:\n    command: celery -A main worker\n    environment:\n      CELERY_RESULT_EXPIRES: 0\n",
    }
    assert mended(files).files["compose.yaml"] == files["compose.yaml"].encode()
