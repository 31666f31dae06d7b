"""What every strategy is told besides its remedy: where the finding is, and how to write."""

from __future__ import annotations

from dataclasses import field

import msgspec

from celeryleak_lint.catalog.schema import Vocabulary
from celeryleak_lint.config import Memoizer
from celeryleak_lint.model.source import Span, Spot


class Place(msgspec.Struct, frozen=True):
    """The finding's place: its file relative to the root, its address, and its range in the file."""

    path: str
    spot: Spot
    span: Span


class Style(msgspec.Struct, frozen=True):
    """How fixes are written: the kind of memo, and the words by which names of keys are judged."""

    memoizer: Memoizer = "cache"
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
