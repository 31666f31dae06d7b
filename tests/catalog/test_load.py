"""User tables are validated as a whole, and override ours name by name."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from celeryleak_lint.catalog.load import bundled, overlaid, tables_from
from celeryleak_lint.catalog.schema import EntryPoint, Memo, Resource, Tables

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read(text: str, **options: Any) -> tuple[Tables, tuple[str, ...]]:
    return tables_from(tomllib.loads(text), "conf.toml", **options)


def errors(text: str, **options: Any) -> tuple[str, ...]:
    return read(text, **options)[1]


def test_minimal_user_rows_get_sensible_defaults() -> None:
    tables, trouble = read(
        """
        [[resource]]
        name = "shop.search.Index"
        why = "opens a file"

        [[entry-point]]
        names = ["shop.bus.handler"]
        why = "runs per message"

        [[memo]]
        name = "shop.once"
        why = "keeps its result"
        """
    )
    assert trouble == ()
    assert tables.resources == (
        Resource(
            id="shop.search.Index",
            names=("shop.search.Index",),
            distribution="",
            kind="other",
            report=True,
            effect="cost",
            why="opens a file",
            source=("user configuration",),
        ),
    )
    assert tables.entry_points == (
        EntryPoint(
            id="shop.bus.handler",
            framework="",
            kind="decorator",
            heat="hot",
            why="runs per message",
            source=("user configuration",),
            names=("shop.bus.handler",),
        ),
    )
    assert tables.memos == (
        Memo(
            id="shop.once",
            names=("shop.once",),
            scope="process",
            why="keeps its result",
            source=("user configuration",),
        ),
    )


def test_kebab_case_keys_reach_their_fields() -> None:
    tables, trouble = read(
        """
        [[resource]]
        name = "shop.Client"
        why = "a client"
        close-methods = ["close"]
        with-closes = false
        loop-bound = true
        cost-ms = 3
        ceiling = "possible"
        unless = [{ argument = "0", equals = [":memory:", ""], then = "silent", why = "cheap" }]
        """
    )
    assert trouble == ()
    (row,) = tables.resources
    assert row.close_methods == ("close",)
    assert row.with_closes is False
    assert row.loop_bound is True
    assert row.cost_ms == 3.0
    assert row.ceiling == "possible"
    assert row.unless[0].equals == (":memory:", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[resorce]]\n", "conf.toml: resorce: unknown table, did you mean 'resource'?"),
        ("resource = 3\n", "conf.toml: resource: expected an array of tables"),
        ("resource = [3]\n", "conf.toml: resource[0]: expected a table, got 3"),
        ("[vocabulary]\nonces = []\n", "vocabulary.onces: unknown key, did you mean 'once'?"),
        ("[vocabulary]\nonce = ['Set Up']\n", "vocabulary.once: expected a list of lower-case"),
        ("vocabulary = 3\n", "conf.toml: vocabulary: expected a table, got 3"),
    ],
)
def test_errors_of_a_document(text: str, expected: str) -> None:
    assert any(expected in line for line in errors(text))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('knd = "app"', ".knd: unknown key, did you mean 'kind'?"),
        ('kind = "clent"', "got 'clent', did you mean 'client'?"),
        ('effect = "leak"', ".effect: expected one of 'never-released', 'until-gc', 'cost'"),
        ("report = 1", ".report: expected true or false, got 1"),
        ("cost-ms = -1", ".cost-ms: expected a number"),
        ("cost-ms = nan", ".cost-ms: expected a number"),
        ("cost-ms = true", ".cost-ms: expected a number"),
        ('close-methods = "close"', ".close-methods: expected a list"),
        ("source = []", "'source' must not be empty"),
        ("patterns = []", "'patterns' must not be empty"),
        ('names = ["a.B"]', "give either 'name' or 'names', not both"),
        ('patterns = ["a.b"]', ".patterns: expected a list of dotted patterns with '*'"),
        ('unless = ["x"]', ".unless[0]: expected a table, got 'x'"),
        ("unless = 3", ".unless: expected a list of tables"),
        ('unless = [{ argument = "x" }]', ".unless[0]: missing key 'then'"),
        ('unless = [{ argument = "x" }]', ".unless[0]: missing key 'why'"),
        (
            'unless = [{ argument = "x", then = "quiet", why = "w" }]',
            ".unless[0].then: expected one of 'silent', 'possible', got 'quiet'",
        ),
        (
            'unless = [{ argument = "a b", then = "silent", why = "w" }]',
            ".unless[0].argument: expected a keyword name or a position",
        ),
        ("when = [3]", ".when[0]: expected a table, got 3"),
        ('when = [{ equals = ["True"] }]', ".when[0]: missing key 'argument'"),
        ('when = [{ argument = "x", then = "silent" }]', ".when[0].then: unknown key"),
    ],
)
def test_errors_of_a_resource(row: str, expected: str) -> None:
    found = errors(f'[[resource]]\nname = "shop.Client"\nwhy = "w"\n{row}\n')
    assert any(expected in line for line in found), found
    assert all(line.startswith("conf.toml: ") for line in found)


@pytest.mark.parametrize("name", ["", "a..b", "a.b()", "1a", "a b", "a-b.C", ".a", "a."])
def test_names_must_be_dotted_identifiers(name: str) -> None:
    (line,) = errors(f"[[resource]]\nname = '{name}'\nwhy = 'w'\n")
    assert "resource[0].name: expected a dotted name" in line


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('why = "w"', "missing key 'names'"),
        ('name = "a.b"', "missing key 'why'"),
        ('why = " "\nname = "a.b"', ".why: expected a text that is not empty"),
        (
            'why = "w"\nname = "a.b"\nkind = "call-argument"',
            "a call-argument entry point needs 'arguments'",
        ),
        ('why = "w"\nkind = "module-level"', "needs 'paths' or 'imports'"),
        ('why = "w"\nname = "a.b"\nheat = "warm"', ".heat: expected one of 'hot'"),
    ],
)
def test_errors_of_an_entry_point(row: str, expected: str) -> None:
    assert any(expected in line for line in errors(f"[[entry-point]]\n{row}\n"))


def test_bundled_rows_must_spell_out_what_users_may_omit() -> None:
    found = errors('[[resource]]\nname = "a.B"\nwhy = "w"\n', is_bundled=True)
    for key in ("id", "source", "distribution", "kind", "effect"):
        assert f"conf.toml: resource[0]: missing key {key!r}" in found


def test_all_errors_come_at_once_and_good_rows_survive() -> None:
    tables, found = read(
        """
        [[resource]]
        name = "a.Good"
        why = "w"

        [[resource]]
        name = "not a name"
        kind = "clent"

        [[memo]]
        scope = "galaxy"
        """,
        prefix="tool.celeryleak-lint.",
    )
    assert [row.id for row in tables.resources] == ["a.Good"]
    assert len(found) == 6
    assert all(line.startswith("conf.toml: tool.celeryleak-lint.") for line in found)


def test_clashing_names_and_ids_are_errors() -> None:
    found = errors(
        """
        [[resource]]
        id = "same"
        names = ["a.B", "a.C"]
        why = "w"

        [[resource]]
        id = "same"
        names = ["a.D"]
        why = "w"

        [[resource]]
        names = ["a.E", "a.C"]
        why = "w"

        [[resource]]
        names = ["a.F", "a.F"]
        why = "w"
        """
    )
    assert "conf.toml: resource: the id 'same' is used twice" in found
    assert "conf.toml: resource: 'a.C' is named by 'same' and by 'a.E'" in found
    assert any("'a.F' is named by" in line for line in found)


def test_one_name_may_be_a_decorator_and_a_call() -> None:
    rows = "".join(
        f'[[entry-point]]\nid = "{kind}"\nname = "a.b"\nkind = "{kind}"\nwhy = "w"\narguments = ["0"]\n'
        for kind in ("decorator", "call-argument")
    )
    assert errors(rows) == ()


def test_functions_are_told_apart_by_their_parameters() -> None:
    rows = "".join(
        f'[[entry-point]]\nid = "{p}"\nname = "app"\nkind = "function"\nwhy = "w"\nparameters = ["{p}"]\n'
        for p in ("scope", "environ")
    )
    assert errors(rows) == ()


def test_a_user_row_takes_over_the_names_it_lists() -> None:
    base, _ = read('[[resource]]\nid = "ours"\nnames = ["a.B", "a.b.B"]\nwhy = "ours"\n')
    own, _ = read('[[resource]]\nname = "a.B"\nreport = false\nwhy = "cheap here"\n')
    merged = overlaid(base, own)
    assert [(row.names, row.report) for row in merged.resources] == [
        (("a.B",), False),
        (("a.b.B",), True),
    ]


def test_a_row_without_names_left_vanishes() -> None:
    base, _ = read('[[memo]]\nname = "a.b"\nwhy = "ours"\n')
    own, _ = read('[[memo]]\nname = "a.b"\nscope = "none"\nwhy = "theirs"\n')
    assert overlaid(base, own).memos == own.memos


def test_rows_that_share_no_name_and_pattern_rows_stay() -> None:
    base, _ = read('[[resource]]\nid = "p"\npatterns = ["a.*Client"]\nwhy = "ours"\n')
    own, _ = read('[[resource]]\nname = "a.MyClient"\nwhy = "theirs"\n')
    assert [row.id for row in overlaid(base, own).resources] == ["a.MyClient", "p"]


def test_user_words_are_added() -> None:
    own, _ = read('[vocabulary]\nonce = ["kickoff"]\n')
    once = overlaid(bundled(), own).vocabulary.once
    assert "kickoff" in once
    assert "setup" in once


def test_a_heavy_row_needs_a_name_or_a_method() -> None:
    tables, trouble = read(
        """
        [[heavy]]
        methods = ["dump_all"]
        why = "returns every row"

        [[heavy]]
        name = "shop.export"
        why = "returns every row"
        bounded-by = ["rows", "0"]
        """
    )
    assert trouble == ()
    assert [(row.id, row.names, row.kind) for row in tables.heavy] == [
        ("dump_all", (), "reader"),
        ("shop.export", ("shop.export",), "reader"),
    ]
    assert tables.heavy[1].bounded_by == ("rows", "0")
    assert "missing key 'names'" in errors('[[heavy]]\nwhy = "w"\n')[0]
    assert "did you mean 'reader'" in errors('[[heavy]]\nname="a.b"\nwhy="w"\nkind="readr"\n')[0]


def test_a_users_heavy_row_takes_over_the_names_it_lists() -> None:
    own, _ = read('[[heavy]]\nname = "pandas.read_csv"\nwhy = "ours"\n')
    found = [row.why for row in overlaid(bundled(), own).heavy if "pandas.read_csv" in row.names]
    assert found == ["ours"]


def test_one_name_may_have_a_row_under_a_condition_besides() -> None:
    text = """
        [[resource]]
        name = "shop.fetch"
        why = "w"

        [[resource]]
        id = "shop.fetch.stream"
        name = "shop.fetch"
        why = "w"
        when = [{ argument = "stream", equals = ["True"] }]
    """
    tables, trouble = read(text)
    assert trouble == ()
    assert [len(row.when) for row in tables.resources] == [0, 1]
    again = read(text.replace('when = [{ argument = "stream", equals = ["True"] }]', ""))[1]
    assert any("shop.fetch" in error for error in again)
