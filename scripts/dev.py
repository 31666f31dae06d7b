"""Everything a newcomer needs, with nothing but Python: ``sample``, ``docs`` and ``test``.

Makes ``.venv`` in the checkout, installs the project there, and runs one of:

``python3 scripts/dev.py sample``
    check the bundled leaky sample and show what is found;
``python3 scripts/dev.py docs``
    build the site of the documentation in ``build/site``;
``python3 scripts/dev.py test``
    run linters, types, import contracts, the site, all tests, and the tool on its own source.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
SAMPLE = ROOT / "samples" / "leaky_worker"
OLDEST = (3, 10)
FOUND = 1
EXTRAS = {"sample": "", "docs": "[docs]", "test": "[dev,docs]"}
#: A link that leads nowhere and a page outside the navigation are errors; with `--quiet` they are not.
SITE = ["mkdocs", "build", "--strict"]


def main() -> int:
    """Run the chosen action and give its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=sorted(EXTRAS))
    action = parser.parse_args().action
    if sys.version_info < OLDEST:
        print(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}"
        )
        return 2
    prepare(EXTRAS[action])
    actions = {"sample": sample, "docs": docs, "test": test}
    return actions[action]()


def prepare(extra: str) -> None:
    """Make the environment if there is none, and install the project and ``extra`` into it."""
    stamp = ENVIRONMENT / f"installed{extra.strip('[]')}"
    if stamp.exists() and stamp.stat().st_mtime > (ROOT / "pyproject.toml").stat().st_mtime:
        return
    if not tool("python").exists():
        make_environment()
    print("installing celeryleak-lint into .venv ...", flush=True)
    pip = [str(tool("python")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--editable", f"{ROOT}{extra}"], check=False).returncode:
        raise SystemExit("the installation failed; the lines above say why")
    stamp.touch()


def make_environment() -> None:
    """Make ``.venv``, or say what this Python lacks for it."""
    command = [sys.executable, "-m", "venv", str(ENVIRONMENT)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(
            f"{made.stdout}{made.stderr}\n"
            "this Python cannot make virtual environments; on Debian and Ubuntu install the "
            "package python3-venv, then run this again"
        )


def sample() -> int:
    """Show the findings in the sample; having found them is success."""
    command = [str(tool("celeryleak-lint")), "check", "."]
    found = subprocess.run(command, cwd=SAMPLE, check=False).returncode
    if found != FOUND:
        print(f"the sample leaks, but the check ended with exit code {found}")
        return found or 1
    return 0


def docs() -> int:
    """Build the site, and say where it is."""
    code = run(SITE)
    if not code:
        print(f"open {ROOT / 'build' / 'site' / 'index.html'}")
    return code


def test() -> int:
    """Run every check in turn; the first that fails ends the run."""
    steps = [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["lint-imports"],
        ["python", "scripts/generate_docs.py", "--check"],
        SITE,
        ["pytest", "-q"],
        ["celeryleak-lint", "check"],
    ]
    return next((code for step in steps if (code := run(step))), 0)


def run(step: list[str]) -> int:
    """Show and run one command of the environment, at the top of the checkout."""
    name, *arguments = step
    print(f"\n$ {' '.join(step)}", flush=True)
    path = os.pathsep.join((str(tool(name).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        [str(tool(name)), *arguments], cwd=ROOT, env=environment, check=False
    ).returncode


def tool(name: str) -> Path:
    """An executable of the environment."""
    if sys.platform == "win32":
        return ENVIRONMENT / "Scripts" / f"{name}.exe"
    return ENVIRONMENT / "bin" / name


if __name__ == "__main__":
    sys.exit(main())
