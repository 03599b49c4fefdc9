"""What a machine supports in one namespace, who said so, and why (PEP 825, PEP 850)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from .metadata import Priorities
from .properties import Features

State = Literal[
    "static", "user", "built-in", "plugin", "disabled", "untrusted", "failed", "foreign", "none"
]


@dataclass(frozen=True, slots=True)
class Support:
    """One namespace's answer: ordered features with ordered values, best first.

    ``reason`` is a short sentence in the words of the machine whenever something is missing;
    ``warnings`` are sentences for the user that do not depend on any wheel; ``option`` is what the
    user would have to say for somebody to be asked at all.
    """

    namespace: str
    state: State
    features: Features = ()
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    option: str | None = field(default=None, compare=False)

    def values(self, feature: str) -> tuple[str, ...]:
        """Return the supported values of ``feature``, best first."""
        return next((values for name, values in self.features if name == feature), ())


def prioritised(support: Support, priorities: Priorities) -> Support:
    """Return ``support`` in the order that the metadata's authors ask for.

    Features and values that ``default-priorities`` lists come first, in its order, if they are
    supported; the others follow in the provider's order (revisions before 0.2.0).
    """
    order = dict(priorities.features).get(support.namespace, ())
    values = dict(dict(priorities.values).get(support.namespace, ()))
    if not order and not values:
        return support
    supported = dict(support.features)
    features = _listed_first(order, supported)
    return replace(
        support,
        features=tuple(
            (feature, _listed_first(values.get(feature, ()), supported[feature]))
            for feature in features
        ),
    )


def _listed_first(listed: Iterable[str], supported: Iterable[str]) -> tuple[str, ...]:
    known = dict.fromkeys(supported)
    first = [item for item in listed if item in known]
    return tuple(dict.fromkeys([*first, *known]))
