"""What ranks one compatible variant after another (PEP 825, "Variant ordering")."""

from __future__ import annotations

import pytest

from pip_variants.core.compatibility import feature_positions
from pip_variants.core.difference import (
    BestProperty,
    Difference,
    best_properties,
    different_builds,
    first_difference,
)
from pip_variants.core.ordering import sort_key
from pip_variants.core.properties import Feature, Namespace, Value, Variant
from tests.unit.cases import supported, variant

GPU = supported("gpu", "built-in", (("cuda", ("12.9", "12.8", "12")), ("arch", ("90", "80"))))
CPU = supported("cpu", "built-in", (("level", ("v3", "v2", "v1")), ("avx2", ("on",))))
POSITIONS = feature_positions((CPU, GPU), (Namespace("gpu"), Namespace("cpu")))


def _best(number: int, namespace: str, feature: str, value: str) -> BestProperty:
    return BestProperty(number, Namespace(namespace), Feature(feature), Value(value))


def test_best_properties_name_the_items_of_the_key() -> None:
    """The best supported value of each feature comes with its number, best first."""
    listed = variant(
        "a", "cpu :: level :: v1", "cpu :: level :: v2", "gpu :: cuda :: 12", "gpu :: cuda :: 13"
    )
    found = best_properties(listed, POSITIONS)
    assert found == (_best(2, "gpu", "cuda", "12"), _best(6, "cpu", "level", "v2"))
    assert (sort_key(listed, POSITIONS) or ())[:-1] == tuple(item.number for item in found)


@pytest.mark.parametrize(
    ("better", "worse", "difference"),
    [
        pytest.param(
            variant("a", "gpu :: cuda :: 12.9", "cpu :: level :: v3"),
            variant("b", "gpu :: cuda :: 12.9", "cpu :: level :: v2"),
            Difference(_best(5, "cpu", "level", "v3"), _best(6, "cpu", "level", "v2")),
            id="a better value",
        ),
        pytest.param(
            variant("a", "gpu :: cuda :: 12.9", "cpu :: level :: v3"),
            variant("b", "gpu :: cuda :: 12.9"),
            Difference(_best(5, "cpu", "level", "v3"), None),
            id="one feature more",
        ),
        pytest.param(
            variant("a", "cpu :: avx2 :: on"),
            variant("null"),
            Difference(_best(8, "cpu", "avx2", "on"), None),
            id="the null variant",
        ),
        pytest.param(
            variant("a", "gpu :: cuda :: 12"),
            variant("b", "gpu :: cuda :: 12", "gpu :: cuda :: 13"),
            Difference(None, None),
            id="equal keys",
        ),
    ],
)
def test_difference_of_two_neighbours_is_named(
    better: Variant, worse: Variant, difference: Difference
) -> None:
    """The first position at which two keys differ explains their order."""
    assert first_difference(better, worse, POSITIONS) == difference


TORCH = variant("cu126", "gpu :: cuda :: 12.6", "gpu :: arch :: 80", "gpu :: arch :: 90")
# Variants by project, and the features in which some have no value in common.
BUILDS: dict[str, tuple[dict[str, Variant], list[str]]] = {
    "one project": ({"torch": TORCH}, []),
    "the same": ({"torch": TORCH, "vision": TORCH}, []),
    "a value in common": ({"torch": TORCH, "vision": variant("x", "gpu :: arch :: 90")}, []),
    "null variant": ({"torch": TORCH, "vision": variant("null")}, []),
    "other feature": ({"torch": TORCH, "vision": variant("x", "cpu :: level :: v3")}, []),
    "another value": (
        {"torch": TORCH, "vision": variant("cu128", "gpu :: cuda :: 12.8", "gpu :: arch :: 80")},
        ["gpu :: cuda"],
    ),
    "two of three": (
        {
            "a": TORCH,
            "b": variant("x", "gpu :: arch :: 70"),
            "c": variant("y", "gpu :: arch :: 80"),
        },
        ["gpu :: arch"],
    ),
    "versions of another distribution": (
        {
            "a": variant("x", "abi_dependency :: torch :: 2.8"),
            "b": variant("y", "abi_dependency :: torch :: 2.8.0"),
        },
        [],
    ),
}


@pytest.mark.parametrize(("variants", "names"), BUILDS.values(), ids=BUILDS)
def test_builds_differ_in_features_without_a_common_value(
    variants: dict[str, Variant], names: list[str]
) -> None:
    """Every project that lists the feature is named (trial 18)."""
    found = different_builds(variants)
    assert [item.name for item in found] == names
    users = [item for item in variants.values() if any(r.name in names for r in item.requirements)]
    assert [[label for _, label in item.builds] for item in found] == [
        [item.label for item in users]
    ] * len(names)


@pytest.mark.parametrize(("namespaces", "count"), [({"gpu"}, 1), ({"cpu"}, 0), (set(), 0)])
def test_builds_differ_in_the_namespaces_of_interest(namespaces: set[str], count: int) -> None:
    """`--variant-consistent` is about some namespaces only."""
    variants, _ = BUILDS["another value"]
    assert len(different_builds(variants, frozenset(map(Namespace, namespaces)))) == count
