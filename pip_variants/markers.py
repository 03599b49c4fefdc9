"""Environment markers about the chosen variant (PEP 825, "Environment markers").

An installer evaluates a dependency's marker more than once, the later times from its text alone.
So every comparison with a variant is decided here, once, and replaced in the text by one that is
true, or false, everywhere: nothing behind this module needs to know the four names, and no value of
theirs is ever mistaken for a version.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .properties import Variant
from .supported import Support

_TRUE = 'python_version >= "0"'
_FALSE = 'python_version < "0"'

_STRING = r"""'[^']*'|"[^"]*\""""
_NAMES = "variant_(?:label|namespaces|features|properties)"
_OPERATORS = r"===|==|!=|<=|>=|<|>|\bnot\s+in\b|\bin\b"
_pieces = re.compile(
    rf"(?P<left>{_STRING})\s*(?P<op>{_OPERATORS})\s*\b(?P<name>{_NAMES})\b"
    rf"|\b(?P<label>variant_label)\s*(?P<op2>{_OPERATORS})\s*(?P<right>{_STRING})"
    rf"|{_STRING}"
)

_after_address = re.compile(r"\s;").search

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
class Environment:
    """What the four markers stand for: a label, and sets of ``::``-joined strings.

    The label is empty for a plain wheel; the sets are empty for plain wheels and null variants.
    """

    label: str = ""
    namespaces: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()


PLAIN = Environment()


def environment(variant: Variant, supports: Mapping[str, Support]) -> Environment:
    """Return the environment of a variant; of its properties only the supported ones count."""
    properties = {
        f"{wanted.namespace} :: {wanted.feature} :: {value}"
        for wanted in variant.wants
        if wanted.namespace in supports
        for value in wanted.values.intersection(supports[wanted.namespace].values(wanted.feature))
    }
    return Environment(
        label=variant.label,
        namespaces=variant.namespaces,
        features=frozenset(f"{wanted.namespace} :: {wanted.feature}" for wanted in variant.wants),
        properties=frozenset(properties),
    )


def needs_support(requirement: str) -> bool:
    """Return whether a marker depends on what the machine supports."""
    return "variant_properties" in requirement


def bound(requirement: str, chosen: Environment) -> str:
    """Return a dependency's text with every comparison about variants decided.

    A comparison that PEP 825 does not define stays, so that the parser behind refuses it.
    """
    start = _marker_start(requirement)
    if not start:
        return requirement

    def decide(match: re.Match[str]) -> str:
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

    return requirement[:start] + _pieces.sub(decide, requirement[start:])


def about_variants(requirement: str) -> tuple[tuple[str, str], ...]:
    """Return each comparison with a variant in a dependency: the marker's name, and the string."""
    start = _marker_start(requirement)
    return tuple(
        ("variant_label", match["right"][1:-1])
        if match["label"]
        else (match["name"], match["left"][1:-1])
        for match in _pieces.finditer(requirement, start)
        if start and (match["label"] or match["name"])
    )


def _marker_start(requirement: str) -> int:
    """Return where the marker of a dependency begins, 0 if it has none.

    In an address a semicolon may stand for itself: there white space is before the marker's.
    """
    start = requirement.find(";") + 1
    if "://" in requirement[:start]:
        match = _after_address(requirement)
        start = match.end() if match else 0
    return start


def _holds(left: str, op: str, right: str) -> bool:
    return _compare[" ".join(op.split())](left, right)


def _contains(chosen: Environment, name: str, text: str, op: str) -> bool | None:
    """Return whether a set has ``text``, or None if the operator is not one of sets."""
    members: frozenset[str] = getattr(chosen, name.removeprefix("variant_"))
    member = " :: ".join(part.strip() for part in text.split("::"))
    words = op.split()
    if words == ["in"]:
        return member in members
    return member not in members if words == ["not", "in"] else None
