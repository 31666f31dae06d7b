"""``python -m celeryleak_lint`` is the command ``celeryleak-lint``, for whoever runs modules: a profiler has work to do behind it."""

import sys

from celeryleak_lint.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
