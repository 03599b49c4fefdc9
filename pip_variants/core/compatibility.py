"""Whether a variant is compatible (PEP 825): each listed feature has a supported value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .properties import Feature, Namespace, Value, Variant
from .supported import KNOWN_STATES, SupportedProperties

_ABSENT = (Value("false"),)


@dataclass(frozen=True, slots=True)
class MissingFeature:
    """One feature of a variant without a supported value, and what is supported instead."""

    feature: Feature
    required: tuple[Value, ...]
    available: tuple[Value, ...]
    supported: SupportedProperties

    @property
    def namespace(self) -> Namespace:
        """The namespace of the feature."""
        return self.supported.namespace

    @property
    def is_contradicted(self) -> bool:
        """Whether the target shows something else; otherwise it shows nothing of the kind.

        That hardware which was not seen is not there (``false``) is no other hardware.
        """
        shown = self.available not in ((), _ABSENT) or not self.supported.unseen
        return shown and self.supported.state in KNOWN_STATES


@dataclass(frozen=True, slots=True)
class FeaturePosition:
    """The supported values of one feature among all supported properties.

    All properties are numbered, best first: by namespace, then by feature, then by value. ``first``
    is the number of this feature's best value, ``numbers`` those of all its values.
    """

    first: int
    values: tuple[Value, ...]
    numbers: Mapping[Value, int]

    def best_of(self, values: frozenset[Value]) -> int | None:
        """Return the number of the best of ``values``, or None if none is supported."""
        # Of many values one is near the front; few are looked up one by one.
        if len(values) * len(values) >= len(self.values):
            for number, value in enumerate(self.values, self.first):
                if value in values:
                    return number
            return None
        numbers = self.numbers
        return min((numbers[value] for value in values if value in numbers), default=None)


FeaturePositions = Mapping[tuple[Namespace, Feature], FeaturePosition]


def feature_positions(
    supported: Sequence[SupportedProperties], namespaces: Sequence[Namespace]
) -> FeaturePositions:
    """Return the position of every supported feature.

    ``namespaces`` is ``default-priorities.namespace``; a namespace that it does not list comes
    last, in the order of ``supported``.
    """
    by_namespace = {item.namespace: item for item in supported}
    positions = {}
    number = 0
    for namespace in dict.fromkeys([*namespaces, *by_namespace]):
        if namespace not in by_namespace:
            continue
        for feature, values in by_namespace[namespace].features:
            numbers = {value: index for index, value in enumerate(values, number)}
            positions[namespace, feature] = FeaturePosition(number, values, numbers)
            number += len(values)
    return positions


def missing_features(
    variant: Variant, supported: Mapping[Namespace, SupportedProperties]
) -> tuple[MissingFeature, ...]:
    """Return every feature of ``variant`` without a supported value; empty: it is compatible.

    A namespace that is not in ``supported`` supports nothing.
    """
    missing = []
    for requirement in variant.requirements:
        found = supported.get(requirement.namespace) or SupportedProperties(
            requirement.namespace, "none"
        )
        available = found.values(requirement.feature)
        if requirement.values.isdisjoint(available):
            required = tuple(sorted(requirement.values))
            missing.append(MissingFeature(requirement.feature, required, available, found))
    return tuple(missing)
