"""What belongs to a project, what is left out, and what is reported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from celeryleak_lint.config import Config
from celeryleak_lint.model.source import Scope
from celeryleak_lint.system.discover import Discovery, Place, discover, is_test_path, locate
from tests.projects import written


def found(
    folder: Path, *paths: str, config: Config | None = None, force: bool = False
) -> Discovery:
    place = locate(paths, working_directory=str(folder))
    assert isinstance(place, Place)
    return discover(place, config or Config(), force_exclude=force)


def paths_in(scope: Scope) -> list[str]:
    return [file.path for file in scope.files]


@pytest.mark.parametrize(
    "marker", ["pyproject.toml", "setup.cfg", ".git/HEAD", "celeryleak-lint.toml"]
)
def test_root_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    project = written(tmp_path / "top", {marker: "", "pkg/a.py": "", "b.py": ""})
    scope = found(tmp_path, "top/pkg").scope
    assert scope.root == str(project)
    assert paths_in(scope) == ["b.py", "pkg/a.py"]
    assert scope.reported == {"pkg/a.py"}


def test_root_does_not_rise_above_the_working_directory(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "[project]\nname='x'\n", "sub/a.py": "", "b.py": ""})
    assert paths_in(found(tmp_path / "sub").scope) == ["a.py"]


def test_root_rises_above_the_working_directory_for_our_configuration(tmp_path: Path) -> None:
    written(
        tmp_path, {"pyproject.toml": "[tool.celeryleak-lint]\nselect=['CLK']\n", "sub/a.py": ""}
    )
    scope = found(tmp_path / "sub").scope
    assert scope.root == str(tmp_path)
    assert paths_in(scope) == ["sub/a.py"]


def test_without_a_marker_the_folder_given_is_the_root(tmp_path: Path) -> None:
    written(tmp_path, {"one/a.py": "", "two/b.py": "", "c.py": ""})
    assert found(tmp_path, "one").scope.root == str(tmp_path / "one")
    both = found(tmp_path, "one/a.py", "two/b.py").scope
    assert both.root == str(tmp_path)
    assert paths_in(both) == ["c.py", "one/a.py", "two/b.py"]
    assert both.reported == {"one/a.py", "two/b.py"}


def test_everything_is_reported_when_the_root_is_given(tmp_path: Path) -> None:
    assert found(written(tmp_path, {"a.py": ""})).scope.reported is None


def test_folders_of_tools_are_left_out(tmp_path: Path) -> None:
    inside = (".git", ".venv", "venv", "node_modules", "__pycache__", "build", "dist", ".tox")
    files = {f"{name}/a.py": "" for name in (*inside, ".nox", "site-packages", "x.egg-info")}
    assert paths_in(found(written(tmp_path, {**files, "kept.py": ""})).scope) == ["kept.py"]


def test_user_patterns_and_ignore_files_leave_out(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "",
        ".gitignore": "generated/\n*_pb2.py\n[\n",
        "generated/a.py": "",
        "api/x_pb2.py": "",
        "api/.gitignore": "!kept_pb2.py\nlocal.py\n",
        "api/kept_pb2.py": "",
        "api/local.py": "",
        "local.py": "",
        "old/b.py": "",
        "deep/old/c.py": "",
    }
    scope = found(written(tmp_path, files), config=Config(exclude=("/old",))).scope
    assert paths_in(scope) == ["api/kept_pb2.py", "deep/old/c.py", "local.py"]


def test_patterns_are_seen_from_the_configuration(tmp_path: Path) -> None:
    written(tmp_path, {"sub/pyproject.toml": "", "sub/old/a.py": "", "sub/b.py": ""})
    excluded = Config(exclude=("/sub/old",), anchor="sub")
    assert paths_in(found(tmp_path, "sub", config=excluded).scope) == ["b.py"]


def test_what_is_named_is_checked_even_if_excluded(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "", "old/a.py": "", "build/b.py": "", "c.py": ""})
    excluded = Config(exclude=("old",))
    named = found(tmp_path, "old/a.py", "build", config=excluded).scope
    assert named.reported == {"build/b.py", "old/a.py"}
    forced = found(tmp_path, "old/a.py", "build", "c.py", config=excluded, force=True).scope
    assert forced.reported == {"c.py"}
    assert paths_in(forced) == ["c.py"]


def test_stubs_are_passed_over_and_scripts_taken_when_named(tmp_path: Path) -> None:
    written(tmp_path, {"a.pyi": "", "bin/worker": "import x\n", "b.pyw": ""})
    assert paths_in(found(tmp_path, "a.pyi", "bin/worker", "b.pyw").scope) == [
        "b.pyw",
        "bin/worker",
    ]


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path, {"else/x.py": "", "project/a.py": "", "project/pyproject.toml": ""})
    project = tmp_path / "project"
    (project / "folder").symlink_to(tmp_path / "else")
    (project / "file.py").symlink_to(tmp_path / "else" / "x.py")
    (project / "inner.py").symlink_to(project / "a.py")
    (project / "gone.py").symlink_to(project / "nowhere.py")
    (project / "again").symlink_to(project)
    assert paths_in(found(project).scope) == ["a.py", "inner.py"]


def test_special_files_are_passed_over(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": ""})
    os.mkfifo(tmp_path / "pipe.py")
    assert paths_in(found(tmp_path).scope) == ["a.py"]
    named = locate(["pipe.py"], working_directory=str(tmp_path))
    assert named == ("neither a file nor a folder: 'pipe.py'",)


def test_all_missing_paths_are_named(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": ""})
    missing = locate(["a.py", "b.py", "c\0.py"], working_directory=str(tmp_path))
    assert missing == ("no such file or folder: 'b.py'", "no such file or folder: 'c\\x00.py'")


def test_name_that_is_no_text_is_a_failure(tmp_path: Path) -> None:
    written(tmp_path, {"a.py": ""})
    (tmp_path / os.fsdecode(b"bad\xff.py")).touch()
    discovery = found(tmp_path)
    assert paths_in(discovery.scope) == ["a.py"]
    (failure,) = discovery.failures
    assert failure.path == "bad\\xff.py"
    assert "not valid UTF-8" in failure.message


def test_paths_in_two_projects_share_the_folder_around_both(tmp_path: Path) -> None:
    written(
        tmp_path, {"one/pyproject.toml": "", "one/a.py": "", "two/setup.cfg": "", "two/b.py": ""}
    )
    scope = found(tmp_path, "one/a.py", "two/b.py").scope
    assert scope.root == str(tmp_path)
    assert {file.path: file.module for file in scope.files} == {"one/a.py": "a", "two/b.py": "b"}


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/helpers/run.py", True),
        ("pkg/testing/fake.py", True),
        ("test/a.py", True),
        ("conftest.py", True),
        ("shop/rtd_tests/tools.py", True),
        ("shop/contests/tools.py", False),
        ("pkg/test_a.py", True),
        ("pkg/a_test.py", True),
        ("shop/tests.py", True),
        ("t/unit/app.py", True),
        ("pkg/t.py", False),
        ("shop/test.py", True),
        ("pkg/latest.py", False),
        ("pkg/attest/a.py", False),
        ("contest.py", False),
    ],
)
def test_test_code_is_known_by_its_path(path: str, is_test: bool) -> None:
    assert is_test_path(path) is is_test
