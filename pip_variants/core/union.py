"""What the variants of one version depend on, as the dependencies of one distribution.

A lock that has wheels of several labels lists what any of them needs: PEP 751 has no condition
about variants, and the markers of PEP 825 about them are for dependencies alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import Specifier
from pip._vendor.packaging.utils import canonicalize_name

from .markers import PLAIN, MarkerEnvironment, bind_markers, marker_environment
from .properties import Label, Variant
from .supported import every_property
from .target_markers import parse_requirement, requirement_applies


@dataclass(frozen=True, slots=True)
class Needs:
    """What a wheel depends on, on any machine; the label of a plain wheel is None."""

    label: Label | None
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two labels that pin different versions of one project, each with its requirement."""

    first: tuple[Label | None, str]
    second: tuple[Label | None, str]


@dataclass(frozen=True, slots=True)
class Union:
    """The dependencies of several wheels; ``partial`` are the projects that not all of them need.

    Each has the labels of those that do.
    """

    requires: tuple[str, ...]
    partial: tuple[tuple[str, tuple[Label | None, ...]], ...]
    contradiction: Contradiction | None


def needs_of(label: Label | None, variant: Variant | None, requires: Iterable[str]) -> Needs:
    """Return what a wheel depends on, its markers about variants evaluated for any machine.

    Of a variant that lists several values of a feature, a machine may support one or all.
    """
    environments = _environments(variant)
    found = (bind_markers(text, item) for text in requires for item in environments)
    return Needs(label, tuple(dict.fromkeys(found)))


def unite(wheels: Sequence[Needs], extras: Iterable[str] = ()) -> Union:
    """Return the dependencies of all of ``wheels``, for an installation with these extras."""
    contexts = ["", *extras]
    by_label = {wheel.label: [*_applicable(wheel.requires, contexts)] for wheel in wheels}
    labels: dict[str, dict[Label | None, None]] = {}
    for label, requirements in by_label.items():
        for requirement in requirements:
            labels.setdefault(canonicalize_name(requirement.name), {})[label] = None
    partial = ((name, tuple(some)) for name, some in labels.items() if len(some) < len(by_label))
    pins = [(label, _pins(requirements)) for label, requirements in by_label.items()]
    contradictions = (
        Contradiction((first, f"{name}{own[name]}"), (second, f"{name}{other[name]}"))
        for (first, own), (second, other) in combinations(pins, 2)
        for name in own
        if name in other and not _agree(own[name], other[name])
    )
    return Union(
        tuple(dict.fromkeys(text for wheel in wheels for text in wheel.requires)),
        tuple(partial),
        next(contradictions, None),
    )


def _environments(variant: Variant | None) -> tuple[MarkerEnvironment, ...]:
    """Return the marker environments of a variant: all properties supported, or only one each."""
    if variant is None:
        return (PLAIN,)
    single = tuple(item for item in variant.requirements if len(item.values) == 1)
    parts = (variant.requirements, single)
    found = []
    for requirements in parts:
        known = every_property(variant.namespaces, [Variant(variant.label, requirements)])
        found.append(marker_environment(variant, known))
    return tuple(dict.fromkeys(found))


def _applicable(requires: Iterable[str], contexts: Iterable[str]) -> Iterator[Requirement]:
    """Yield the dependencies that apply; of one that is invalid the installer reports it."""
    for text in requires:
        try:
            if any(requirement_applies(text, {"extra": extra}) for extra in contexts):
                yield parse_requirement(text)
        except ValueError:
            continue


def _agree(first: Specifier, second: Specifier) -> bool:
    """Return whether one version is both, such as 1.0+cpu for ``==1.0`` and ``==1.0+cpu``."""
    pairs = (first, second), (second, first)
    return any(one.contains(other.version, prereleases=True) for one, other in pairs)


def _pins(requirements: Iterable[Requirement]) -> dict[str, Specifier]:
    """Return the exact version that each project is pinned to."""
    return {
        canonicalize_name(requirement.name): item
        for requirement in requirements
        for item in requirement.specifier
        if item.operator == "==" and not item.version.endswith(".*")
    }
