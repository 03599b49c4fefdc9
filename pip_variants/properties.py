"""The words of PEP 825: which strings are namespaces, features, values and labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

NULL_LABEL = "null"
ABI_DEPENDENCY = "abi_dependency"
"""The namespace whose features are other distributions, and whose values are their versions."""

_is_name = re.compile(r"[a-z0-9_]+").fullmatch
_is_value = re.compile(r"[a-z0-9_.]+").fullmatch
_is_label = re.compile(r"[0-9a-z_.]+").fullmatch


def is_name(text: object) -> bool:
    """Return whether ``text`` can be a namespace or a feature (PEP 825, "Variant properties")."""
    return isinstance(text, str) and _is_name(text) is not None


def is_value(text: object) -> bool:
    """Return whether ``text`` can be the value of a feature (PEP 825, "Variant properties")."""
    return isinstance(text, str) and _is_value(text) is not None


def is_label(text: object) -> bool:
    """Return whether ``text`` can be a label (PEP 825, "Variant label"; no length limit)."""
    return isinstance(text, str) and _is_label(text) is not None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One feature of a variant: any one of ``values`` must be supported."""

    namespace: str
    feature: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Variant:
    """What one label of one version on one source stands for."""

    label: str
    wants: tuple[Wanted, ...]

    @property
    def is_null(self) -> bool:
        """Whether this is the null variant: no properties, whatever the label is called."""
        return not self.wants

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that must be asked about before this variant can be judged."""
        return frozenset(wanted.namespace for wanted in self.wants)

    @property
    def properties(self) -> tuple[str, ...]:
        """Every property as ``namespace :: feature :: value``, sorted as strings."""
        return tuple(
            sorted(
                f"{wanted.namespace} :: {wanted.feature} :: {value}"
                for wanted in self.wants
                for value in wanted.values
            )
        )


Features = tuple[tuple[str, tuple[str, ...]], ...]
"""Ordered features with their ordered values, best first."""
