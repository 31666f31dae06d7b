"""Module names: what the project's own imports call a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from celeryleak_lint.config import Config
from celeryleak_lint.system.discover import Place, discover, locate
from tests.projects import copied, written


def names(folder: Path, *paths: str, config: Config | None = None) -> dict[str, str]:
    """File to module name, for a run in ``folder``."""
    place = locate(paths, working_directory=str(folder))
    assert isinstance(place, Place)
    scope = discover(place, config or Config()).scope
    return {file.path: file.module for file in scope.files}


def test_namespace_package_is_named_as_its_imports_do(tmp_path: Path) -> None:
    project = copied("namespace", tmp_path)
    found = names(project)
    top = "airflow/providers/celery"
    assert found[f"{top}/__init__.py"] == "airflow.providers.celery"
    assert found[f"{top}/executors/celery_executor.py"] == (
        "airflow.providers.celery.executors.celery_executor"
    )


@pytest.mark.parametrize("folder", ["airflow", "airflow/providers", "airflow/providers/celery"])
def test_names_do_not_depend_on_where_the_run_begins(tmp_path: Path, folder: str) -> None:
    project = copied("namespace", tmp_path)
    whole, part = names(project), names(project, folder)
    assert sorted(part.values()) == sorted(whole.values())


def test_namespace_package_without_any_own_import_does_not_shadow_celery(tmp_path: Path) -> None:
    files = {
        "corp/plugins/celery/__init__.py": "",
        "corp/plugins/celery/work.py": "from celery import Celery\n",
    }
    found = names(written(tmp_path, files))
    assert found["corp/plugins/celery/work.py"] == "corp.plugins.celery.work"


def test_django_celery_module_belongs_to_its_project(tmp_path: Path) -> None:
    found = names(copied("django", tmp_path))
    assert found["proj/celery.py"] == "proj.celery"
    assert found["proj/tasks.py"] == "proj.tasks"
    assert found["manage.py"] == "manage"


def test_celery_module_in_a_folder_without_init_does_not_shadow_celery(tmp_path: Path) -> None:
    files = {
        "proj/settings.py": "",
        "proj/celery.py": "from celery import Celery\napp = Celery('proj')\n",
        "proj/tasks.py": "from celery import shared_task\n",
    }
    assert names(written(tmp_path, files))["proj/celery.py"] == "proj.celery"


def test_src_layout(tmp_path: Path) -> None:
    found = names(copied("src_layout", tmp_path))
    assert found["src/shop/tasks.py"] == "shop.tasks"
    assert found["tests/test_tasks.py"] == "tests.test_tasks"


def test_src_that_is_imported_by_that_name_is_a_package(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'x'\n",
        "src/models.py": "class User: ...\n",
        "src/views.py": "from src.models import User\n",
    }
    assert names(written(tmp_path, files))["src/models.py"] == "src.models"


def test_two_source_roots_may_hold_the_same_name(tmp_path: Path) -> None:
    project = copied("two_roots", tmp_path)
    found = names(project, config=Config(src=("orders", "mail")))
    assert found["orders/app/tasks.py"] == found["mail/app/tasks.py"] == "app.tasks"


def test_two_source_roots_are_found_without_settings(tmp_path: Path) -> None:
    found = names(copied("two_roots", tmp_path))
    assert found["orders/app/tasks.py"] == found["mail/app/tasks.py"] == "app.tasks"


def test_configured_root_wins_over_imports(tmp_path: Path) -> None:
    files = {
        "lib/pkg/__init__.py": "",
        "lib/pkg/a.py": "from lib.pkg import b\n",
        "lib/pkg/b.py": "",
    }
    project = written(tmp_path, files)
    assert names(project)["lib/pkg/a.py"] == "lib.pkg.a"
    assert names(project, config=Config(src=("lib",)))["lib/pkg/a.py"] == "pkg.a"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", "[tool.hatch.build.targets.wheel]\npackages = ['code/space']\n"),
        ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['code']\n"),
        ("pyproject.toml", "[tool.setuptools.package-dir]\n'' = 'code'\n"),
        ("pyproject.toml", "[[tool.poetry.packages]]\ninclude = 'space'\nfrom = 'code'\n"),
        ("pyproject.toml", "[tool.pdm.build]\npackage-dir = 'code'\n"),
        ("pyproject.toml", "[tool.uv.build-backend]\nmodule-root = 'code'\n"),
        ("setup.cfg", "[options]\npackage_dir =\n    =code\n"),
        ("setup.cfg", "[options.packages.find]\nwhere = code\n"),
    ],
)
def test_build_settings_name_the_source_root(tmp_path: Path, file: str, text: str) -> None:
    project = written(tmp_path, {file: text, "code/space/inner/mod.py": ""})
    assert names(project)["code/space/inner/mod.py"] == "space.inner.mod"


def test_damaged_build_settings_are_passed_over(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool", "setup.cfg": "no section", "src/pkg/__init__.py": ""}
    assert names(written(tmp_path, files))["src/pkg/__init__.py"] == "pkg"


def test_nested_projects_each_have_their_own_root(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "",
        "services/api/pyproject.toml": "",
        "services/api/web/views.py": "",
        "services/jobs/setup.py": "",
        "services/jobs/work/tasks.py": "",
    }
    found = names(written(tmp_path, files))
    assert found["services/api/web/views.py"] == "web.views"
    assert found["services/jobs/work/tasks.py"] == "work.tasks"


def test_unpacked_archive(tmp_path: Path) -> None:
    files = {"pkg-1.0/PKG-INFO": "", "pkg-1.0/pkg/__init__.py": "", "pkg-1.0/pkg/sub/a.py": ""}
    found = names(written(tmp_path, files))
    assert found["pkg-1.0/pkg/__init__.py"] == "pkg"
    assert found["pkg-1.0/pkg/sub/a.py"] == "pkg.sub.a"


def test_scripts_that_import_each_other_by_bare_name(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "",
        "jobs/run.py": "from broker import connect\n",
        "jobs/broker.py": "def connect(): ...\n",
    }
    assert names(written(tmp_path, files))["jobs/broker.py"] == "broker"


def test_package_given_alone_keeps_its_name(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/a.py": ""}
    project = written(tmp_path, files)
    assert set(names(project, "pkg").values()) == {"pkg", "pkg.sub", "pkg.sub.a"}
    assert set(names(project, "pkg/sub").values()) == {"pkg.sub", "pkg.sub.a"}


def test_stray_init_at_the_top_of_a_project_is_no_package(tmp_path: Path) -> None:
    files = {"pyproject.toml": "", "__init__.py": "", "pkg/__init__.py": "", "pkg/a.py": ""}
    assert names(written(tmp_path, files))["pkg/a.py"] == "pkg.a"


def test_package_whose_folder_is_no_python_name_is_still_read(tmp_path: Path) -> None:
    files = {
        "cookiecutter-template/__init__.py": "",
        "cookiecutter-template/tasks.py": "import tasks\n",
        "app/__init__.py": "import tasks\n",
    }
    found = names(written(tmp_path, files))
    assert sorted(found) == sorted(files)
