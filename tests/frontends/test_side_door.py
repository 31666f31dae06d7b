"""A server in a project of commands: its sessions are believed, other keys are those of a command."""

from __future__ import annotations

from pathlib import Path

from tests.frontends.command import run
from tests.projects import written

KEEPER = """\
class Keeper:
    def __init__(self):
        self.kept = {{}}

    def keep(self, {key}, value):
        self.kept[{key}] = value


keeper = Keeper()


def put(key, value):
    keeper.keep(key, value)
"""
COMMAND = "import argparse\n\n\ndef main():\n    argparse.ArgumentParser().parse_args()\n"
SERVER = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {}
"""


def _project(folder: Path, key: str, *, server: bool) -> Path:
    files: dict[str, str | bytes] = {f"part{n}.py": f"SIZE = {n}\n" for n in range(120)}
    files |= {"pyproject.toml": "", "main.py": COMMAND, "keeper.py": KEEPER.format(key=key)}
    if server:
        files["health.py"] = SERVER
    return written(folder, files)


def test_a_command_has_no_sessions(tmp_path: Path) -> None:
    assert "CLK203" not in run("check", ".", cwd=_project(tmp_path, "session_id", server=False)).out


def test_the_sessions_of_a_side_door_are_believed(tmp_path: Path) -> None:
    sessions = _project(tmp_path / "sessions", "session_id", server=True)
    assert "CLK203" in run("check", ".", cwd=sessions).out
    orders = _project(tmp_path / "orders", "order_id", server=True)
    assert "CLK203" not in run("check", ".", cwd=orders).out
