"""Whatever is edited between two runs, a run with a memory says what one without it says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celeryleak_lint.frontends.run import Outcome, Request, run

BODIES = (
    "from celery import Celery\n\n\ndef make():\n    return Celery('a')\n",
    "from celery import Celery\n\n\ndef make():\n    return Celer_('a')\n",
    "from celery import shared_task\nfrom m0 import make\n\n\n@shared_task\ndef work():\n    make()\n",
    "from celery import shared_task\nfrom m1 import make\n\n\n@shared_task\ndef work():\n    make()\n",
    "import functools\nfrom m0 import make as build\n\n\n@functools.cache\ndef make():\n    return build()\n",
    "SEEN = {}\n\n\ndef note(user_id):\n    SEEN[user_id] = 1\n",
    "from m0 import SEEN\n\n\ndef drop(user_id):\n    SEEN.pop(user_id)\n",
    "def broken(:\n",
    "",
)
NAMES = ("m0.py", "m1.py", "m2.py")
#: A file and its new content; none deletes it. With the flag its time of writing is set back.
EDITS = st.tuples(
    st.sampled_from(NAMES), st.sampled_from((*BODIES, None)), st.booleans()
)  # fmt: skip
CONFIGURATIONS = st.sampled_from(("", 'ignore = ["CLK2"]\n', 'once = ["work"]\n'))


def applied(root: Path, edit: tuple[str, str | None, bool]) -> None:
    name, body, is_set_back = edit
    path = root / name
    before = path.stat() if path.exists() else None
    if body is None:
        path.unlink(missing_ok=True)
        return
    path.write_text(body)
    if is_set_back and before is not None:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def said(root: Path, *, use_cache: bool) -> object:
    options = {"confidence": "possible"}
    outcome = run(Request((str(root),), options, use_cache=use_cache, jobs=1))
    assert isinstance(outcome, Outcome)
    report = outcome.report
    return report.findings, report.failures, report.suppressed, report.files, report.lines


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(EDITS, CONFIGURATIONS), min_size=2, max_size=6))
def test_memory_never_changes_what_is_said(
    steps: list[tuple[tuple[str, str | None, bool], str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for edit, configuration in steps:
            applied(root, edit)
            (root / "celeryleak-lint.toml").write_text(configuration)
            assert said(root, use_cache=True) == said(root, use_cache=False)
            assert said(root, use_cache=True) == said(root, use_cache=False)
