"""The site, built once for all tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.site import built
from tests.docs.transcript import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the pages."""
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder
