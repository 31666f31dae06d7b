"""Baselines and base revisions: only what is new is reported, whatever moved."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.frontends.command import Ended, run
from tests.projects import LEAKY_TASK, committed, git, written

OTHER = LEAKY_TASK.replace("remember", "forget")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written(tmp_path, {"jobs.py": LEAKY_TASK, "pkg/mail.py": OTHER, "setup.cfg": ""})


def checked(folder: Path, *options: str) -> Ended:
    return run("check", "--output-format", "concise", *options, cwd=folder)


def places(ended: Ended) -> list[str]:
    return [f"{line.split(':')[0]} {line.split()[1]}" for line in ended.lines]


def baselined(folder: Path, *options: str) -> Path:
    ended = run("check", "--write-baseline", "known.toml", *options, cwd=folder)
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert "wrote known.toml" in ended.err
    return folder / "known.toml"


def test_what_was_there_is_not_reported(project: Path) -> None:
    text = baselined(project).read_text()
    assert text.count("fingerprint = ") == 2
    ended = checked(project, "--baseline", "known.toml")
    assert (ended.code, ended.out) == (0, "")
    assert ", 2 known before (" in ended.err


def test_only_what_is_new_is_reported(project: Path) -> None:
    baselined(project)
    written(project, {"pkg/new.py": LEAKY_TASK})
    assert places(checked(project, "--baseline", "known.toml")) == ["pkg/new.py CLK101"]


def test_lines_may_move_and_files_be_renamed(project: Path) -> None:
    baselined(project)
    (project / "jobs.py").unlink()
    written(project, {"work/tasks.py": "# moved\n\n" + LEAKY_TASK})
    assert places(checked(project, "--baseline", "known.toml")) == []


def test_what_is_gone_is_stale(project: Path) -> None:
    lines = baselined(project).read_text().splitlines()
    (project / "jobs.py").write_text("x = 1\n")
    (line,) = checked(project, "--baseline", "known.toml").lines
    number = next(n for n, text in enumerate(lines, 1) if "jobs.py" in text)
    assert line.startswith(f"known.toml:{number}:1: CLK903 the baseline lists CLK101 in `remember`")
    assert places(checked(project, "--baseline", "known.toml", "--ignore", "CLK903")) == []
    baselined(project)
    assert checked(project, "--baseline", "known.toml").lines == []


@pytest.mark.parametrize(
    "options",
    [
        ["pkg"], ["--select", "CLK102,CLK9"], ["--ignore", "CLK101"], ["--confidence", "certain"],
        ["--exclude", "jobs.py"],
    ],
)  # fmt: skip
def test_entries_are_judged_only_where_the_run_looks(project: Path, options: list[str]) -> None:
    cold = LEAKY_TASK.replace("@shared_task\n", "").replace("def remember", "def handle")
    likely = cold.replace("redis.Redis.from_url", "httpx.Client").replace(
        "import redis", "import httpx"
    )
    written(project, {"jobs.py": likely})
    text = baselined(project).read_text()
    assert 'confidence = "likely"' in text
    if options != ["--exclude", "jobs.py"]:
        (project / "jobs.py").write_text("x = 1\n")
    assert checked(project, "--baseline", "known.toml", *options).lines == []


def test_nothing_is_stale_while_a_file_cannot_be_read(project: Path) -> None:
    baselined(project)
    (project / "jobs.py").write_text("def f(:\n")
    ended = checked(project, "--baseline", "known.toml")
    assert (ended.code, ended.lines) == (2, [])


def test_an_excused_finding_keeps_its_entry(project: Path) -> None:
    baselined(project)
    (project / "jobs.py").write_text(LEAKY_TASK.replace('host")\n', 'host")  # noqa: CLK101\n'))
    assert checked(project, "--baseline", "known.toml").lines == []


def test_reasons_survive_a_rewriting(project: Path) -> None:
    path = baselined(project)
    path.write_text(path.read_text().replace('reason = ""', 'reason = "asked the vendor"', 1))
    written(project, {"pkg/new.py": LEAKY_TASK})
    baselined(project)
    assert path.read_text().count("asked the vendor") == 1
    assert path.read_text().count("fingerprint = ") == 3


def test_rewriting_a_part_keeps_the_rest(project: Path) -> None:
    path = baselined(project)
    (project / "jobs.py").write_text("x = 1\n")
    baselined(project, "pkg")
    assert path.read_text().count("fingerprint = ") == 2
    baselined(project)
    assert path.read_text().count("fingerprint = ") == 1


def test_nothing_is_written_when_something_cannot_be_read(project: Path) -> None:
    written(project, {"bad.py": "def f(:\n"})
    ended = run("check", "--write-baseline", "known.toml", cwd=project)
    assert ended.code == 2
    assert "'known.toml' is not written, since not everything could be read" in ended.err
    assert not (project / "known.toml").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("finding = [", "known.toml: is not valid TOML"),
        ("x = 1", "known.toml: x: unknown key"),
    ],
)
@pytest.mark.parametrize("option", ["--baseline", "--write-baseline"])
def test_a_damaged_baseline_is_told_and_left_alone(
    project: Path, option: str, text: str, message: str
) -> None:
    written(project, {"known.toml": text})
    ended = run("check", option, "known.toml", cwd=project)
    assert (ended.code, ended.out) == (2, "")
    assert f"celeryleak-lint: {message}" in ended.err
    assert (project / "known.toml").read_text() == text
    assert not (project / ".celeryleak_cache").exists()


def test_a_configured_baseline_is_seen_from_its_configuration(project: Path) -> None:
    baselined(project)
    written(project, {"celeryleak-lint.toml": 'baseline = "known.toml"\n'})
    assert run("check", "../jobs.py", cwd=project / "pkg").code == 0
    ended = run("config", cwd=project / "pkg")
    assert 'baseline = "known.toml"  # ../celeryleak-lint.toml' in ended.lines
    (project / "known.toml").unlink()
    ended = checked(project)
    assert ended.code == 2
    assert (
        "there is no baseline 'known.toml'; write it with `--write-baseline known.toml`"
        in ended.err
    )
    baselined(project)
    assert checked(project).code == 0


def test_branches_that_touch_other_functions_merge(project: Path) -> None:
    written(project, {".gitattributes": "known.toml merge=union\n", ".gitignore": ".cel*\n"})
    baselined(project)
    committed(project)
    for branch, name in (("one", "first"), ("two", "second")):
        git(project, "checkout", "--quiet", "-b", branch, "main")
        written(project, {f"{name}.py": LEAKY_TASK.replace("remember", name)})
        baselined(project)
        committed(project)
    git(project, "merge", "--quiet", "--no-edit", "one")
    ended = checked(project, "--baseline", "known.toml")
    assert (ended.code, ended.lines) == (0, [])
    assert (project / "known.toml").read_text().count("fingerprint = ") == 4


def test_diff_reports_what_a_change_introduces(project: Path) -> None:
    committed(project)
    assert checked(project, "--diff-base", "HEAD").lines == []
    text = (
        "# moved\n" + LEAKY_TASK + "\n\n" + OTHER.replace("forget", "lose").partition("\n\n\n")[2]
    )
    written(project, {"jobs.py": text})
    ended = checked(project, "--diff-base", "HEAD")
    (line,) = ended.lines
    assert "`lose`" in line
    assert "2 known before" in ended.err
    git(project, "mv", "pkg/mail.py", "pkg/post.py")
    assert len(checked(project, "--diff-base", "HEAD").lines) == 1


def test_a_caller_that_makes_old_code_hot_is_a_change(tmp_path: Path) -> None:
    factory = "import redis\n\n\ndef connect(url):\n    return redis.Redis.from_url(url)\n"
    caller = (
        "from celery import shared_task\nfrom store import connect\n\n\n"
        "@shared_task\ndef tick():\n    connect('redis://a').ping()\n"
    )
    project = committed(written(tmp_path, {"store.py": factory, "setup.cfg": ""}))
    written(project, {"jobs.py": caller})
    assert places(checked(project, "--diff-base", "HEAD")) == ["jobs.py CLK102"]


def test_a_project_inside_a_repository_and_one_that_is_new(tmp_path: Path) -> None:
    top = committed(written(tmp_path, {"svc/jobs.py": LEAKY_TASK, "svc/setup.cfg": ""}))
    assert checked(top / "svc", "--diff-base", "HEAD").lines == []
    written(top, {"new/jobs.py": LEAKY_TASK, "new/setup.cfg": ""})
    assert len(checked(top / "new", "--diff-base", "HEAD").lines) == 1


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "", "HEAD~7"])
def test_a_revision_that_does_not_exist(project: Path, revision: str) -> None:
    committed(project)
    before = sorted(project.iterdir())
    ended = run("check", f"--diff-base={revision}", cwd=project)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("celeryleak-lint: --diff-base: ")
    assert repr(revision) in line
    assert sorted(project.iterdir()) == before


def test_the_repository_is_left_as_it_is(project: Path) -> None:
    committed(project)
    hook = project / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)
    (project / "jobs.py").write_text(OTHER)
    index = (project / ".git/index").read_bytes()
    checked(project, "--diff-base", "HEAD", "--no-cache")
    assert (project / ".git/index").read_bytes() == index
    assert not (project / "hooked").exists()
    assert git(project, "worktree", "list").count("\n") == 1
    assert (project / "jobs.py").read_text() == OTHER


def test_links_of_the_base_revision_are_not_made(project: Path) -> None:
    (project / "link.py").symlink_to("/etc/hostname")
    committed(project)
    (project / "link.py").unlink()
    assert checked(project, "--diff-base", "HEAD").code == 0


def test_without_git(project: Path) -> None:
    committed(project)
    ended = run("check", "--diff-base", "HEAD", cwd=project, PATH="")
    assert ended.code == 2
    assert "git cannot be started" in ended.err


def test_the_cache_remembers_today_and_not_the_base(project: Path) -> None:
    committed(project)
    (project / "jobs.py").write_text("x = 1\n")
    checked(project)
    packs = {path: path.read_bytes() for path in project.rglob("*.pack")}
    checked(project, "--diff-base", "HEAD")
    assert {path: path.read_bytes() for path in project.rglob("*.pack")} == packs
    assert subprocess.run(["git", "status", "--short"], cwd=project, check=True).returncode == 0
