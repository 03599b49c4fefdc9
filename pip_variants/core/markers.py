"""Environment markers about the chosen variant (PEP 825, "Environment markers").

An installer evaluates the marker of a dependency more than once, later from its text alone.
Therefore every comparison with a variant is evaluated here, once, and replaced in the text by a
comparison that is always true or always false. No other code needs to know the four names, and
none of their values is ever compared as a version.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .properties import Namespace, Variant, join_parts, split_parts
from .supported import SupportedProperties

_TRUE = 'python_version >= "0"'
_FALSE = 'python_version < "0"'

_STRING = r"""'[^']*'|"[^"]*\""""
_NAMES = "variant_(?:label|namespaces|features|properties)"
_OPERATORS = r"===|==|!=|<=|>=|<|>|\bnot\s+in\b|\bin\b"
_comparisons = re.compile(
    rf"(?P<left>{_STRING})\s*(?P<op>{_OPERATORS})\s*\b(?P<name>{_NAMES})\b"
    rf"|\b(?P<label>variant_label)\s*(?P<op2>{_OPERATORS})\s*(?P<right>{_STRING})"
    rf"|{_STRING}"
)

_after_url = re.compile(r"\s;").search

_compare: Mapping[str, Callable[[str, str], bool]] = {
    "===": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}


@dataclass(frozen=True, slots=True)
class MarkerEnvironment:
    """The values of the four markers: a label, and sets of ``::``-joined strings.

    The label is empty for a plain wheel; the sets are empty for plain wheels and null variants.
    """

    label: str = ""
    namespaces: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()


PLAIN = MarkerEnvironment()


def marker_environment(
    variant: Variant, supported: Mapping[Namespace, SupportedProperties]
) -> MarkerEnvironment:
    """Return the marker environment of a variant, with only its supported properties."""
    properties = {
        join_parts(requirement.namespace, requirement.feature, value)
        for requirement in variant.requirements
        if requirement.namespace in supported
        for value in requirement.values.intersection(
            supported[requirement.namespace].values(requirement.feature)
        )
    }
    return MarkerEnvironment(
        label=variant.label,
        namespaces=variant.namespaces,
        features=frozenset(requirement.name for requirement in variant.requirements),
        properties=frozenset(properties),
    )


def needs_supported_properties(requirement: str) -> bool:
    """Return whether a marker depends on what the machine supports."""
    return "variant_properties" in requirement


def bind_markers(requirement: str, chosen: MarkerEnvironment) -> str:
    """Return the text of a dependency with every comparison about variants evaluated.

    A comparison that PEP 825 does not define is left as it is; the installer's parser refuses it.
    """
    start = _marker_start(requirement)
    if not start:
        return requirement

    def evaluate(match: re.Match[str]) -> str:
        if match["label"]:
            holds = _holds(chosen.label, match["op2"], match["right"][1:-1])
        elif match["name"] == "variant_label":
            holds = _holds(match["left"][1:-1], match["op"], chosen.label)
        elif match["name"]:
            found = _contains(chosen, match["name"], match["left"][1:-1], match["op"])
            if found is None:
                return match[0]
            holds = found
        else:
            return match[0]
        return _TRUE if holds else _FALSE

    return requirement[:start] + _comparisons.sub(evaluate, requirement[start:])


def variant_comparisons(requirement: str) -> tuple[tuple[str, str], ...]:
    """Return each comparison about variants in a dependency: the marker's name and the string."""
    start = _marker_start(requirement)
    return tuple(
        ("variant_label", match["right"][1:-1])
        if match["label"]
        else (match["name"], match["left"][1:-1])
        for match in _comparisons.finditer(requirement, start)
        if start and (match["label"] or match["name"])
    )


def _marker_start(requirement: str) -> int:
    """Return the index at which the marker of a dependency begins, or 0 if there is none.

    A URL may contain semicolons: there the marker's is preceded by white space.
    """
    start = requirement.find(";") + 1
    if "://" in requirement[:start]:
        match = _after_url(requirement)
        start = match.end() if match else 0
    return start


def _holds(left: str, op: str, right: str) -> bool:
    return _compare[" ".join(op.split())](left, right)


def _contains(chosen: MarkerEnvironment, name: str, text: str, op: str) -> bool | None:
    """Return whether a set contains ``text``, or None if the operator is undefined for sets."""
    members: frozenset[str] = getattr(chosen, name.removeprefix("variant_"))
    member = join_parts(*split_parts(text))
    words = op.split()
    if words == ["in"]:
        return member in members
    return member not in members if words == ["not", "in"] else None
