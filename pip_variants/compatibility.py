"""Whether a variant fits (PEP 825): for every feature it lists, one of its values is supported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .properties import Variant
from .supported import Support


@dataclass(frozen=True, slots=True)
class Lack:
    """One feature that keeps a variant out: what the wheel wants, what it was offered, by whom."""

    feature: str
    wanted: tuple[str, ...]
    has: tuple[str, ...]
    support: Support

    @property
    def namespace(self) -> str:
        """The namespace of the feature."""
        return self.support.namespace


@dataclass(frozen=True, slots=True)
class Position:
    """Where the supported values of a feature stand among all supported properties, best first.

    All properties are numbered through: by namespace, in it by feature, in that by value. ``first``
    is the number of this feature's best value.
    """

    first: int
    values: tuple[str, ...]
    places: Mapping[str, int]

    def best_of(self, wanted: frozenset[str]) -> int | None:
        """Return the number of the best of the wanted values, or None if none is supported."""
        # Many wanted values: one is near the front. Few: look each up.
        if len(wanted) * len(wanted) >= len(self.values):
            for place, value in enumerate(self.values, self.first):
                if value in wanted:
                    return place
            return None
        places = self.places
        return min((places[value] for value in wanted if value in places), default=None)


Positions = Mapping[tuple[str, str], Position]


def positions(supports: Sequence[Support], namespaces: Sequence[str]) -> Positions:
    """Return the position of every supported feature, by namespace and feature.

    ``namespaces`` is the metadata's order; a namespace that it does not list comes after all
    that it does, in the order of ``supports``.
    """
    by_name = {support.namespace: support for support in supports}
    found = {}
    number = 0
    for namespace in dict.fromkeys([*namespaces, *by_name]):
        for feature, values in by_name[namespace].features if namespace in by_name else ():
            places = {value: place for place, value in enumerate(values, number)}
            found[namespace, feature] = Position(number, values, places)
            number += len(values)
    return found


def lacks(variant: Variant, supports: Mapping[str, Support]) -> tuple[Lack, ...]:
    """Return every feature of ``variant`` without a supported value; empty means it fits."""
    found = []
    for wanted in variant.wants:
        support = supports.get(wanted.namespace) or Support(
            wanted.namespace, "none", reason="the metadata names no provider for it"
        )
        has = support.values(wanted.feature)
        if wanted.values.isdisjoint(has):
            found.append(Lack(wanted.feature, tuple(sorted(wanted.values)), has, support))
    return tuple(found)
