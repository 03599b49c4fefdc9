"""What authors of metadata may change about the order of what a machine supports."""

from __future__ import annotations

import pytest

from pip_variants.core.metadata import Priorities
from pip_variants.core.properties import Feature, Namespace
from pip_variants.core.supported import every_property, prioritised
from tests.unit.cases import Features, priorities, supported, variant

MACHINE = supported(
    "cpu",
    "built-in",
    (("level", ("v3", "v2", "v1")), ("avx2", ("on",)), ("sse", ("on",))),
    reason="no AVX-512",
    warnings=("old",),
)

ORDERS = [
    pytest.param(priorities(("cpu",)), MACHINE.features, id="no order given: that of the provider"),
    pytest.param(
        priorities(features=(("cpu", ("sse",)),)),
        (("sse", ("on",)), ("level", ("v3", "v2", "v1")), ("avx2", ("on",))),
        id="listed features first, the others follow",
    ),
    pytest.param(
        priorities(features=(("cpu", ("neon", "avx2", "sse", "level")),)),
        (("avx2", ("on",)), ("sse", ("on",)), ("level", ("v3", "v2", "v1"))),
        id="a listed feature that is not supported does not appear",
    ),
    pytest.param(
        priorities(values=(("cpu", (("level", ("v2",)),)),)),
        (("level", ("v2", "v3", "v1")), ("avx2", ("on",)), ("sse", ("on",))),
        id="listed values first, the others follow",
    ),
    pytest.param(
        priorities(values=(("cpu", (("level", ("v4", "v1", "v3")), ("neon", ("on",)))),)),
        (("level", ("v1", "v3", "v2")), ("avx2", ("on",)), ("sse", ("on",))),
        id="a listed value or feature that is not supported does not appear",
    ),
    pytest.param(
        priorities(features=(("cpu", ("avx2",)),), values=(("cpu", (("level", ("v1",)),)),)),
        (("avx2", ("on",)), ("level", ("v1", "v3", "v2")), ("sse", ("on",))),
        id="both",
    ),
    pytest.param(
        priorities(features=(("gpu", ("sse",)),), values=(("gpu", (("level", ("v1",)),)),)),
        MACHINE.features,
        id="the order of another namespace",
    ),
]


@pytest.mark.parametrize(("ranked", "features"), ORDERS)
def test_priorities_reorder_supported_features_and_values(
    ranked: Priorities, features: Features
) -> None:
    """Priorities change the order of features and values, and nothing else."""
    expected = supported("cpu", "built-in", features, reason="no AVX-512", warnings=("old",))
    assert prioritised(MACHINE, ranked) == expected


def test_values_of_a_feature_come_best_first() -> None:
    """Values come back best first; an unknown feature has none."""
    assert MACHINE.values(Feature("level")) == ("v3", "v2", "v1")
    assert MACHINE.values(Feature("neon")) == ()


def test_priorities_make_no_property_supported() -> None:
    """A listed feature is not supported if the namespace is disabled."""
    disabled = supported("cpu", "disabled", reason="switched off")
    ranked = priorities(("cpu",), (("cpu", ("sse",)),), (("cpu", (("sse", ("on",)),)),))
    assert prioritised(disabled, ranked) == disabled


def test_every_property_fits_each_variant() -> None:
    """Each namespace in question has all that the variants list, also one that none of them has."""
    variants = [
        variant("a", "gpu :: arch :: 90", "gpu :: arch :: 80", "cpu :: level :: v3"),
        variant("b", "gpu :: arch :: 70", "gpu :: abi :: x"),
    ]
    found = every_property([Namespace("gpu"), Namespace("other")], variants)
    assert found == {
        "gpu": supported("gpu", "static", (("abi", ("x",)), ("arch", ("70", "80", "90")))),
        "other": supported("other", "static", ()),
    }
