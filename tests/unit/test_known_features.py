"""What built-in providers can report, which lint compares published variants with."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Namespace, OrderedFeatures
from pip_variants.providers import aarch64, amd, gfx, intel, level_zero, nvidia, tpu, x86_64
from pip_variants.providers._kfd import Gpu, GpuFacts
from pip_variants.providers.amd import AmdFacts, RocmFacts
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.intel import IntelFacts
from pip_variants.providers.nvidia import NvidiaFacts
from pip_variants.providers.registry import BUILT_INS, known_features
from pip_variants.providers.tpu import TpuFacts

EMPTY: OrderedFeatures = ()
NVIDIA = [
    nvidia.detect(NvidiaFacts((cuda, minor), (major, 9))).features
    for cuda in range(11, 16)
    for minor in range(21)
    for major in range(5, 13)
]
REPORTED: Mapping[str, list[OrderedFeatures]] = {
    "nvidia": NVIDIA,
    "amd": [
        amd.detect(AmdFacts(GpuFacts((Gpu(target),)), RocmFacts((major, minor)))).features
        for target in gfx.TARGETS
        for major, minor in ((6, 0), (7, 1), (8, 20))
    ],
    "tpu": [tpu.detect(TpuFacts(forced=present)).features for present in (True, False)],
    "intel": [
        intel.detect(IntelFacts((level_zero.Gpu("x", (architecture, release, revision)),))).features
        for architecture in (12, 20, 30, 35)
        for release in range(80)
        for revision in range(9)
    ],
    **{
        module.ARCHITECTURE: [
            module.detect(CpuFacts(module.ARCHITECTURE, frozenset(dict(known)))).features
            for known in (EMPTY, module.known_features())
        ]
        for module in (x86_64, aarch64)
    },
}


@pytest.mark.parametrize("name", [item.name for item in BUILT_INS])
def test_everything_that_a_built_in_reports_is_known(name: str) -> None:
    """No machine has a feature or value that would be found to be a mistake."""
    known = dict(known_features(Provider(Namespace(name))) or ())
    assert REPORTED[name]
    for features in REPORTED[name]:
        for feature, values in features:
            assert {*values} <= {*known[feature]}


def test_every_level_of_a_cpu_is_known_best_first() -> None:
    """The levels are those of the provider, and every instruction set is a feature."""
    assert x86_64.known_features()[0] == ("level", ("v4", "v3", "v2", "v1"))
    assert aarch64.known_features()[0][1][:2] == ("9.0a", "8.5a")
    assert ("avx512f", ("on",)) in x86_64.known_features()


PACKAGES = [
    pytest.param(("nvidia-variant-provider>=0.0.2,<1",), None, True, id="a built-in"),
    pytest.param(("nvidia-variant-provider; os_name == 'nt'",), None, True, id="with a marker"),
    pytest.param(("nvidia-variant-provider>=1",), None, False, id="another version"),
    pytest.param(("nvidia-variant-provider",), "other:Plugin", False, id="another plugin"),
    pytest.param(("other",), None, False, id="another package"),
    pytest.param(("nvidia-variant-provider", ";"), None, False, id="an invalid one"),
]


@pytest.mark.parametrize(("requires", "plugin_api", "known"), PACKAGES)
def test_features_are_known_of_what_a_built_in_replaces(
    requires: tuple[str, ...], plugin_api: str | None, *, known: bool
) -> None:
    """Of any other package nothing is known, whatever its namespace."""
    provider = Provider(Namespace("nvidia"), requires, plugin_api)
    assert (known_features(provider) is not None) is known
    assert known_features(Provider(Namespace("gpu"))) is None
