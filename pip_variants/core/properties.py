"""Variant properties and labels: grammar and classes (PEP 825, "Variant properties")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

from .errors import PropertyError, quoted

if TYPE_CHECKING:
    from typing import TypeGuard

Namespace = NewType("Namespace", str)
Feature = NewType("Feature", str)
Value = NewType("Value", str)
Label = NewType("Label", str)

OrderedFeatures = tuple[tuple[Feature, tuple[Value, ...]], ...]
"""Features with their values, both best first."""

NULL_LABEL = Label("null")
ABI_DEPENDENCY = Namespace("abi_dependency")
"""The namespace whose features are distributions and whose values are their versions."""

_SEPARATOR = " :: "
_is_name = re.compile(r"[a-z0-9_]+").fullmatch
_is_value = re.compile(r"[a-z0-9_.]+").fullmatch
_is_label = re.compile(r"[0-9a-z_.]+").fullmatch


def is_namespace(text: object) -> TypeGuard[Namespace]:
    """Return whether ``text`` is a valid namespace."""
    return isinstance(text, str) and _is_name(text) is not None


def is_feature(text: object) -> TypeGuard[Feature]:
    """Return whether ``text`` is a valid feature name."""
    return isinstance(text, str) and _is_name(text) is not None


def is_value(text: object) -> TypeGuard[Value]:
    """Return whether ``text`` is a valid feature value."""
    return isinstance(text, str) and _is_value(text) is not None


def is_label(text: object) -> TypeGuard[Label]:
    """Return whether ``text`` is a valid label (PEP 825, "Variant label"; no length limit)."""
    return isinstance(text, str) and _is_label(text) is not None


def ordered_features(features: Iterable[tuple[str, Iterable[str]]]) -> OrderedFeatures:
    """Return features with their values, both best first, that are known to be valid."""
    return tuple((Feature(name), tuple(map(Value, values))) for name, values in features)


def join_parts(*parts: str) -> str:
    """Return the parts of a feature or property as PEP 825 writes them: ``a :: b :: c``."""
    return _SEPARATOR.join(parts)


def split_parts(text: str) -> tuple[str, ...]:
    """Return the parts of a ``::``-joined text; white space around them does not matter."""
    return tuple(part.strip() for part in text.split("::"))


@dataclass(frozen=True, slots=True)
class Property:
    """One variant property; its text is ``namespace :: feature :: value``."""

    namespace: Namespace
    feature: Feature
    value: Value

    @classmethod
    def parse(cls, text: str) -> Property:
        """Return the property that ``text`` spells; raise PropertyError if it is invalid."""
        match split_parts(text):
            case (namespace, feature, value) if (
                is_namespace(namespace) and is_feature(feature) and is_value(value)
            ):
                return cls(namespace, feature, value)
        raise PropertyError(f"{quoted(text)} is not a property (namespace :: feature :: value)")

    def __str__(self) -> str:
        return join_parts(self.namespace, self.feature, self.value)


@dataclass(frozen=True, slots=True)
class FeatureRequirement:
    """One feature that a variant lists: at least one of ``values`` must be supported."""

    namespace: Namespace
    feature: Feature
    values: frozenset[Value]

    @property
    def name(self) -> str:
        """The feature with its namespace, ``namespace :: feature``."""
        return join_parts(self.namespace, self.feature)


@dataclass(frozen=True, slots=True)
class Variant:
    """The meaning of one label within one version on one source."""

    label: Label
    requirements: tuple[FeatureRequirement, ...]

    def __str__(self) -> str:
        return f"{self.label}: {', '.join(map(str, self.properties)) or 'null'}"

    @property
    def is_null(self) -> bool:
        """Whether this is a null variant: no properties, whatever its label."""
        return not self.requirements

    @property
    def namespaces(self) -> frozenset[Namespace]:
        """The namespaces that decide whether this variant is compatible."""
        return frozenset(requirement.namespace for requirement in self.requirements)

    @property
    def properties(self) -> tuple[Property, ...]:
        """All properties, sorted by their text."""
        properties = (
            Property(requirement.namespace, requirement.feature, value)
            for requirement in self.requirements
            for value in requirement.values
        )
        return tuple(sorted(properties, key=str))
