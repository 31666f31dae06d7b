"""``python -m celeryleak_lint`` is the command ``celeryleak-lint``.

It ends as modules do, since whoever runs it, a profiler say, may have work to do behind it.
"""

import sys

from celeryleak_lint.frontends.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
