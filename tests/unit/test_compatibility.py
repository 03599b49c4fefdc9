"""Whether a variant is compatible (PEP 825): every feature it lists has a supported value."""

from __future__ import annotations

import pytest

from pip_variants.core.compatibility import (
    FeaturePosition,
    MissingFeature,
    feature_positions,
    missing_features,
)
from pip_variants.core.properties import Feature, Namespace, Value, Variant
from tests.unit.cases import by_namespace, missing, supported, variant

CPU = supported("cpu", "built-in", (("level", ("v3", "v2", "v1")), ("avx2", ("on",))))
GPU = supported("gpu", "built-in", (("arch", ("90", "80")),), reason="one GPU is broken")
DISABLED = supported("npu", "disabled", reason="switched off")
MACHINE = by_namespace(CPU, GPU, DISABLED)

COMPATIBLE = [
    pytest.param(variant("null"), id="no properties"),
    pytest.param(variant("a", "cpu :: level :: v1"), id="the last value"),
    pytest.param(variant("a", "gpu :: arch :: 70", "gpu :: arch :: 80"), id="one value of several"),
    pytest.param(
        variant("a", "cpu :: avx2 :: on", "gpu :: arch :: 90"), id="a feature of each namespace"
    ),
]

INCOMPATIBLE = [
    pytest.param(
        variant("a", "cpu :: level :: v4"),
        (missing("level", ("v4",), ("v3", "v2", "v1"), CPU),),
        id="another value",
    ),
    pytest.param(
        variant("a", "gpu :: arch :: 70", "gpu :: arch :: 100"),
        (missing("arch", ("100", "70"), ("90", "80"), GPU),),
        id="several other values, sorted as strings",
    ),
    pytest.param(
        variant("a", "cpu :: sse :: on"),
        (missing("sse", ("on",), (), CPU),),
        id="unknown feature",
    ),
    pytest.param(
        variant("a", "npu :: kind :: x"),
        (missing("kind", ("x",), (), DISABLED),),
        id="disabled namespace",
    ),
    pytest.param(
        variant("a", "tpu :: kind :: x"),
        (missing("kind", ("x",), (), supported("tpu", "none")),),
        id="namespace without a result",
    ),
    pytest.param(
        variant("a", "cpu :: level :: v3", "gpu :: arch :: 70", "cpu :: avx2 :: off"),
        (
            missing("arch", ("70",), ("90", "80"), GPU),
            missing("avx2", ("off",), ("on",), CPU),
        ),
        id="every missing feature, in the order of the metadata",
    ),
]


@pytest.mark.parametrize("compatible", COMPATIBLE)
def test_variant_with_a_value_for_each_feature_is_compatible(compatible: Variant) -> None:
    """Nothing is missing if each feature has at least one supported value."""
    assert missing_features(compatible, MACHINE) == ()


@pytest.mark.parametrize(("incompatible", "expected"), INCOMPATIBLE)
def test_missing_feature_has_required_and_available_values(
    incompatible: Variant, expected: tuple[MissingFeature, ...]
) -> None:
    """Each feature without a supported value is reported with all that its namespace supports."""
    found = missing_features(incompatible, MACHINE)
    assert found == expected
    assert [item.namespace for item in found] == [item.supported.namespace for item in expected]


def _position(first: int, *values: str) -> FeaturePosition:
    listed = tuple(map(Value, values))
    return FeaturePosition(first, listed, {value: i for i, value in enumerate(listed, first)})


def test_properties_are_numbered_best_first() -> None:
    """Listed namespaces come first in the order of the metadata, then the others."""
    priorities = tuple(map(Namespace, ("other", "gpu", "other")))
    assert feature_positions((CPU, GPU, DISABLED), priorities) == {
        ("gpu", "arch"): _position(0, "90", "80"),
        ("cpu", "level"): _position(2, "v3", "v2", "v1"),
        ("cpu", "avx2"): _position(5, "on"),
    }


@pytest.mark.parametrize(
    ("listed", "number"),
    [
        pytest.param({"v3"}, 2, id="the best"),
        pytest.param({"v1"}, 4, id="the last"),
        pytest.param({"v1", "v2"}, 3, id="the better of two"),
        pytest.param({"v4", "v1"}, 4, id="an unsupported one beside it"),
        pytest.param({"v4"}, None, id="one that is not supported"),
        pytest.param({"v4", "v5", "v6"}, None, id="several that are not supported"),
    ],
)
@pytest.mark.parametrize("more", [0, 50], ids=["few values", "many values"])
def test_best_supported_value_of_several_counts(
    listed: set[str], number: int | None, more: int
) -> None:
    """Of several listed values the one earliest among the supported counts."""
    values = ("v3", "v2", "v1", *(f"x{i}" for i in range(more)))
    cpu = supported("cpu", "built-in", (("other", ("a", "b")), ("level", values)))
    positions = feature_positions((cpu,), (Namespace("cpu"),))
    found = positions[Namespace("cpu"), Feature("level")]
    assert found.best_of(frozenset(map(Value, listed))) == number
