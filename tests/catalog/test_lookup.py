"""Indexes, patterns, receivers, whole words and the digest."""

from __future__ import annotations

import pytest

from celeryleak_lint.catalog.lookup import Catalog, load
from celeryleak_lint.catalog.schema import EntryPoint, Resource, Tables, Vocabulary
from celeryleak_lint.catalog.words import WordSet, split_words


def resource(*names: str, patterns: tuple[str, ...] = (), returns: str = "") -> Resource:
    return Resource(
        id=(names + patterns)[0],
        names=names,
        distribution="",
        kind="client",
        report=True,
        effect="cost",
        why="a client",
        source=("here",),
        patterns=patterns,
        returns=returns,
    )


def entry(*names: str, kind: str = "decorator", receivers: tuple[str, ...] = ()) -> EntryPoint:
    return EntryPoint(
        id=names[0],
        framework="acme",
        kind=kind,  # type: ignore[arg-type]
        heat="hot",
        why="runs often",
        source=("here",),
        names=names,
        receivers=receivers,
    )


def test_exact_names_win_over_patterns() -> None:
    exact = resource("acme.cloud.ShopClient")
    family = resource(patterns=("acme.cloud.**Client",))
    catalog = Catalog.of(Tables(resources=(family, exact)))
    assert catalog.resource("acme.cloud.ShopClient") is exact
    assert catalog.resource("acme.cloud.v1.CartClient") is family
    assert catalog.resource("other.cloud.CartClient") is None
    assert catalog.resource("acme.cloud.v1.CartClient.close") is None


def test_one_star_stays_within_a_component() -> None:
    catalog = Catalog.of(Tables(resources=(resource(patterns=("acme.*.Client",)),)))
    assert catalog.resource("acme.v1.Client") is not None
    assert catalog.resource("acme.v1.shop.Client") is None


def test_open_roots_tells_that_no_root_rules_a_name_out() -> None:
    closed = Catalog.of(Tables(resources=(resource(patterns=("acme.*Client",)),)))
    opened = Catalog.of(Tables(resources=(resource(patterns=("*.AcmeClient",)),)))
    assert not closed.open_roots
    assert opened.open_roots
    assert opened.resource("anything.AcmeClient") is not None


def test_roots_and_tails_screen_names() -> None:
    catalog = Catalog.of(
        Tables(
            resources=(resource("acme.Client", patterns=("acme.*Api",)),),
            entry_points=(entry("bus.handler"), entry("on_get", kind="function")),
        )
    )
    assert catalog.roots == {"acme", "bus"}
    assert catalog.tails == {"Client", "handler"}
    assert catalog.resource_roots == {"acme"}
    assert catalog.resource_tails == {"Client"}


def test_receivers_need_a_method_and_the_first_row_wins() -> None:
    first = entry("acme.App.task", "acme.task", receivers=("app",))
    second = entry("other.Broker.task", receivers=("app", "broker"))
    call = entry("acme.Bus.listen", kind="call-argument", receivers=("bus",))
    signal = entry("acme.App.on_start", kind="signal", receivers=("app",))
    catalog = Catalog.of(Tables(entry_points=(first, second, call, signal)))
    assert catalog.receivers("task") == {"app": first, "broker": second}
    assert catalog.receivers("listen") == {}
    assert catalog.call_receivers("listen") == {"bus": call}
    assert catalog.signal_receivers("on_start") == {"app": signal}


def test_a_function_named_like_a_method_has_no_receivers() -> None:
    catalog = Catalog.of(Tables(entry_points=(entry("invoke.task", receivers=("cli",)),)))
    assert catalog.receivers("task") == {}


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("acme.Client", "acme.Client"),
        ("acme.client.Client", "acme.Client"),
        ("acme.Client.from_url", "acme.Client"),
        ("acme.Other", "acme.Other"),
        ("acme.connect", "acme.Connection"),
        ("unknown.Thing", "unknown.Thing"),
        ("unknown.Thing.build", "unknown.Thing"),
    ],
)
def test_what_a_call_makes(name: str, made: str) -> None:
    rows = (
        resource("acme.Client", "acme.client.Client", "acme.Client.from_url", "acme.Other"),
        resource("acme.connect", returns="acme.Connection"),
    )
    assert Catalog.of(Tables(resources=rows)).made(name) == made


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("setup_pool", ("setup", "pool")),
        ("PoolSetup", ("pool", "setup")),
        ("getHTTPClient_v2", ("get", "http", "client", "v", "2")),
        ("__init__", ("init",)),
        ("RUN_ID", ("run", "id")),
        ("", ()),
    ],
)
def test_identifiers_split_into_words(identifier: str, words: tuple[str, ...]) -> None:
    assert split_words(identifier) == words


@pytest.mark.parametrize(
    "identifier", ["größeNeu", "变量_x", "_", "__a__b__", "x1y2", "İd", "é\u0301"]
)
def test_any_text_splits(identifier: str) -> None:
    assert all(word and "_" not in word for word in split_words(identifier))


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("setup_pool", "setup"),
        ("poolSetup", "setup"),
        ("setuptools_version", None),
        ("assume_role", "assume_role"),
        ("AssumeRoleAgain", "assume_role"),
        ("role_assume", None),
        ("type", "type"),
        ("user_type", None),
    ],
)
def test_words_match_whole_parts(identifier: str, found: str | None) -> None:
    assert WordSet.of(("setup", "assume_role", "=type")).match(identifier) == found


def test_vocabulary_reaches_its_questions() -> None:
    words = Vocabulary(
        once=("setup",),
        settings=("settings",),
        credential=("token",),
        per_call=("request",),
        entity_key=("user",),
        configuration_key=("queue",),
        growing_table=("order",),
    )
    catalog = Catalog.of(Tables(vocabulary=words))
    assert catalog.once_like("setup_pool") == "setup"
    assert catalog.once_like("handle") is None
    assert catalog.is_settings("app_settings")
    assert catalog.is_credential("access_token")
    assert not catalog.is_credential("tokenizer")
    assert catalog.is_per_call("request")
    assert catalog.entity_key("user_name") == "user"
    assert catalog.configuration_key("queue_name") == "queue"
    assert catalog.growing_table("OrderLine") == "order"
    assert catalog.growing_table("Border") is None


def test_the_digest_follows_every_effective_table() -> None:
    plain, _ = load()
    again, _ = load()
    changed, errors = load({"vocabulary": {"once": ["kickoff"]}}, "conf.toml")
    assert errors == ()
    assert plain.digest == again.digest
    assert plain.digest != changed.digest


def test_user_rows_override_ours_and_errors_name_their_place() -> None:
    user = {
        "resource": [{"name": "boto3.client", "report": False, "why": "stubbed"}],
        "memo": [{"name": "shop.once", "why": "w", "scop": "process"}],
    }
    catalog, errors = load(user, "pyproject.toml", prefix="tool.celeryleak-lint.")
    row = catalog.resource("boto3.client")
    assert row is not None
    assert not row.report
    assert errors == (
        "pyproject.toml: tool.celeryleak-lint.memo[0].scop: unknown key, did you mean 'scope'?",
    )
