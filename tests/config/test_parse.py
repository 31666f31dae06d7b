"""Configuration tables: what they mean, and everything that can be wrong with them."""

from __future__ import annotations

import pytest

from celeryleak_lint.config import Config, ConfigError, parse

CODES = ("CLK101", "CLK102", "CLK901")


def parsed(table: dict[str, object]) -> Config:
    config = parse(table, codes=CODES)
    assert isinstance(config, Config)
    return config


def errors(table: dict[str, object]) -> list[str]:
    found = parse(table, codes=CODES, file="pyproject.toml", prefix="tool.celeryleak-lint.")
    assert not isinstance(found, Config)
    return [str(error) for error in found]


def test_every_key() -> None:
    config = parsed(
        {
            "select": ["CLK1"],
            "extend-select": ["CLK901"],
            "ignore": ["CLK102"],
            "per-file-ignores": {"scripts/**": ["CLK1"]},
            "exclude": ["/old", "*_pb2.py"],
            "confidence": "possible",
            "src": ["lib", "./src/", "."],
            "hot": ["consume", "shop.loop.tick"],
            "once": ["boot"],
            "processes": {"tools": "script", "/daemon.py": "long-running"},
            "baseline": "known.toml",
            "resource": [{"name": "corp.Client", "why": "opens sockets"}],
        }
    )
    assert config.select == ("CLK1",)
    assert config.per_file_ignores == (("scripts/**", ("CLK1",)),)
    assert config.src == ("lib", "src", "")
    assert (config.hot, config.once) == (("consume", "shop.loop.tick"), ("boot",))
    assert config.processes == (("tools", "script"), ("/daemon.py", "long-running"))
    assert config.baseline == "known.toml"
    assert dict(config.tables) == {"resource": [{"name": "corp.Client", "why": "opens sockets"}]}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"selct": []}, "selct: unknown key; did you mean `select`?"),
        ({"zzz": 1}, "zzz: unknown key"),
        ({"select": "CLK101"}, "select: expected a list of strings, found a string"),
        ({"ignore": [1]}, "ignore[0]: expected a string, found a number"),
        (
            {"ignore": ["CLX101"]},
            "ignore: `CLX101` is no code of celeryleak-lint; did you mean `CLK101`?",
        ),
        ({"ignore": [""]}, "ignore: `` is no code of celeryleak-lint"),
        (
            {"confidence": "sure"},
            "confidence: expected one of `certain`, `likely`, `possible`, found `sure`",
        ),
        (
            {"confidence": True},
            "confidence: expected one of `certain`, `likely`, `possible`, found a boolean",
        ),
        ({"src": ["../other"]}, "src: `../other` leaves the project; give a folder inside it"),
        (
            {"per-file-ignores": ["a"]},
            "per-file-ignores: expected a table from pattern to list of codes, found a list",
        ),
        ({"hot": "x"}, "hot: expected a list of strings, found a string"),
        ({"hot": ["a b"]}, "hot: `a b` is no name of a function, such as `tick` or `app.tick`"),
        ({"once": ["a", "a"]}, "once: `a` is listed twice"),
        (
            {"hot": ["a"], "once": ["a"]},
            "once: `a` is listed under `hot`, too; drop one of them",
        ),
        (
            {"processes": {"a": "daemon"}},
            'processes."a": expected one of `script`, `long-running`, `rerun`, found `daemon`',
        ),
        (
            {"processes": ["a"]},
            "processes: expected a table from pattern to profile, found a list",
        ),
        ({"baseline": ""}, "baseline: expected a text that is not empty, found a string"),
        (
            {"per-file-ignores": {"a.py": ["X1"]}},
            'per-file-ignores."a.py": `X1` is no code of celeryleak-lint',
        ),
    ],
)
def test_one_error(table: dict[str, object], message: str) -> None:
    assert errors(table) == [f"pyproject.toml: tool.celeryleak-lint.{message}"]


def test_unreadable_pattern_is_an_error() -> None:
    (message,) = errors({"exclude": ["!"]})
    assert message.startswith("pyproject.toml: tool.celeryleak-lint.exclude: `!` is no gitignore")


def test_all_errors_at_once() -> None:
    assert len(errors({"selct": [], "ignore": "x", "src": ["/a"], "confidence": 1})) == 4


def test_error_without_file_names_the_key_only() -> None:
    assert str(ConfigError("", "--select", "wrong")) == "--select: wrong"


@pytest.mark.parametrize(
    ("table", "code", "is_on"),
    [
        ({}, "CLK101", True),
        ({"ignore": ["CLK1"]}, "CLK101", False),
        ({"ignore": ["CLK1"], "extend-select": ["CLK101"]}, "CLK101", True),
        ({"ignore": ["CLK1"], "extend-select": ["CLK101"]}, "CLK102", False),
        ({"select": ["CLK102"]}, "CLK101", False),
        ({"select": ["CLK101"], "ignore": ["CLK101"]}, "CLK101", False),
        ({"select": ["CLK1"], "extend-select": ["CLK901"]}, "CLK901", True),
    ],
)
def test_longer_prefix_wins(table: dict[str, object], code: str, is_on: bool) -> None:
    assert parsed(table).selects(code) is is_on


def test_threshold_of_confidence() -> None:
    assert not Config().admits("CLK101", "a.py", "possible")
    assert Config().admits("CLK101", "a.py", "likely")
    assert Config(confidence="possible").admits("CLK101", "a.py", "possible")
    assert not Config(confidence="certain").admits("CLK101", "a.py", "likely")


def test_per_file_ignores_use_gitignore_patterns() -> None:
    config = Config(per_file_ignores=(("/jobs", ("CLK1",)), ("*_old.py", ("CLK",))))
    assert not config.admits("CLK101", "jobs/a.py")
    assert config.admits("CLK901", "jobs/a.py")
    assert config.admits("CLK101", "deep/jobs/a.py")
    assert not config.admits("CLK901", "deep/a_old.py")
    assert config.admits("CLK101", "")


def test_patterns_are_seen_from_the_configuration() -> None:
    config = Config(per_file_ignores=(("/svc/jobs", ("CLK",)),), anchor="svc")
    assert not config.admits("CLK101", "jobs/a.py")
