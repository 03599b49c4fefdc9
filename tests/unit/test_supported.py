"""What authors of metadata may change about the order of what a machine supports."""

from __future__ import annotations

import pytest

from pip_variants.metadata import Priorities
from pip_variants.properties import Features
from pip_variants.supported import Support, prioritised

MACHINE = Support(
    "cpu",
    "built-in",
    (("level", ("v3", "v2", "v1")), ("avx2", ("on",)), ("sse", ("on",))),
    reason="no AVX-512",
    warnings=("old",),
)

ORDERS = [
    pytest.param(Priorities(("cpu",)), MACHINE.features, id="nothing asked: the provider's order"),
    pytest.param(
        Priorities(features=(("cpu", ("sse",)),)),
        (("sse", ("on",)), ("level", ("v3", "v2", "v1")), ("avx2", ("on",))),
        id="listed features first, the others follow",
    ),
    pytest.param(
        Priorities(features=(("cpu", ("neon", "avx2", "sse", "level")),)),
        (("avx2", ("on",)), ("sse", ("on",)), ("level", ("v3", "v2", "v1"))),
        id="a listed feature that is not supported does not appear",
    ),
    pytest.param(
        Priorities(values=(("cpu", (("level", ("v2",)),)),)),
        (("level", ("v2", "v3", "v1")), ("avx2", ("on",)), ("sse", ("on",))),
        id="listed values first, the others follow",
    ),
    pytest.param(
        Priorities(values=(("cpu", (("level", ("v4", "v1", "v3")), ("neon", ("on",)))),)),
        (("level", ("v1", "v3", "v2")), ("avx2", ("on",)), ("sse", ("on",))),
        id="a listed value or feature that is not supported does not appear",
    ),
    pytest.param(
        Priorities(features=(("cpu", ("avx2",)),), values=(("cpu", (("level", ("v1",)),)),)),
        (("avx2", ("on",)), ("level", ("v1", "v3", "v2")), ("sse", ("on",))),
        id="both",
    ),
    pytest.param(
        Priorities(features=(("gpu", ("sse",)),), values=(("gpu", (("level", ("v1",)),)),)),
        MACHINE.features,
        id="another namespace's order",
    ),
]


@pytest.mark.parametrize(("priorities", "features"), ORDERS)
def test_authors_reorder_what_is_supported(priorities: Priorities, features: Features) -> None:
    """Priorities change the order of features and values, and nothing else of the answer."""
    expected = Support("cpu", "built-in", features, reason="no AVX-512", warnings=("old",))
    assert prioritised(MACHINE, priorities) == expected


def test_values_of_a_feature() -> None:
    """Values come back best first; an unknown feature has none."""
    assert MACHINE.values("level") == ("v3", "v2", "v1")
    assert MACHINE.values("neon") == ()


def test_nothing_supported_stays_nothing() -> None:
    """Priorities cannot make a property supported."""
    nothing = Support("cpu", "disabled", reason="switched off")
    asked = Priorities(("cpu",), (("cpu", ("sse",)),), (("cpu", (("sse", ("on",)),)),))
    assert prioritised(nothing, asked) == nothing
