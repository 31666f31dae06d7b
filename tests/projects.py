"""Sample projects on disk, copied or written afresh for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures" / "projects"

LEAKY_TASK = """\
import redis
from celery import shared_task


@shared_task
def remember(order_id):
    client = redis.Redis.from_url("redis://localhost")
    client.set(order_id, "seen")
"""


def copied(name: str, folder: Path) -> Path:
    """A sample project, alone in ``folder``."""
    return Path(shutil.copytree(FIXTURES / name, folder / name))


def written(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A project with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
    return folder
