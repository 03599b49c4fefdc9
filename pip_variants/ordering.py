"""Which of the variants that fit is best (PEP 825, "Ordering"): one sort key per variant."""

from __future__ import annotations

from .compatibility import Positions
from .properties import Variant

Key = tuple[int, ...]

# Beyond every real number: of two keys of which one ends first, the longer one is better.
_END = 1 << 62


def key(variant: Variant, where: Positions) -> Key | None:
    """Return the sort key of ``variant``, lower is better, or None if it does not fit.

    For each feature the number of its best supported value, which stands for the position of the
    namespace, of the feature and of the value; sorted, with an end mark, so that the null variant
    comes last.
    """
    found = []
    for wanted in variant.wants:
        position = where.get((wanted.namespace, wanted.feature))
        best = position.best_of(wanted.values) if position is not None else None
        if best is None:
            return None
        found.append(best)
    found.sort()
    found.append(_END)
    return tuple(found)
