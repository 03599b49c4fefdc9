"""The sort key of a variant (PEP 825, "Variant ordering")."""

from __future__ import annotations

import itertools

import pytest

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.ordering import sort_key
from pip_variants.core.properties import Namespace, Variant
from tests.unit.cases import supported, variant

GPU = supported("gpu", "built-in", (("cuda", ("12.9", "12.8", "12")), ("arch", ("90", "80"))))
CPU = supported("cpu", "built-in", (("level", ("v3", "v2", "v1")), ("avx2", ("on",))))
POSITIONS = feature_positions((CPU, GPU), (Namespace("gpu"), Namespace("cpu")))

# Best first: each is better than every one after it.
RANKING = (
    variant("both_features", "gpu :: cuda :: 12.9", "gpu :: arch :: 90", "cpu :: level :: v3"),
    variant("second_level", "gpu :: cuda :: 12.9", "gpu :: arch :: 90", "cpu :: level :: v2"),
    variant("no_level", "gpu :: cuda :: 12.9", "gpu :: arch :: 90"),
    variant("worse_second_key", "gpu :: cuda :: 12.9", "gpu :: arch :: 80"),
    variant("shorter", "gpu :: cuda :: 12.9", "cpu :: level :: v3"),
    variant("shortest", "gpu :: cuda :: 12.9"),
    variant("best_value_counts", "gpu :: cuda :: 12.8", "gpu :: cuda :: 12"),
    variant("third_value", "gpu :: cuda :: 12", "gpu :: arch :: 90", "cpu :: avx2 :: on"),
    variant("second_feature", "gpu :: arch :: 90"),
    variant("other_namespace", "cpu :: level :: v3", "cpu :: avx2 :: on"),
    variant("other_namespace_less", "cpu :: level :: v3"),
    variant("last_feature", "cpu :: avx2 :: on"),
    variant("null"),
)

EQUAL = [
    pytest.param(
        variant("a", "gpu :: cuda :: 12", "gpu :: cuda :: 12.8"),
        variant("b", "gpu :: cuda :: 12.8"),
        id="only the best value counts",
    ),
    pytest.param(
        variant("a", "gpu :: cuda :: 13.0", "gpu :: cuda :: 12"),
        variant("b", "gpu :: cuda :: 12"),
        id="an unsupported value beside a supported one",
    ),
    pytest.param(
        variant("a", "cpu :: level :: v1", "gpu :: arch :: 80", "gpu :: cuda :: 12.9"),
        variant("b", "gpu :: cuda :: 12.9", "gpu :: arch :: 80", "cpu :: level :: v1"),
        id="any order of the features",
    ),
    pytest.param(variant("00000000"), variant("null"), id="null under any label"),
]

INCOMPATIBLE = [
    pytest.param(variant("a", "gpu :: cuda :: 13.0"), id="unsupported value"),
    pytest.param(variant("a", "gpu :: sse :: on"), id="unsupported feature"),
    pytest.param(variant("a", "tpu :: cuda :: 12.9"), id="unsupported namespace"),
    pytest.param(variant("a", "gpu :: cuda :: 12.9", "cpu :: level :: v4"), id="one of two"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_best_values_give_equal_keys(one: Variant, other: Variant) -> None:
    """A key is made of the best values alone, and of nothing else that a variant has."""
    assert sort_key(one, POSITIONS) == sort_key(other, POSITIONS) is not None


@pytest.mark.parametrize("incompatible", INCOMPATIBLE)
def test_incompatible_variant_has_no_key(incompatible: Variant) -> None:
    """There is no key for a variant with a missing feature."""
    assert sort_key(incompatible, POSITIONS) is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(better, worse, id=f"{better.label}-{worse.label}")
        for better, worse in itertools.combinations(RANKING, 2)
    ],
)
def test_first_difference_of_two_keys_decides(better: Variant, worse: Variant) -> None:
    """Keys compare item by item; if one ends first, the longer one is better."""
    first, second = sort_key(better, POSITIONS), sort_key(worse, POSITIONS)
    assert first is not None
    assert second is not None
    assert first < second
