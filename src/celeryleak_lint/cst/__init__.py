"""The lossless tree, contained: finds suspects in it and rewrites newer syntax through it.

Together with ``fixes`` the only layer that may import libcst, and never before there is
something to find. Files are cut into statements by a scanner of its own, so that libcst
reads slices; what may be dangerous to it runs in a child process. Nothing here raises.
"""
