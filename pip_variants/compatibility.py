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
    """Where a feature stands among the supported ones, and where each of its values stands."""

    namespace: int
    feature: int
    values: Mapping[str, int]


Positions = Mapping[tuple[str, str], Position]


def positions(supports: Sequence[Support], namespaces: Sequence[str]) -> Positions:
    """Return the position of every supported feature, by namespace and feature.

    ``namespaces`` is the metadata's order; a namespace that it does not list comes after all
    that it does, in the order of ``supports``.
    """
    order = {name: i for i, name in enumerate(dict.fromkeys(namespaces))}
    for support in supports:
        order.setdefault(support.namespace, len(order))
    return {
        (support.namespace, feature): Position(
            order[support.namespace], i, {value: j for j, value in enumerate(values)}
        )
        for support in supports
        for i, (feature, values) in enumerate(support.features)
    }


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
