"""The order of compatible variants (PEP 825, "Variant ordering"): one sort key per variant."""

from __future__ import annotations

from .compatibility import FeaturePositions
from .properties import Variant

SortKey = tuple[int, ...]

# Larger than every position: if one of two keys ends first, the longer one is better.
_END = 1 << 62


def sort_key(variant: Variant, positions: FeaturePositions) -> SortKey | None:
    """Return the sort key of ``variant``, best first, or None if it is incompatible.

    The number of a property stands for the positions of its namespace, feature and value.
    """
    key = []
    for requirement in variant.requirements:
        position = positions.get((requirement.namespace, requirement.feature))
        # Step 1: the best supported value of each feature.
        best = position.best_of(requirement.values) if position is not None else None
        if best is None:
            return None
        # Step 2: its position among all supported properties.
        key.append(best)
    # Step 3: the keys are compared in order; the null variant, without any, comes last.
    key.sort()
    key.append(_END)
    return tuple(key)
