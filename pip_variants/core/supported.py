"""The properties that a machine supports in one namespace (PEP 825, "Variant ordering")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from .metadata import Priorities
from .properties import Feature, Namespace, OrderedFeatures, Value, Variant, ordered_features

State = Literal[
    "static",
    "user",
    "built-in",
    "plugin",
    "disabled",
    "untrusted",
    "failed",
    "cross-target",
    "none",
]
"""Which step of the resolution decided (PEP 850, "Provider resolution")."""

KNOWN_STATES: tuple[State, ...] = ("static", "user", "built-in", "plugin")
"""The states in which the supported properties are known; in the others none is supported."""

_Item = TypeVar("_Item", bound=str)


@dataclass(frozen=True, slots=True)
class SupportedProperties:
    """What is supported in one namespace, best first, and which step of the resolution decided.

    ``reason`` is a short sentence if something is missing. ``warnings`` are for the user and do not
    depend on any wheel. ``option`` is the option that would let a provider run. ``unseen`` means
    that the provider saw no such hardware, or could not read all of it. ``has_versions``: features
    are distributions and values their versions, which hold only for a set of packages. ``hardware``
    are lines for people about what the provider found; ``age`` are the seconds since that was read,
    or None if it was now.
    """

    namespace: Namespace
    state: State
    features: OrderedFeatures = ()
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    option: str | None = field(default=None, compare=False)
    unseen: bool = field(default=False, compare=False)
    has_versions: bool = field(default=False, compare=False)
    hardware: tuple[str, ...] = field(default=(), compare=False)
    age: float | None = field(default=None, compare=False)
    _by_feature: Mapping[Feature, tuple[Value, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_feature", dict(reversed(self.features)))

    def values(self, feature: Feature) -> tuple[Value, ...]:
        """Return the supported values of ``feature``, best first."""
        return self._by_feature.get(feature, ())


def every_property(
    namespaces: Iterable[Namespace], variants: Sequence[Variant]
) -> dict[Namespace, SupportedProperties]:
    """Return what a machine would support for which each of ``variants`` fits."""
    found: dict[Namespace, dict[Feature, set[Value]]] = {name: {} for name in namespaces}
    for variant in variants:
        for item in variant.requirements:
            if item.namespace in found:
                found[item.namespace].setdefault(item.feature, set()).update(item.values)
    return {
        name: SupportedProperties(
            name,
            "static",
            ordered_features((feature, sorted(features[feature])) for feature in sorted(features)),
        )
        for name, features in found.items()
    }


def prioritised(supported: SupportedProperties, priorities: Priorities) -> SupportedProperties:
    """Return ``supported`` in the order of ``default-priorities`` (revisions before 0.2.0).

    Features and values that the priorities list come first, in their order; the others follow in
    the order of the provider.
    """
    order = dict(priorities.features).get(supported.namespace, ())
    values = dict(dict(priorities.values).get(supported.namespace, ()))
    if not order and not values:
        return supported
    features = dict(supported.features)
    return replace(
        supported,
        features=tuple(
            (feature, _listed_first(values.get(feature, ()), features[feature]))
            for feature in _listed_first(order, features)
        ),
    )


def _listed_first(listed: Iterable[_Item], supported: Iterable[_Item]) -> tuple[_Item, ...]:
    known = dict.fromkeys(supported)
    first = [item for item in listed if item in known]
    return tuple(dict.fromkeys([*first, *known]))
