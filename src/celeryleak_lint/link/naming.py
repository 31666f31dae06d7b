"""What global dotted names finally stand for: imports, re-exports and star imports followed.

Knows modules and what they define; what a name *means* is for ``resolve``.
"""

from __future__ import annotations

from celeryleak_lint.link.index import Index

_DEPTH = 12


class Naming:
    """Answers which module defines a name."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def canonical(self, dotted: str, depth: int = 0, asked: dict[str, int] | None = None) -> str:
        """The dotted name a global name finally stands for, re-exports followed.

        ``asked`` holds the names that star imports led to, with their depths: packages whose modules
        import each other's stars would be gone through once for each way through them.
        """
        asked = {} if asked is None else asked
        module, rest = self.split_module(dotted)
        if module is None or not rest or depth > _DEPTH:
            return dotted
        head, _, tail = rest.partition(".")
        own = f"{module}.{head}" if module else head
        if own in self.index.classes or own in self.index.functions:
            return dotted
        target = self.index.imports(module).get(head)
        if target is not None and target != dotted:
            return self.canonical(f"{target}.{tail}" if tail else target, depth + 1, asked)
        if self.index.assigned(module, head):
            return dotted
        for star in self.index.modules[module].stars:
            if star in self.index.modules and star != module:
                named = f"{star}.{rest}"
                if asked.get(named, _DEPTH + 2) <= depth + 1:
                    continue
                asked[named] = depth + 1
                found = self.canonical(named, depth + 1, asked)
                if found != named or self._is_defined(found):
                    return found
            elif star and star not in self.index.modules:
                return f"{star}.{rest}"
        return dotted

    def split_module(self, dotted: str) -> tuple[str | None, str]:
        """The longest prefix that is a module of the project, and what follows it."""
        if dotted in self.index.modules:
            return dotted, ""
        cut = len(dotted)
        while (cut := dotted.rfind(".", 0, cut)) > 0:
            if dotted[:cut] in self.index.modules:
                return dotted[:cut], dotted[cut + 1 :]
        return ("", dotted) if "" in self.index.modules else (None, dotted)

    def _is_defined(self, dotted: str) -> bool:
        module, rest = self.split_module(dotted)
        if module is None:
            return False
        head = rest.partition(".")[0]
        own = f"{module}.{head}"
        return (
            own in self.index.classes
            or own in self.index.functions
            or bool(self.index.assigned(module, head))
        )
