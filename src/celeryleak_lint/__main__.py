"""``python -m celeryleak_lint`` is the command ``celeryleak-lint``."""

from celeryleak_lint.frontends.cli import entry_point

if __name__ == "__main__":
    entry_point()
