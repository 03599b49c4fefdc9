"""The name that is nearest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable

CLOSE = 0.6
ALIKE = 0.75
TYPING_ERROR = 0.8
"""How similar two names are, of 1: one that is worth a suggestion among few or among many, and one
that must be meant."""


def nearest(name: str, known: Iterable[str], similarity: float = CLOSE) -> str | None:
    """Return the other known name that is most similar to ``name``, or None."""
    from difflib import get_close_matches

    found = get_close_matches(name, sorted({*known} - {name}), 1, similarity)
    return found[0] if found else None
