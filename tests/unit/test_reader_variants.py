"""Labels and properties of variants: an invalid value is named by its path."""

from __future__ import annotations

import pytest

from pip_variants.core.properties import Label
from pip_variants.formats.reader import read
from tests.unit.cases import problem_of

GPU = {"gpu": {"arch": ["90", "80"]}}

VARIANTS = [
    pytest.param([], "variants: expected an object, found a list", id="a list"),
    pytest.param(
        {"a": []}, "variants['a']: expected an object, found a list", id="a variant as a list"
    ),
    pytest.param(
        {"a": {"gpu": "x"}},
        "variants['a'].gpu: expected an object, found a string",
        id="a namespace as a string",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": {"90": 1}}}},
        "variants['a'].gpu.arch: expected a list, found an object",
        id="a feature as an object",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": []}}},
        "variants['a'].gpu.arch: expected at least one value",
        id="no value",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": ["90", "80", "90"]}}},
        "variants['a'].gpu.arch[2]: '90' is listed twice",
        id="a value twice",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": [90]}}},
        "variants['a'].gpu.arch[0]: 90 is not a value of a-z, 0-9, _ and .",
        id="a number as a value",
    ),
    pytest.param(
        {"a": {"gpu": {"arch": ["9" * 10_000 + "/"]}}},
        f"variants['a'].gpu.arch[0]: '{'9' * 79}...' is not a value of a-z, 0-9, _ and .",
        id="a bad value of 10,000 characters",
    ),
    pytest.param(
        {"a": {"gpu/x": {"arch": ["90"]}}},
        "variants['a']['gpu/x']: not a name of a-z, 0-9 and _",
        id="a path separator in a namespace",
    ),
    pytest.param(
        {"a": {"gpu": {"..": ["90"]}}},
        "variants['a'].gpu['..']: not a name of a-z, 0-9 and _",
        id="two dots as a feature",
    ),
    pytest.param(
        {"a": {"gpu": {"a\0b": ["90"]}}},
        r"variants['a'].gpu['a\x00b']: not a name of a-z, 0-9 and _",
        id="NUL in a feature",
    ),
    pytest.param(
        {"null": {"gpu": {"arch": ["90"]}}},
        "variants['null']: the null variant has no properties",
        id="a null variant with properties",
    ),
    pytest.param({"": {}}, "variants['']: not a label of a-z, 0-9, _ and .", id="an empty label"),
    pytest.param(
        {"A": {}}, "variants['A']: not a label of a-z, 0-9, _ and .", id="a label in upper case"
    ),
    pytest.param(
        {"../a": {}},
        "variants['../a']: not a label of a-z, 0-9, _ and .",
        id="a path as a label",
    ),
    pytest.param(
        {"a\\b": {}},
        r"variants['a\\b']: not a label of a-z, 0-9, _ and .",
        id="a Windows path as a label",
    ),
    pytest.param(
        {"a\0": {}}, r"variants['a\x00']: not a label of a-z, 0-9, _ and .", id="NUL in a label"
    ),
    pytest.param(
        {"a\x1b[1m": {}},
        r"variants['a\x1b[1m']: not a label of a-z, 0-9, _ and .",
        id="an escape sequence in a label",
    ),
    pytest.param(
        {"\ud800": {}},
        r"variants['\ud800']: not a label of a-z, 0-9, _ and .",
        id="half a surrogate pair as a label",
    ),
    pytest.param(
        {"A" * 10_000: {}},
        f"variants['{'A' * 79}...']: not a label of a-z, 0-9, _ and .",
        id="a bad label of 10,000 characters",
    ),
]


def test_order_of_the_values_means_nothing() -> None:
    """The values of a feature of a variant are a set (T12)."""
    one = read({"variants": {"a": {"gpu": {"arch": ["80", "90"]}}}})
    other = read({"variants": {"a": {"gpu": {"arch": ["90", "80"]}}}})
    assert one == other


@pytest.mark.parametrize(
    "label", ["cuda12.6", "cu12_pyt2.8.0", "x8664vv4_iomp5", "..", "x" * 10_000]
)
def test_odd_labels_are_valid_labels(label: str) -> None:
    """Dots, underscores and any length are fine (T18)."""
    assert read({"variants": {label: GPU}}).variant(Label(label)) is not None


@pytest.mark.parametrize(("variants", "text"), VARIANTS)
def test_error_names_the_first_invalid_value(variants: object, text: str) -> None:
    """The error has the path of the first invalid value of a variant."""
    assert problem_of({"variants": variants}) == text


def test_namespace_without_features_must_be_valid() -> None:
    """A namespace must be a name even if it has no features."""
    expected = "variants['a']['../gpu']: not a name of a-z, 0-9 and _"
    assert problem_of({"variants": {"a": {"../gpu": {}}}}) == expected
