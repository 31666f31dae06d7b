"""``check`` from the outside: findings, formats, exit codes and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontends.command import run
from tests.projects import LEAKY_TASK, copied, written

KEYS = {
    "code", "rule", "message", "path", "line", "column", "end_line", "end_column", "function",
    "resource", "effect", "confidence", "trace", "fix", "no_fix", "fingerprint",
}  # fmt: skip


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    return written(tmp_path, {"jobs.py": LEAKY_TASK, "calm.py": "x = 1\n"})


def test_finding_is_shown_with_its_line_and_trace(leaky: Path) -> None:
    ended = run("check", cwd=leaky)
    assert ended.code == 1
    assert ended.lines[0].startswith("jobs.py:7:14: CLK101 ")
    assert '7 |     client = redis.Redis.from_url("redis://localhost")' in ended.lines
    assert (
        "  |              " + "^" * len('redis.Redis.from_url("redis://localhost")') in ended.lines
    )
    assert any("jobs.py:6" in line and "`remember`" in line for line in ended.lines)
    assert "effect: cost" in ended.out
    assert ended.err.startswith("1 finding in 2 files (9 lines, ")


def test_clean_project(tmp_path: Path) -> None:
    ended = run("check", cwd=written(tmp_path, {"a.py": "x = 1\n"}))
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("0 findings in 1 file (1 line, ")


def test_concise(leaky: Path) -> None:
    ended = run("check", "--output-format", "concise", cwd=leaky)
    (line,) = ended.lines
    assert line.startswith("jobs.py:7:14: CLK101 [*] `remember` builds ")


def test_json(leaky: Path) -> None:
    document = run("check", "--output-format", "json", ".", cwd=leaky).document
    assert document["tool"]["name"] == "celeryleak-lint"
    (finding,) = document["findings"]
    assert set(finding) == KEYS
    place = {key: finding[key] for key in ("path", "line", "column", "end_line", "end_column")}
    assert place == {"path": "jobs.py", "line": 7, "column": 14, "end_line": 7, "end_column": 55}
    assert (finding["code"], finding["rule"]) == ("CLK101", "resource-built-per-call")
    assert set(finding["trace"][0]) == {"path", "line", "column", "note"}
    assert document["failures"] == []
    summary = document["summary"]
    assert (summary["files"], summary["lines"], summary["findings"]) == (2, 9, 1)
    assert set(summary) == {"files", "lines", "findings", "suppressed", "seconds"}


def test_paths_are_seen_from_the_working_directory(leaky: Path) -> None:
    (leaky / "pyproject.toml").write_text("[tool.celeryleak-lint]\n# nothing\nselect = ['CLK']\n")
    (leaky / "inner").mkdir()
    ended = run("check", "--output-format", "concise", "../jobs.py", cwd=leaky / "inner")
    assert ended.out.startswith("../jobs.py:7:14:")


def test_columns_count_code_points(tmp_path: Path) -> None:
    text = LEAKY_TASK.replace("client = redis", "größe = redis").replace("client.set", "größe.set")
    (finding,) = run(
        "check", "--output-format", "json", cwd=written(tmp_path, {"jobs.py": text})
    ).document["findings"]
    assert (finding["column"], finding["end_column"]) == (13, 54)


def test_noqa_counts_as_suppressed(leaky: Path) -> None:
    path = leaky / "jobs.py"
    path.write_text(path.read_text().replace('host")', 'host")  # noqa: CLK101'))
    ended = run("check", cwd=leaky)
    assert (ended.code, ended.out) == (0, "")
    assert ", 1 suppressed (" in ended.err


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--select", "CLK102"], 0),
        (["--select", "CLK102,CLK101"], 1),
        (["--ignore", "CLK1"], 0),
        (["--ignore", "CLK1", "--extend-select", "CLK101"], 1),
        (["--confidence", "certain"], 1),
        (["--exclude", "jobs.py"], 0),
        (["--exclude", "jobs.py", "jobs.py"], 1),
        (["--exclude", "jobs.py", "--force-exclude", "jobs.py"], 0),
        (["calm.py"], 0),
        (["--jobs", "2"], 1),
        (["--no-cache"], 1),
    ],
)
def test_options(leaky: Path, options: list[str], count: int) -> None:
    ended = run("check", "--output-format", "concise", *options, cwd=leaky)
    assert (len(ended.lines), ended.code) == (count, min(count, 1))


def test_exit_zero(leaky: Path) -> None:
    ended = run("check", "--exit-zero", cwd=leaky)
    assert (ended.code, bool(ended.out)) == (0, True)


def test_statistics(leaky: Path) -> None:
    ended = run("check", "--statistics", cwd=leaky)
    assert "     1  CLK101  resource-built-per-call\n" in ended.err


def test_cache_is_written_used_and_cleaned(leaky: Path) -> None:
    first = run("check", cwd=leaky)
    assert (leaky / ".celeryleak_cache").is_dir()
    assert run("check", cwd=leaky).out == first.out
    assert run("clean", cwd=leaky).code == 0
    assert not (leaky / ".celeryleak_cache").exists()
    assert run("check", "--no-cache", cwd=leaky).out == first.out
    assert not (leaky / ".celeryleak_cache").exists()


def test_cache_folder_of_the_users_choice(
    leaky: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    run("check", "--cache-dir", str(folder), cwd=leaky)
    assert not (leaky / ".celeryleak_cache").exists()
    assert len(list(folder.rglob("[0-9a-f][0-9a-f].pack"))) == 2


def test_stdin_has_the_knowledge_of_the_whole_project(tmp_path: Path) -> None:
    project = copied("two_roots", tmp_path)
    text = (project / "mail/app/tasks.py").read_text().replace("make_app()", "make_app( )")
    options = ["--output-format", "concise", "--stdin-filename", "mail/app/tasks.py", "-"]
    ended = run("check", *options, cwd=project, stdin=text.encode())
    (line,) = ended.lines
    assert line.startswith("mail/app/tasks.py:8:5: CLK102 ")
    fixed = run("check", *options, cwd=project, stdin=b"x = 1\n")
    assert (fixed.code, fixed.out) == (0, "")


def test_stdin_without_a_name(tmp_path: Path) -> None:
    ended = run("check", "--output-format", "concise", "-", cwd=tmp_path, stdin=LEAKY_TASK.encode())
    assert ended.out.startswith("stdin.py:7:14: CLK101 ")


def test_reported_is_what_was_asked_for_or_has_a_step_there(tmp_path: Path) -> None:
    project = copied("two_roots", tmp_path)
    whole = run("check", "--output-format", "concise", cwd=project).lines
    assert [line.partition(":")[0] for line in whole] == [
        "mail/app/tasks.py",
        "orders/app/tasks.py",
    ]
    through = run("check", "--output-format", "concise", "mail/app/broker.py", cwd=project).lines
    assert [line.partition(":")[0] for line in through] == ["mail/app/tasks.py"]


def test_tests_are_indexed_but_not_reported(tmp_path: Path) -> None:
    ended = run("check", "--output-format", "concise", cwd=copied("src_layout", tmp_path))
    (line,) = ended.lines
    assert line.startswith("src/shop/tasks.py:")
    assert "in 4 files" in ended.err


@pytest.mark.parametrize(
    ("project", "place"),
    [
        ("namespace", "airflow/providers/celery/executors/celery_executor_utils.py:12:11: CLK102"),
        ("django", "proj/tasks.py:6:11: CLK101"),
    ],
)
def test_celery_is_the_real_celery_beside_a_module_of_that_name(
    tmp_path: Path, project: str, place: str
) -> None:
    (line,) = run("check", "--output-format", "concise", cwd=copied(project, tmp_path)).lines
    assert line.startswith(place)


def test_color_only_at_a_terminal(leaky: Path) -> None:
    assert "\x1b" not in run("check", cwd=leaky).out


def test_reader_that_goes_away_is_no_traceback(leaky: Path) -> None:
    import subprocess
    import sys

    many = "".join(LEAKY_TASK.replace("remember", f"remember_{n}") for n in range(300))
    (leaky / "jobs.py").write_text(many)
    command = f"{sys.executable} -m celeryleak_lint check | head -1"
    done = subprocess.run(command, shell=True, cwd=leaky, capture_output=True, check=False)
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_clean_project_is_checked_without_libcst(tmp_path: Path) -> None:
    files = {f"m{n}.py": "import os\n\n\ndef f(x):\n    return os.getenv(x)\n" for n in range(10)}
    project = written(tmp_path, files)
    run("check", cwd=project)
    ended = run("check", "--no-cache", cwd=project, PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 0
    assert "celeryleak_lint.engine" in ended.err
    assert "libcst" not in ended.err


EXECUTORS = """
from concurrent.futures import ThreadPoolExecutor

from celery import shared_task


@shared_task
def left(orders):
    pool = ThreadPoolExecutor()
    return list(pool.map(str, orders))


@shared_task
def closed(orders):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(str, orders))
"""


def test_nobody_is_told_to_do_what_is_done(tmp_path: Path) -> None:
    project = written(tmp_path, {"jobs.py": EXECUTORS})
    options = ("--select=CLK101", "--confidence=possible", "--output-format=concise")
    closed = [line for line in run("check", *options, cwd=project).lines if "`closed`" in line]
    assert [line.rpartition("; ")[2] for line in closed] == ["share one for the process"]
