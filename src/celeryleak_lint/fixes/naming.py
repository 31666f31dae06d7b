"""Names for helpers that read as if somebody had chosen them: ``_redis_client``, ``_celery_app``."""

from __future__ import annotations

import re

from celeryleak_lint.catalog.words import split_words
from celeryleak_lint.fixes.sheet import Sheet

_FIRST_TEXT = re.compile(r"\(\s*[\"'](?P<text>[a-z][a-z0-9_]*)[\"']")


def helper_name(sheet: Sheet, *, resource: str, noun: str, assigned: str, expression: str) -> str:
    """A private name that is free in the file.

    ``assigned`` is the local that gets the object (or empty), ``expression`` the text that
    builds it: ``boto3.client("s3")`` is an ``_s3_client``.
    """
    return sheet.free(
        f"_{wished(resource=resource, noun=noun, assigned=assigned, expression=expression)}"
    )


def wished(*, resource: str, noun: str, assigned: str, expression: str) -> str:
    """The name without underscore in front, free or not."""
    local = assigned.strip("_")
    if "_" in local and local == local.lower():
        return local  # one word alone (`client`, `r`) says too little at module level
    package, _, rest = resource.partition(".")
    last = "_".join(split_words(rest.rpartition(".")[2])) or package
    thing = noun.replace("-", "_") if noun not in ("other", "producer-consumer") else last
    text = _FIRST_TEXT.search(expression)
    if noun == "client" and text is not None and last in ("client", "resource"):
        return f"{text['text']}_{thing}"
    return f"{package}_{thing}" if not thing.startswith(package) else thing
