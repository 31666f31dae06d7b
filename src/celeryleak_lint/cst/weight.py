"""How deep a tree libcst would build, bounded from the tokens before it is asked.

An upper bound for crash safety, not a measure: brackets, blocks and chains of operators all
become recursion in libcst's parser and visitors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from celeryleak_lint.cst.scanning import LogicalLine, string_end

#: Each puts its operand one level deeper.
_CHAINING = frozenset({"and", "or", "not", "in", "is", "if", "await"})
#: Like those, but a comma does not show where they end: counted until the bracket closes.
_STICKY = frozenset({"lambda", "for", "else"})
_TOKEN = re.compile(
    r"(?P<name>\w+)|(?P<quote>[\"'])|(?P<comment>\#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<end>[,;=])|(?P<chain>\*\*|//|<<|>>|[-+*/%@&|^~<>!.:]=?)|(?P<blank>\s+|\\)|(?P<other>.)"
)
_FIELD_TOKEN = re.compile(
    r"(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<chain>\b(?:and|or|not|in|is|if|else|for|await|lambda)\b|[-+*/%@&|^~<>.'\"])"
)


class Weight(msgspec.Struct, frozen=True):
    """``certain`` is the depth of brackets, blocks and chains; ``possible`` adds guesses.

    The guesses are formatted strings, whose text and fields are not told apart, and words
    whose end a comma does not show. ``line`` is where ``possible`` is reached, from 1.
    """

    certain: int
    possible: int
    line: int


@dataclass(slots=True)
class _Frame:
    """One open bracket, or the logical line itself: depths at its start and what it added."""

    certain: int
    possible: int
    chain: int = 0
    sticky: int = 0


def weigh(text: str, lines: Sequence[LogicalLine]) -> Weight:
    """Bound the depth of ``text``, whose logical lines are ``lines``."""
    heaviest = Weight(0, 0, 1)
    certain = start = 0
    blocks: list[tuple[int, int]] = []
    for line in lines:
        _enter(blocks, line)
        base = blocks[-1][1]
        found, possible = _weigh_line(text, start, line.end, base)
        certain = max(certain, found)
        if possible > heaviest.possible:
            heaviest = Weight(certain, possible, line.line)
        start = line.end
    return Weight(certain, heaviest.possible, heaviest.line)


def _enter(blocks: list[tuple[int, int]], line: LogicalLine) -> None:
    """Make ``line`` the innermost of the open blocks, each an indentation and a depth."""
    same = 0
    while blocks and blocks[-1][0] >= line.indent:
        indent, depth = blocks.pop()
        same = depth if indent == line.indent else 0
    depth = blocks[-1][1] + 2 if blocks else 2
    if same and line.word in ("elif", "else"):
        # an `elif` is an `if` inside the `else` of the one before it
        depth = same + (line.word == "elif")
    blocks.append((line.indent, depth))


def _weigh_line(text: str, start: int, end: int, base: int) -> tuple[int, int]:
    frames = [_Frame(base, base)]
    certain = possible = base
    position, before = start, ""
    while position < end and (token := _TOKEN.match(text, position)):
        position, kind = token.end(), token.lastgroup or "other"
        if kind in ("blank", "comment"):
            continue
        guess, frame = 0, frames[-1]
        if kind == "quote":
            prefix, position = string_end(text, token.start())
            if position < 0:
                break
            frame.chain += before == "quote"
            if "f" in prefix or "t" in prefix:
                guess = _guess(text[token.end() : position])
        elif kind == "open":
            frame.chain += before in ("name", "close", "quote")
            inner = frame.chain + 2
            frames.append(_Frame(frame.certain + inner, frame.possible + inner + frame.sticky))
        elif kind == "close" and len(frames) > 1:
            frames.pop()
        elif kind == "end":
            frame.chain = 0
        else:
            word = token.group()
            frame.chain += kind == "chain" or word in _CHAINING
            frame.sticky += word in _STICKY
        frame, before = frames[-1], kind
        certain = max(certain, frame.certain + frame.chain)
        possible = max(possible, frame.possible + frame.chain + frame.sticky + guess)
    return certain, possible


def _guess(body: str) -> int:
    """A bound for everything inside a formatted string, prose included."""
    depth = deepest = chain = 0
    for token in _FIELD_TOKEN.finditer(body):
        if token.lastgroup == "open":
            depth += 2
            deepest = max(deepest, depth)
        elif token.lastgroup == "close":
            depth -= 2
        else:
            chain += 1
    return deepest + chain
