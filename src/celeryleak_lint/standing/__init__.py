"""Whether what was found still stands after a file has changed.

``ground`` notes what an analysis has looked at and compares a changed file with it, ``plain``
tells what a file says apart from where it says it, ``contributions`` what a body adds to the
survey. Knows nothing of caches, and judges no code.
"""
