"""What newer syntax becomes under an older interpreter, as edits that move no line.

One libcst visit of one slice. Every name and call that runs when its statement runs stays,
on its line; type parameters and their bounds go, since they are evaluated lazily at most.
May raise whatever libcst raises: only ``jobs`` calls it.
"""

from __future__ import annotations

from ast import PyCF_ONLY_AST
