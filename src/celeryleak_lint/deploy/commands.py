"""Recognises the command lines that start workers: Celery's, in all spellings, and Airflow's."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from celeryleak_lint.deploy.words import commands_in
from celeryleak_lint.model.deploy import Program

#: Stands for a template's expression; it survives every parser and never occurs in a command.
PLACEHOLDER = "\ue000"

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "su", "runuser"})
#: Programs that mention a worker, or restart it whenever a file changes, without running one.
_BYSTANDERS = frozenset(
    {
        "[", "alias", "apk", "apt", "apt-get", "cat", "echo", "grep", "kill", "killall", "logger",
        "nodemon", "pgrep", "pip", "pip3", "pkill", "printf", "ps", "sed", "test",
        "watchfiles", "watchmedo",
    }
)  # fmt: skip
_CONTAINERS = frozenset({"docker", "docker-compose", "podman", "kubectl"})
_VALUED = frozenset(
    {
        "A", "app", "b", "broker", "result-backend", "loader", "config", "workdir", "n", "hostname",
        "l", "loglevel", "O", "prefetch-multiplier", "c", "concurrency", "P", "pool", "time-limit",
        "soft-time-limit", "max-tasks-per-child", "maxtasksperchild", "max-memory-per-child",
        "Q", "queues", "X", "exclude-queues", "I", "include", "autoscale", "f", "logfile",
        "pidfile", "uid", "gid", "umask", "executable", "s", "schedule", "schedule-filename",
        "scheduler", "S", "statedb", "heartbeat-interval", "q", "H", "celery-hostname", "pid",
        "stdout", "stderr", "log-file",
    }
)  # fmt: skip
_SUBCOMMANDS: dict[Program, tuple[tuple[str, ...], ...]] = {
    "celery": (("worker",), ("multi", "start"), ("multi", "restart")),
    "airflow": (("celery", "worker"), ("worker",)),
}
_DEPTH = 3


class Worker(msgspec.Struct, frozen=True):
    """A worker's command line, before its place is known; ``row`` counts from 0 in its text."""

    program: Program
    text: str
    row: int
    options: tuple[tuple[str, str], ...]
    is_opaque: bool

    def option(self, *names: str) -> str:
        """The value of the first option with one of these names; empty without one."""
        return next((value for name, value in self.options if name in names), "")


def workers_in(text: str) -> Iterator[Worker]:
    """All workers that a piece of shell text starts."""
    for command in commands_in(text):
        yield from workers_of(command.words, command.row)


def workers_of(words: Sequence[str], row: int = 0, depth: int = 0) -> Iterator[Worker]:
    """The worker that one command starts, looking into ``sh -c '...'``."""
    if not words or depth > _DEPTH or _is_bystander(words):
        return
    script = _script(words)
    if script is not None:
        for command in commands_in(script):
            yield from workers_of(command.words, row + command.row, depth + 1)
        return
    for index, word in enumerate(words):
        name = _program(word)
        if name and not _is_service_name(words[:index]):
            worker = _worker(name, words[index + 1 :], row)
            if worker is not None:
                yield worker
            return


def _program(word: str) -> Program | Literal[""]:
    """The program a word starts; ``${CELERY_BIN}`` is what Celery's own service files call it."""
    name = os.path.basename(word.lstrip("("))
    if name == "celery" or word.strip("${}").upper() == "CELERY_BIN":
        return "celery"
    return "airflow" if name == "airflow" else ""


def _is_bystander(words: Sequence[str]) -> bool:
    first = next((word for word in words if "=" not in word), "")
    return os.path.basename(first) in _BYSTANDERS or any(
        os.path.basename(word) in ("watchfiles", "watchmedo", "nodemon") for word in words
    )


def _is_service_name(before: Sequence[str]) -> bool:
    """``docker compose up celery worker`` names services; ``run`` and ``exec`` start programs."""
    return any(word in _CONTAINERS for word in before) and not {"run", "exec"} & set(before)


def _script(words: Sequence[str]) -> str | None:
    """The text that a shell is asked to run with ``-c``."""
    for index, word in enumerate(words[:-1]):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            if any(os.path.basename(earlier) in _SHELLS for earlier in words[:index]):
                return words[index + 1]
    return None


def _worker(program: Program, arguments: Sequence[str], row: int) -> Worker | None:
    options, positional, is_opaque = _parsed(arguments)
    subcommand = next((w for w in _SUBCOMMANDS[program] if tuple(positional[: len(w)]) == w), None)
    if subcommand is None or (len(positional) > len(subcommand) and subcommand[0] != "multi"):
        return None  # a worker takes no words, but prose about one has many
    text = " ".join((program, *arguments)).replace(PLACEHOLDER, "")
    return Worker(program, " ".join(text.split()), row, tuple(options), is_opaque)


def _parsed(arguments: Sequence[str]) -> tuple[list[tuple[str, str]], list[str], bool]:
    """Options by name, positional words, and whether a variable may hide more options.

    A word behind an option that is not known may be its value, and is none of the positional.
    """
    options: list[tuple[str, str]] = []
    positional: list[str] = []
    is_opaque = is_behind_unknown = False
    rest = iter(arguments)
    for word in rest:
        if _is_redirection(word):
            break
        if len(word) > 1 and word[0] == "-":
            name, value = _option(word)
            if value is None and name in _VALUED:
                value = next(rest, "")
            is_behind_unknown = value is None
            options.append((name, value or ""))
            continue
        if _is_variable(word):
            is_opaque = True
        elif not (is_behind_unknown and positional):
            positional.append(word.rstrip(")"))
        is_behind_unknown = False
    return options, positional, is_opaque


def _option(word: str) -> tuple[str, str | None]:
    """Name and value of an option; ``None`` when the value, if any, is the next word."""
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        return name.lower().replace("_", "-"), value if equals else None
    return word[1], word[2:].removeprefix("=") or None


def _is_redirection(word: str) -> bool:
    return ">" in word[:3] or word.startswith("<")


def _is_variable(word: str) -> bool:
    return word.startswith(("$", "`", "%(", "{", PLACEHOLDER)) or PLACEHOLDER in word
