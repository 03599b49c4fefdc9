"""Which of the variants that fit is best (PEP 825, "Ordering"): one sort key per variant."""

from __future__ import annotations

from .compatibility import Positions
from .properties import Variant

Best = tuple[tuple[int, str, str], ...]
"""Of each feature the number of the best supported value, ``namespace :: feature``, the value."""

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


def best_properties(variant: Variant, where: Positions) -> Best:
    """Return what ``key`` is made of, in its order, for a variant that fits."""
    found = []
    for wanted in variant.wants:
        position = where[wanted.namespace, wanted.feature]
        number = position.best_of(wanted.values)
        if number is not None:
            value = position.values[number - position.first]
            found.append((number, f"{wanted.namespace} :: {wanted.feature}", value))
    return tuple(sorted(found))


def decided(better: Variant, worse: Variant, where: Positions) -> str:
    """Return what put ``worse`` behind ``better``, of two variants that fit."""
    before, after = best_properties(better, where), best_properties(worse, where)
    for (number, feature, value), (other, own_feature, own) in zip(before, after, strict=False):
        if number == other:
            continue
        if feature == own_feature:
            return f"{feature} :: {own} comes after {value}"
        return f"{own_feature} :: {own} comes after {feature} :: {value}"
    if not after and before:
        return "null variant, which comes after every build with properties"
    if len(after) < len(before):
        return f"asks for nothing in {before[len(after)][1]}"
    if better.label != worse.label:
        return "as good, and behind it by label"
    return "the same build, and behind it by tags or build number"
