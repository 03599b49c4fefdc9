"""Whether a variant fits (PEP 825): every feature it lists has a supported value."""

from __future__ import annotations

import pytest

from pip_variants.compatibility import Lack, Position, lacks, positions
from pip_variants.properties import Variant
from pip_variants.supported import Support
from tests.unit.cases import variant

CPU = Support("cpu", "built-in", (("level", ("v3", "v2", "v1")), ("avx2", ("on",))))
GPU = Support("gpu", "built-in", (("arch", ("90", "80")),), reason="one GPU is broken")
OFF = Support("npu", "disabled", reason="switched off")
SUPPORTS = {support.namespace: support for support in (CPU, GPU, OFF)}
UNKNOWN = Support("tpu", "none", reason="the metadata names no provider for it")

FITS = [
    pytest.param(variant("null"), id="no properties"),
    pytest.param(variant("a", "cpu :: level :: v1"), id="the last value"),
    pytest.param(variant("a", "gpu :: arch :: 70", "gpu :: arch :: 80"), id="one value of several"),
    pytest.param(
        variant("a", "cpu :: avx2 :: on", "gpu :: arch :: 90"), id="a feature of each namespace"
    ),
]

LACKS = [
    pytest.param(
        variant("a", "cpu :: level :: v4"),
        (Lack("level", ("v4",), ("v3", "v2", "v1"), CPU),),
        id="another value",
    ),
    pytest.param(
        variant("a", "gpu :: arch :: 70", "gpu :: arch :: 100"),
        (Lack("arch", ("100", "70"), ("90", "80"), GPU),),
        id="several other values, shown as strings sort",
    ),
    pytest.param(
        variant("a", "cpu :: sse :: on"), (Lack("sse", ("on",), (), CPU),), id="unknown feature"
    ),
    pytest.param(
        variant("a", "npu :: kind :: x"), (Lack("kind", ("x",), (), OFF),), id="disabled namespace"
    ),
    pytest.param(
        variant("a", "tpu :: kind :: x"),
        (Lack("kind", ("x",), (), UNKNOWN),),
        id="namespace without an answer",
    ),
    pytest.param(
        variant("a", "cpu :: level :: v3", "gpu :: arch :: 70", "cpu :: avx2 :: off"),
        (
            Lack("arch", ("70",), ("90", "80"), GPU),
            Lack("avx2", ("off",), ("on",), CPU),
        ),
        id="every lack, in the order of the metadata",
    ),
]


@pytest.mark.parametrize("fitting", FITS)
def test_a_variant_fits_with_one_value_for_each_feature(fitting: Variant) -> None:
    """A variant lacks nothing if each feature has at least one supported value."""
    assert lacks(fitting, SUPPORTS) == ()


@pytest.mark.parametrize(("unfit", "expected"), LACKS)
def test_a_lack_says_what_was_wanted_and_offered(
    unfit: Variant, expected: tuple[Lack, ...]
) -> None:
    """Each feature without a supported value is one lack, with the whole answer behind it."""
    found = lacks(unfit, SUPPORTS)
    assert found == expected
    assert [lack.namespace for lack in found] == [lack.support.namespace for lack in expected]


def test_properties_are_numbered_best_first() -> None:
    """Listed namespaces come first in the metadata's order, then the others as they answered."""
    assert positions((CPU, GPU, OFF), ("other", "gpu", "other")) == {
        ("gpu", "arch"): Position(0, ("90", "80"), {"90": 0, "80": 1}),
        ("cpu", "level"): Position(2, ("v3", "v2", "v1"), {"v3": 2, "v2": 3, "v1": 4}),
        ("cpu", "avx2"): Position(5, ("on",), {"on": 5}),
    }


@pytest.mark.parametrize(
    ("wanted", "number"),
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
def test_the_best_of_several_values(wanted: set[str], number: int | None, more: int) -> None:
    """Of several wanted values the one earliest among the supported counts, however many are."""
    values = ("v3", "v2", "v1", *(f"x{i}" for i in range(more)))
    support = Support("cpu", "built-in", (("other", ("a", "b")), ("level", values)))
    found = positions((support,), ("cpu",))["cpu", "level"]
    assert found.best_of(frozenset(wanted)) == number
