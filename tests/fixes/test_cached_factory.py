"""The helper that builds once: what it is keyed by, how it is written, and when there is none."""

from __future__ import annotations

import textwrap

import pytest

from tests.fixes.mended import Mended, mended


def fixed(text: str, *, options: str = "") -> Mended:
    return mended(textwrap.dedent(text).lstrip("\n"), options=options)


def task(*lines: str, parameters: str = "order_id", before: str = "") -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "import redis\nfrom celery import shared_task\n\n\n"
        f"{before}@shared_task\ndef confirm({parameters}):\n{body}\n"
    )


# -- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(
            task(
                "r = redis.Redis(password=token)", "r.get(order_id)", parameters="order_id, token"
            ),
            "credential",
            id="a credential of the caller",
        ),
        pytest.param(
            task("r = redis.Redis()", "r.connection_pool.reset = None", "r.get(order_id)"),
            "changes it",
            id="an attribute is set",
        ),
        pytest.param(
            task("r = redis.Redis()", 'r.set_response_callback("GET", str)', "r.get(order_id)"),
            "changes it",
            id="a method configures it",
        ),
        pytest.param(
            task(
                'hosts = ["a", "b"]',
                "r = redis.Redis(*hosts)",
                "hosts.append(order_id)",
                "r.get(order_id)",
            ),
            "cannot be the key",
            id="a list is no key",
        ),
        pytest.param(
            task(
                "def address():",
                "    return order_id",
                "r = redis.Redis(address())",
                "r.get(order_id)",
                "address()",
            ),
            "never hit",
            id="a function of the call is no key",
        ),
        pytest.param(
            task(
                "r = redis.Redis(**store.connection_args())",
                "r.get(order_id)",
                parameters="order_id, store",
            ),
            "looks like an object",
            id="an object that is asked is no key",
        ),
    ],
)
def test_what_must_not_be_shared_is_left_with_its_reason(source: str, reason: str) -> None:
    ended = mended(source, confidence="possible")
    assert not ended.fixed
    assert any(reason in given for given in ended.reasons), ended.reasons


def test_an_object_bound_to_a_loop_is_refused() -> None:
    ended = fixed(
        """
        import httpx
        from fastapi import FastAPI

        app = FastAPI()


        @app.get("/")
        async def home():
            client = httpx.AsyncClient()
            return (await client.get("https://example.com")).status_code
        """
    )
    assert not ended.fixed
    assert all("event loop" in reason for reason in ended.reasons)


# -- written ------------------------------------------------------------------------------------


def test_two_functions_share_one_helper() -> None:
    ended = mended(
        task("redis.Redis(port=1).get(order_id)")
        + "\n\n@shared_task\ndef ship(order_id):\n    redis.Redis(port=1).delete(order_id)\n"
    )
    assert ended.text.count("def _redis_client()") == 1
    assert ended.text.count("_redis_client()") == 3
    assert len(ended.fixed) == 2


def test_a_parsed_address_is_a_value_and_so_a_key() -> None:
    ended = mended(
        task(
            "parts = urlparse(order_id)",
            'print("asked", parts)',
            "redis.Redis(host=parts.hostname, port=parts.port).get(order_id)",
            before="from urllib.parse import urlparse\n\n\n",
        ),
        confidence="possible",
    )
    assert ended.fixed, ended.reasons


def test_the_name_of_the_helper_is_free() -> None:
    ended = mended(task("redis.Redis(port=1).get(order_id)", before="_redis_client = 3\n\n\n"))
    assert "def _redis_client_2() -> redis.Redis:" in ended.text


def test_attributes_of_the_instance_become_parameters() -> None:
    ended = fixed(
        """
        import redis
        from celery import Task


        class Confirm(Task):
            url = "redis://cache"

            def run(self, order_id):
                r = redis.Redis.from_url(self.url)
                r.get(order_id)
        """
    )
    assert (
        "def _redis_client(url) -> redis.Redis:\n    return redis.Redis.from_url(url)" in ended.text
    )
    assert "r = _redis_client(self.url)" in ended.text


def test_statements_that_others_need_stay() -> None:
    ended = mended(
        task(
            'url = "redis://" + region',
            "r = redis.Redis.from_url(url)",
            "r.get(order_id, url)",
            parameters="order_id, region: str",
        ),
        confidence="possible",
    )
    assert "_redis_client(url)" in ended.text
    assert '    url = "redis://" + region\n    r = ' in ended.text


def test_a_name_that_only_some_paths_bind_is_no_key() -> None:
    ended = mended(
        task(
            "if region:",
            "    url = region.lower()",
            "r = redis.Redis.from_url(url)",
            "r.get(order_id)",
            parameters="order_id, region: str",
        ),
        confidence="possible",
    )
    assert "def _redis_client(region" not in ended.text


def test_a_key_without_bound_gets_a_size() -> None:
    ended = mended(
        task(
            "r = redis.Redis.from_url(label)", "r.get(order_id)", parameters="order_id, label: str"
        ),
        confidence="possible",
    )
    assert "@functools.lru_cache(maxsize=128)\ndef _redis_client(label: str)" in ended.text


@pytest.mark.parametrize(
    ("memoizer", "helper"),
    [
        pytest.param(
            "locked",
            """
            _redis_client_lock = threading.Lock()


            @functools.cache
            def _build_redis_client() -> redis.Redis:
                return redis.Redis(port=1)


            def _redis_client() -> redis.Redis:
                with _redis_client_lock:
                    return _build_redis_client()
            """,
            id="locked",
        ),
        pytest.param(
            "module-dict",
            """
            _redis_client_cache = {}


            def _redis_client() -> redis.Redis:
                if "built" not in _redis_client_cache:
                    _redis_client_cache["built"] = redis.Redis(port=1)
                return _redis_client_cache["built"]
            """,
            id="module-dict",
        ),
    ],
)
def test_the_settings_choose_the_memo(memoizer: str, helper: str) -> None:
    ended = mended(task("redis.Redis(port=1).get(order_id)"), options=f'memoizer = "{memoizer}"')
    assert textwrap.dedent(helper).lstrip("\n") in ended.text


def test_imports_join_those_that_are_there() -> None:
    ended = mended("from functools import wraps\n\n" + task("redis.Redis(port=1).get(order_id)"))
    assert ended.text.startswith("from functools import cache, wraps\n")
    assert "@cache\ndef _redis_client" in ended.text


def test_imports_stand_behind_docstring_and_future() -> None:
    head = '"""What it does."""\n\nfrom __future__ import annotations\n\n'
    ended = mended(head + task("redis.Redis(port=1).get(order_id)"))
    assert ended.text.startswith(head + "import functools\n\nimport redis\n")


def test_a_public_factory_is_memoized_where_it_stands() -> None:
    ended = mended(
        {
            "shop/__init__.py": "",
            "shop/cache.py": "import redis\n\n\ndef connect():\n    return redis.Redis(port=1)\n",
            "shop/tasks.py": "from celery import shared_task\n\nfrom shop.cache import connect\n\n\n"
            "@shared_task\ndef confirm(order_id):\n    connect().get(order_id)\n",
        }
    )
    assert ended.files["shop/cache.py"].decode() == (
        "import functools\n\nimport redis\n\n\n@functools.cache\ndef connect():\n"
        "    return redis.Redis(port=1)\n"
    )
    assert [finding.fix and finding.fix.applicability for finding in ended.fixed] == ["unsafe"]


def test_a_factory_that_a_caller_closes_is_not_memoized() -> None:
    ended = mended(
        "import redis\nfrom celery import shared_task\n\n\n"
        "def connect():\n    return redis.Redis(port=1)\n\n\n"
        "@shared_task\ndef confirm(order_id):\n    connect().get(order_id)\n\n\n"
        "@shared_task\ndef cancel(order_id):\n    r = connect()\n    r.delete(order_id)\n    r.close()\n"
    )
    assert "@functools.cache\ndef connect" not in ended.text
