"""``python -m celeryleak_lint`` is the command ``celeryleak-lint``.

It ends as modules do, since whoever runs it, a profiler say, may have work to do behind it.
"""

import sys

from celeryleak_lint.frontends.cli import main
from celeryleak_lint.frontends.streams import settle_stderr

if __name__ == "__main__":
    code = main(sys.argv[1:])
    settle_stderr()
    sys.exit(code)
