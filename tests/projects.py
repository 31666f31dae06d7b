"""Sample projects on disk, copied or written afresh for each test."""

from __future__ import annotations

import shutil
import subprocess
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


def committed(folder: Path) -> Path:
    """The project in ``folder``, with all its files committed to git."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=state")
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git in ``folder`` as somebody without settings of their own, and give what it says."""
    person = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    done = subprocess.run(
        ["git", *person, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout
