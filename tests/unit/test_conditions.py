"""Conditions of variants on the versions of other distributions."""

from __future__ import annotations

import pytest

from pip_variants.core.conditions import (
    Condition,
    conditions_of,
    newest_first,
    open_features,
    prefixes,
)
from pip_variants.core.properties import Namespace, Value
from pip_variants.core.supported import SupportedProperties
from tests.unit.cases import variant

PREFIXES = {
    "2.8.0": ("2.8.0", "2.8", "2"),
    "2.8.1+cu128": ("2.8.1", "2.8", "2"),
    "2.9.0rc1": ("2.9.0", "2.9", "2"),
    "2": ("2.0.0", "2.0", "2"),
    "1!2.8": (),
    "": (),
    "new": (),
}


@pytest.mark.parametrize(("version", "expected"), PREFIXES.items())
def test_prefixes_of_a_version_are_its_release(version: str, expected: tuple[str, ...]) -> None:
    """A value is one to three parts of a release; a version with an epoch has none."""
    assert prefixes(version) == expected


# The values of one feature, and versions with whether the condition holds.
HOLDS: dict[tuple[str, ...], dict[str | None, bool]] = {
    ("2.8",): {"2.8.0": True, "2.8.1+cpu": True, "2.80": False, "2.9.0": False, None: False},
    ("2.8.0",): {"2.8": True, "2.8.1": False},
    ("2.8", "2.9"): {"2.8.3": True, "2.9.0": True, "2.10.0": False},
    ("2",): {"2.10.0": True, "20.0": False},
}


@pytest.mark.parametrize(
    ("values", "version", "holds"),
    [
        (values, version, holds)
        for values, found in HOLDS.items()
        for version, holds in found.items()
    ],
)
def test_condition_holds_if_any_value_matches(
    values: tuple[str, ...], version: str | None, *, holds: bool
) -> None:
    """Of several values of one feature any is enough; what is absent matches none."""
    assert Condition("torch", tuple(map(Value, values))).holds(version) is holds


SPECIFIERS: dict[tuple[str, ...], str] = {
    ("2.8",): "==2.8.*",
    ("2.8.0",): "==2.8.0.*",
    ("2.8", "2.9"): "",
    ("x_y",): "",
    ("2.8_1",): "",
    ("2.",): "",
    ("9" * 5_000,): "",
}


@pytest.mark.parametrize(("values", "expected"), SPECIFIERS.items())
def test_specifier_is_that_of_one_release(values: tuple[str, ...], expected: str) -> None:
    """What no specifier expresses is left to ``holds``."""
    assert Condition("torch", tuple(map(Value, values))).specifier == expected


def test_conditions_are_of_namespaces_whose_values_are_versions() -> None:
    """Every feature is a condition of its own; other namespaces are none."""
    found = conditions_of(
        variant(
            "a", "abi :: torch :: 2.8", "abi :: torch :: 2.10", "abi :: num_py :: 2", "x :: y :: 1"
        ),
        [
            SupportedProperties(Namespace("abi"), "built-in", has_versions=True),
            SupportedProperties(Namespace("x"), "built-in"),
        ],
    )
    assert sorted(map(str, found)) == ["num-py==2.*", "torch==2.10.* or torch==2.8.*"]


def test_order_of_values_does_not_depend_on_that_of_a_set() -> None:
    """Two of them may match the same versions."""
    values = list(map(Value, ("6", "006", "06")))
    assert newest_first(values) == newest_first(reversed(values))


def test_values_are_ordered_as_the_versions_that_match_them() -> None:
    """The newest version comes first, and of one version the longest prefix."""
    values = ["1", "2.8", "2", "2.10", "2.8.0", "1.13", "x", "2.9"]
    assert newest_first(map(Value, values)) == (
        "2.10",
        "2.9",
        "2.8.0",
        "2.8",
        "2",
        "1.13",
        "1",
        "x",
    )


def test_open_versions_support_every_value_of_the_variants() -> None:
    """Where any version may be taken, the variants say which are of interest."""
    variants = [
        variant("a", "abi :: torch :: 2.8"),
        variant("b", "abi :: torch :: 2.9", "abi :: jax :: 1"),
    ]
    assert open_features(variants, ["torch"]) == (("torch", ("2.9", "2.8")),)
