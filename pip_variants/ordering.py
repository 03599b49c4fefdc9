"""Which of the variants that fit is best (PEP 825, "Ordering"): one sort key per variant."""

from __future__ import annotations

from .compatibility import Positions
from .properties import Variant

Key = tuple[tuple[int, int, int], ...]

# Beyond every real position: of two keys of which one ends first, the longer one is better.
_END = (1 << 62, 0, 0)


def key(variant: Variant, where: Positions) -> Key | None:
    """Return the sort key of ``variant``, lower is better, or None if it does not fit.

    For each feature: (position of its namespace, of the feature, of its best supported value),
    sorted, with an end mark, so that the null variant comes last.
    """
    found = []
    for wanted in variant.wants:
        position = where.get((wanted.namespace, wanted.feature))
        if position is None:
            return None
        values = position.values
        best = min((values[value] for value in wanted.values if value in values), default=None)
        if best is None:
            return None
        found.append((position.namespace, position.feature, best))
    found.sort()
    found.append(_END)
    return tuple(found)
