"""The shipped tables: every row is traceable, and the judgements people rely on stand."""

from __future__ import annotations

import pytest

from celeryleak_lint.catalog.lookup import Catalog, load
from celeryleak_lint.catalog.schema import EntryPoint, Heavy, Memo, Resource


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    found, errors = load()
    assert errors == ()
    return found


def rows(catalog: Catalog) -> tuple[Resource | EntryPoint | Memo | Heavy, ...]:
    tables = catalog.tables
    return (*tables.resources, *tables.entry_points, *tables.memos, *tables.heavy)


def test_every_row_says_why_and_from_where(catalog: Catalog) -> None:
    for row in rows(catalog):
        assert len(row.why) > 8, row.id
        assert not row.why.endswith("."), row.id
        assert row.source, row.id
        assert all(len(item) > 3 for item in row.source), row.id


def test_names_are_resolved_names_never_builtin_or_relative(catalog: Catalog) -> None:
    for row in rows(catalog):
        if isinstance(row, EntryPoint) and row.kind == "function":
            assert all("." not in name for name in row.names), row.id
            continue
        assert all("." in name for name in row.names), row.id


def test_rows_keep_their_own_promises(catalog: Catalog) -> None:
    for row in catalog.tables.resources:
        if row.loop_bound:
            assert row.is_async or row.id.startswith("playwright"), row.id
            assert row.fix != "safe", row.id
        if row.report and row.kind != "handle":
            assert row.instead, row.id
        if not row.report:
            assert row.fix in ("none", "wrong"), row.id
        assert not set(row.derives) & set(row.close_methods), row.id


def test_no_method_is_hot_and_once(catalog: Catalog) -> None:
    for entry in catalog.tables.entry_points:
        assert not set(entry.methods) & set(entry.once_methods), entry.id


def test_receivers_stand_only_where_methods_are_named(catalog: Catalog) -> None:
    for entry in catalog.tables.entry_points:
        if entry.receivers:
            assert any(part[:1].isupper() for n in entry.names for part in n.split(".")), entry.id


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("celery.Celery", "never-released"),
        ("celery.app.base.Celery", "never-released"),
        ("celery.shared_task", "never-released"),
        ("opentelemetry.sdk.trace.TracerProvider", "never-released"),
        ("kubernetes.client.PolicyV1Api", "never-released"),
        ("snowflake.connector.connect", "never-released"),
        ("httpx.Client", "until-gc"),
        ("sqlalchemy.engine.create_engine", "until-gc"),
        ("sqlite3.connect", "until-gc"),
        ("boto3.session.Session.client", "until-gc"),
        ("google.cloud.kms_v1.KeyManagementServiceClient", "until-gc"),
        ("azure.storage.queue.QueueClient.from_connection_string", "cost"),
        ("openai.OpenAI", "cost"),
        ("requests.session", "cost"),
        ("redis.client.Redis.from_url", "cost"),
        ("concurrent.futures.ThreadPoolExecutor", "cost"),
        ("transformers.AutoModelForSeq2SeqLM.from_pretrained", "cost"),
    ],
)
def test_effects_that_were_measured_or_read(catalog: Catalog, name: str, effect: str) -> None:
    row = catalog.resource(name)
    assert row is not None
    assert row.report
    assert row.effect == effect


@pytest.mark.parametrize(
    "name",
    [
        "sqlalchemy.orm.Session",
        "celery.result.AsyncResult",
        "django_redis.get_redis_connection",
        "fsspec.filesystem",
        "tiktoken.get_encoding",
        "slack_sdk.WebClient",
        "chromadb.PersistentClient",
        "logging.getLogger",
        "re.compile",
        "redis.Redis.pipeline",
        "transformers.BertConfig.from_pretrained",
    ],
)
def test_what_must_not_be_reported(catalog: Catalog, name: str) -> None:
    row = catalog.resource(name)
    assert row is not None
    assert not row.report


@pytest.mark.parametrize(
    ("name", "argument", "equal", "then"),
    [
        ("redis.Redis", "connection_pool", "", "silent"),
        ("kubernetes.client.CoreV1Api", "api_client", "", "silent"),
        ("sqlalchemy.create_engine", "poolclass", "sqlalchemy.pool.NullPool", "possible"),
        ("sqlite3.connect", "0", ":memory:", "silent"),
        ("prometheus_client.Counter", "registry", "", "silent"),
        ("mysql.connector.connect", "pool_name", "", "silent"),
        ("openai.OpenAI", "http_client", "", "silent"),
    ],
)
def test_arguments_that_change_the_verdict(
    catalog: Catalog, name: str, argument: str, equal: str, then: str
) -> None:
    row = catalog.resource(name)
    assert row is not None
    found = [one for one in row.unless if one.argument == argument]
    assert [one.then for one in found] == [then]
    assert equal in (found[0].equals or ("",))


@pytest.mark.parametrize(
    ("name", "closes"),
    [
        ("sqlite3.connect", False),
        ("psycopg2.connect", False),
        ("psycopg.connect", True),
        ("celery.Celery", False),
        ("httpx.Client", True),
    ],
)
def test_whether_with_really_closes(catalog: Catalog, name: str, *, closes: bool) -> None:
    row = catalog.resource(name)
    assert row is not None
    assert row.with_closes is closes


@pytest.mark.parametrize(
    ("name", "heat", "long_lived"),
    [
        ("celery.shared_task", "hot", True),
        ("fastapi.APIRouter.get", "hot", True),
        ("airflow.decorators.task", "per-run", False),
        ("rq.decorators.job", "per-run", False),
        ("click.command", "once", True),
        ("fastapi.FastAPI.on_event", "once", True),
    ],
)
def test_decorators(catalog: Catalog, name: str, heat: str, *, long_lived: bool) -> None:
    entry = catalog.decorator(name)
    assert entry is not None
    assert (entry.heat, entry.long_lived) == (heat, long_lived)


@pytest.mark.parametrize(
    ("name", "method", "heat", "instance"),
    [
        ("celery.Task", "run", "hot", "per-process"),
        ("celery.Task", "__init__", "once", "per-process"),
        ("django.views.generic.DetailView", "get", "hot", "per-call"),
        ("rest_framework.serializers.Serializer", "validate_email", "hot", "per-call"),
        ("airflow.executors.base_executor.BaseExecutor", "sync", "hot", "per-process"),
        ("airflow.executors.base_executor.BaseExecutor", "start", "once", "per-process"),
        ("airflow.triggers.base.BaseTrigger", "run", "hot", "per-call"),
        ("airflow.models.BaseOperator", "execute", "per-run", "per-run"),
        ("shop.v1.shop_pb2_grpc.ShopServicer", "GetCart", "hot", "per-process"),
        ("shop.v1.shop_pb2_grpc.ShopServicer", "_private", None, "per-process"),
        ("django.apps.AppConfig", "ready", "once", "per-process"),
    ],
)
def test_base_classes(
    catalog: Catalog, name: str, method: str, heat: str | None, instance: str
) -> None:
    entry = catalog.base(name)
    assert entry is not None
    assert catalog.method_heat(entry, method) == heat
    assert entry.instance == instance


def test_asynchronous_hooks_live_in_the_triggerer(catalog: Catalog) -> None:
    plain = catalog.base("airflow.hooks.base.BaseHook")
    waiting = catalog.base("airflow.providers.acme.hooks.acme.AcmeAsyncHook")
    assert plain is not None
    assert waiting is not None
    assert (plain.long_lived, waiting.long_lived) == (False, True)
    assert catalog.base("airflow.utils.log.logging_mixin.LoggingMixin") is None


def test_mapping_calls_are_loops_where_they_stand(catalog: Catalog) -> None:
    mapped = catalog.call("concurrent.futures.ThreadPoolExecutor.map")
    submitted = catalog.call("concurrent.futures.ThreadPoolExecutor.submit")
    processes = catalog.call("multiprocessing.pool.Pool.map")
    assert mapped is not None
    assert submitted is not None
    assert processes is not None
    assert (mapped.heat, submitted.heat, processes.long_lived) == ("loop", "unknown", False)


def test_signals(catalog: Catalog) -> None:
    assert catalog.signals["celery.signals.task_prerun"].heat == "hot"
    assert catalog.signals["celery.signals.worker_process_init"].heat == "once"


@pytest.mark.parametrize(
    ("name", "scope", "async_ok", "pins"),
    [
        ("functools.lru_cache", "process", False, True),
        ("functools.cached_property", "instance", False, False),
        ("methodtools.lru_cache", "instance", False, False),
        ("async_lru.alru_cache", "process", True, True),
        ("diskcache.Cache.memoize", "external", False, False),
        ("functools.singledispatch", "none", False, False),
        ("flask.g", "request", False, False),
    ],
)
def test_memos(catalog: Catalog, name: str, scope: str, *, async_ok: bool, pins: bool) -> None:
    memo = catalog.memos[name]
    assert (memo.scope, memo.async_ok, memo.pins_instance) == (scope, async_ok, pins)


def test_a_row_under_a_condition_stands_beside_the_plain_one(catalog: Catalog) -> None:
    plain = catalog.resource("requests.get")
    assert plain is not None
    assert plain.kind == "other"
    (streamed,) = catalog.conditional("requests.get")
    assert streamed.kind == "handle"
    assert streamed.when[0].argument in catalog.conditions
    assert catalog.conditional("redis.Redis") == ()


def test_heavy_calls_are_found_by_name_pattern_and_method(catalog: Catalog) -> None:
    by_name = catalog.heavy("pandas.read_csv")
    by_pattern = catalog.heavy("airflow.providers.postgres.hooks.postgres.PostgresHook.get_records")
    assert by_name is not None
    assert "chunksize" in by_name.bounded_by
    assert by_pattern is not None
    assert catalog.heavy("pandas.concat") is None
    assert [row.library for row in catalog.heavy_methods["fetchall"]] == ["DB-API"]
    assert {"read_csv", "get_records", "fetchall"} <= catalog.heavy_tails


def test_heavy_rows_say_what_to_do_instead(catalog: Catalog) -> None:
    for row in catalog.tables.heavy:
        assert row.better[:1].islower(), row.id
        assert not row.better.endswith("."), row.id
        assert row.ceiling != "certain", row.id
        assert not set(row.filters) & set(row.bounding_calls), row.id
