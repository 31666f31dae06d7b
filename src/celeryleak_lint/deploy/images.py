"""Dockerfiles: what an image runs by default, and the environment it sets."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping

from celeryleak_lint.deploy.source import Source, words_in_json


def read_dockerfile(source: Source) -> None:
    """Take in the workers of a Dockerfile; ``ENTRYPOINT`` and ``CMD`` of a stage are one command."""
    from dockerfile_parse import DockerfileParser  # imported late: few files need it

    parser = DockerfileParser(fileobj=io.BytesIO(source.text.encode()), env_replace=False)
    entry: tuple[str, ...] = ()
    for step in parser.structure:
        name, value = step["instruction"], step["value"]
        first, last = step["startline"] + 1, step["endline"] + 1
        if name == "FROM":
            entry = ()
        elif name == "ENV":
            _environment(source, value, first)
        elif name in ("ENTRYPOINT", "CMD"):
            words = words_in_json(value)
            if name == "ENTRYPOINT":
                entry = words or ()
            _command(source, step, (*entry, *words) if words and name == "CMD" else words)
        elif name == "RUN":
            source.add_script(value, first, last)


def _command(source: Source, step: Mapping[str, object], words: tuple[str, ...] | None) -> None:
    first, last = int(str(step["startline"])) + 1, int(str(step["endline"])) + 1
    if words is None:
        source.add_script(str(step["value"]), first, last)
    else:
        source.add_words(words, first, last)


def _environment(source: Source, value: str, line: int) -> None:
    """``ENV A=1 B=2`` and the old ``ENV A 1``."""
    try:
        words = shlex.split(value)
    except ValueError:
        words = value.split()
    if words and "=" not in words[0]:
        source.add_setting(words[0], " ".join(words[1:]), line)
    else:
        source.add_assignments(words, line)
