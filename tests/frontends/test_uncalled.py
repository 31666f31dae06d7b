"""Growth in what nobody calls: judged by name in a script, not believed in a project of some size."""

from __future__ import annotations

from pathlib import Path

from tests.frontends.command import run
from tests.projects import written

ENTRIES = """\
import uuid

ENTRIES = {}


def put_aside(name):
    entry_id = uuid.uuid4().hex
    ENTRIES[entry_id] = name
    return entry_id
"""


def test_a_project_of_some_size_calls_what_it_is_made_of(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"entries.py": ENTRIES, "pyproject.toml": ""}
    small = run("check", ".", cwd=written(tmp_path / "small", files))
    assert "CLK201" in small.out
    others: dict[str, str | bytes] = {f"part{n}.py": f"SIZE = {n}\n" for n in range(12)}
    large = written(tmp_path / "large", {**files, **others})
    assert "CLK201" not in run("check", ".", cwd=large).out
    assert "CLK201" in run("check", ".", "--confidence", "possible", cwd=large).out


def test_who_is_called_there_is_believed(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"entries.py": ENTRIES, "pyproject.toml": ""}
    files |= {f"part{n}.py": f"SIZE = {n}\n" for n in range(12)}
    files["serve.py"] = (
        "from entries import put_aside\n\n\ndef process_upload(name):\n    return put_aside(name)\n"
    )
    assert "CLK201" in run("check", ".", cwd=written(tmp_path, files)).out


TRACKER = """\
class UsageTracker:
    def __init__(self):
        self.sessions = {}

    def add(self, session_key, tokens):
        self.sessions[session_key] = tokens


tracker = UsageTracker()
"""


def test_what_has_the_name_of_the_class_may_be_its_instance(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"usage.py": TRACKER, "pyproject.toml": ""}
    files |= {f"part{n}.py": f"SIZE = {n}\n" for n in range(12)}
    caller = "class Runner:\n    def run(self, session_key):\n        self.{}.add(session_key, 1)\n"
    files["runner.py"] = caller.format("_total")
    unlike = run("check", ".", cwd=written(tmp_path / "unlike", files))
    assert "CLK203" not in unlike.out
    files["runner.py"] = caller.format("_usage_tracker")
    assert "CLK203" in run("check", ".", cwd=written(tmp_path / "alike", files)).out
