"""How variants differ (PEP 825, "Variant ordering"), also those of several projects."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations

from .compatibility import FeaturePositions
from .properties import ABI_DEPENDENCY, Feature, Label, Namespace, Value, Variant


@dataclass(frozen=True, slots=True, order=True)
class BestProperty:
    """The best supported value of one feature of a variant, with its number."""

    number: int
    namespace: Namespace
    feature: Feature
    value: Value


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between two neighbours in the order.

    Both sides None: the keys are equal. ``worse`` None: the better variant has one feature more.
    """

    better: BestProperty | None
    worse: BestProperty | None


def best_properties(variant: Variant, positions: FeaturePositions) -> tuple[BestProperty, ...]:
    """Return what the sort key of a compatible variant consists of, in its order."""
    found = []
    for requirement in variant.requirements:
        position = positions[requirement.namespace, requirement.feature]
        number = position.best_of(requirement.values)
        if number is not None:
            value = position.values[number - position.first]
            found.append(BestProperty(number, requirement.namespace, requirement.feature, value))
    return tuple(sorted(found))


def first_difference(better: Variant, worse: Variant, positions: FeaturePositions) -> Difference:
    """Return what ranks ``worse`` behind ``better``, two compatible variants."""
    before, after = best_properties(better, positions), best_properties(worse, positions)
    for first, second in zip(before, after, strict=False):
        if first.number != second.number:
            return Difference(first, second)
    if len(after) < len(before):
        return Difference(before[len(after)], None)
    return Difference(None, None)


@dataclass(frozen=True, slots=True)
class DifferentBuilds:
    """Variants of several projects of which some have no value of a feature in common.

    ``builds`` are projects with their labels, ``values`` those of each of them.
    """

    name: str
    builds: tuple[tuple[str, Label], ...]
    values: tuple[frozenset[Value], ...]


def different_builds(
    variants: Mapping[str, Variant], namespaces: AbstractSet[Namespace] | None = None
) -> tuple[DifferentBuilds, ...]:
    """Return the features in which the variants of projects have no value in common, by name.

    A variant that does not list a feature goes together with all. Only ``namespaces`` are of
    interest (None: all).
    """
    users: dict[str, list[tuple[str, Label, frozenset[Value]]]] = {}
    for project, variant in variants.items():
        for item in variant.requirements:
            # 2.8 and 2.8.0 of a distribution differ and go together; pip's resolver sees to that.
            is_other = namespaces is not None and item.namespace not in namespaces
            if is_other or item.namespace == ABI_DEPENDENCY:
                continue
            users.setdefault(item.name, []).append((project, variant.label, item.values))
    return tuple(
        DifferentBuilds(
            name,
            tuple((project, label) for project, label, _ in found),
            tuple(values for *_, values in found),
        )
        for name, found in sorted(users.items())
        if any(one.isdisjoint(other) for (*_, one), (*_, other) in combinations(found, 2))
    )
