"""Conditions of variants on the version of other distributions (PEP 850, ``abi_dependency``).

A variant with ``abi_dependency :: torch :: 2.8`` fits only beside a torch whose version matches
``== 2.8.*``. Of several values of one feature any may match; every feature needs a match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from .properties import OrderedFeatures, Value, Variant, ordered_features
from .supported import SupportedProperties

_PARTS = 3
_MOST_DIGITS = 100


@dataclass(frozen=True, slots=True)
class Condition:
    """One feature: a distribution, by normalised name, and the values, of which any may match."""

    project: str
    values: tuple[Value, ...]

    def holds(self, version: str | None) -> bool:
        """Return whether a version of the distribution matches; None: the distribution is absent.

        As in ``== value.*``, what a release lacks is zero.
        """
        return version is not None and not set(self.values).isdisjoint(prefixes(version))

    @property
    def specifier(self) -> str:
        """Return the version specifier, or an empty string if none says the same."""
        is_one = len(self.values) == 1 and all(map(_is_number, self.values[0].split(".")))
        return f"=={self.values[0]}.*" if is_one else ""

    def __str__(self) -> str:
        return " or ".join(f"{self.project}=={value}.*" for value in self.values)


def conditions_of(
    variant: Variant, supported: Iterable[SupportedProperties]
) -> tuple[Condition, ...]:
    """Return the conditions of a variant; ``supported`` says which namespaces have conditions."""
    namespaces = {item.namespace for item in supported if item.has_versions}
    return tuple(
        Condition(project_of(item.feature), newest_first(item.values))
        for item in variant.requirements
        if item.namespace in namespaces
    )


def project_of(feature: str) -> str:
    """Return the normalised name of the distribution that a feature denotes."""
    return canonicalize_name(feature)


def prefixes(version: str) -> tuple[str, ...]:
    """Return the release prefixes of a version, the longest first; none if it is invalid.

    A version with an epoch has none: a value has no epoch.
    """
    try:
        parsed = Version(version)
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return ()
    if parsed.epoch:
        return ()
    parts = [str(part) for part in (*parsed.release, 0, 0)[:_PARTS]]
    return tuple(".".join(parts[:length]) for length in range(_PARTS, 0, -1))


def newest_first(values: Iterable[Value]) -> tuple[Value, ...]:
    """Return values in the order of the versions that match them: the newest, the longest first."""
    return tuple(sorted(values, key=lambda value: (_numbers(value), value), reverse=True))


def open_features(variants: Sequence[Variant], projects: Iterable[str]) -> OrderedFeatures:
    """Return every value that variants have of these distributions, whose versions are open."""
    wanted = set(projects)
    found: dict[str, set[Value]] = {}
    for variant in variants:
        for item in variant.requirements:
            if project_of(item.feature) in wanted:
                found.setdefault(item.feature, set()).update(item.values)
    return ordered_features((name, newest_first(found[name])) for name in sorted(found))


def _numbers(value: str) -> tuple[tuple[int, int | str], ...]:
    # A part that is no number is no prefix of a release and comes last.
    return tuple((1, int(part)) if _is_number(part) else (0, part) for part in value.split("."))


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) < _MOST_DIGITS
