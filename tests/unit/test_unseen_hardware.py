"""What a machine shows of its hardware: a misfit is contradicted by that, or nothing is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pip_variants.core.compatibility import missing_features
from pip_variants.core.properties import ABI_DEPENDENCY, Namespace
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers import aarch64, amd, intel, level_zero, nvidia, tpu, x86_64
from pip_variants.providers._kfd import Gpu, GpuFacts
from pip_variants.providers.amd import AmdFacts, RocmFacts
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.intel import IntelFacts
from pip_variants.providers.nvidia import NvidiaFacts
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin, ProviderRunner
from pip_variants.providers.tpu import TpuFacts
from tests.unit.cases import by_namespace, supported, variant

HUNG = "the NVIDIA driver did not respond within 15 s"
UNREADABLE = "the CPU flags could not be read: Permission denied"
ARC = level_zero.Gpu("Arc", (12, 55, 8))
ICE_LAKE = level_zero.Gpu("Iris", (11, 0, 0))

NO_ROCM = RocmFacts(problem="no installation of ROCm found")

# What a built-in provider makes of the facts of a machine, and whether hardware was not seen.
RESULTS = {
    "no driver": (nvidia.detect(NvidiaFacts()), True),
    "driver that hangs": (nvidia.detect(NvidiaFacts(problem=HUNG)), True),
    "driver without GPU": (nvidia.detect(NvidiaFacts((12, 6))), True),
    "driver and GPU": (nvidia.detect(NvidiaFacts((12, 6), (9, 0))), False),
    "one GPU of two": (nvidia.detect(NvidiaFacts((12, 6), (9, 0), problem="x")), False),
    "driver of the past": (nvidia.detect(NvidiaFacts((10, 2), (7, 0))), False),
    "GPU of the past": (nvidia.detect(NvidiaFacts((12, 6), (3, 5))), False),
    "no AMD GPU": (amd.detect(AmdFacts(GpuFacts(), NO_ROCM)), True),
    "AMD GPU without ROCm": (amd.detect(AmdFacts(GpuFacts((Gpu("gfx942"),)), NO_ROCM)), True),
    "ROCm without GPU": (amd.detect(AmdFacts(GpuFacts(), RocmFacts((7, 1)))), True),
    "AMD GPU and ROCm": (
        amd.detect(AmdFacts(GpuFacts((Gpu("gfx942"),)), RocmFacts((7, 1)))),
        False,
    ),
    "AMD GPU alone in question": (amd.detect(AmdFacts(GpuFacts((Gpu("gfx942"),)))), False),
    "TPU": (tpu.detect(TpuFacts(("TPU v4",))), False),
    "no TPU": (tpu.detect(TpuFacts()), True),
    "no TPU by the user's word": (tpu.detect(TpuFacts(forced=False)), False),
    "no Intel GPU": (intel.detect(IntelFacts(problem="no Intel GPU found")), True),
    "Intel GPU": (intel.detect(IntelFacts((ARC,))), False),
    "Intel GPU of the past": (intel.detect(IntelFacts((ICE_LAKE,))), True),
    "forced device IP": (intel.detect(IntelFacts(forced="20.1.0")), False),
    "one Intel GPU of two": (intel.detect(IntelFacts((ARC,), problem="x")), True),
    "x86": (x86_64.detect(CpuFacts("x86_64", frozenset({"sse3"}))), False),
    "x86_64 provider on ARM": (x86_64.detect(CpuFacts("aarch64")), False),
    "unreadable x86": (x86_64.detect(CpuFacts("x86_64", problem=UNREADABLE)), True),
    "ARM": (aarch64.detect(CpuFacts("aarch64", frozenset({"fp"}))), False),
    "aarch64 provider on x86": (aarch64.detect(CpuFacts("x86_64")), False),
    "unreadable ARM": (aarch64.detect(CpuFacts("aarch64", problem=UNREADABLE)), True),
}


@pytest.mark.parametrize(("result", "unseen"), RESULTS.values(), ids=RESULTS)
def test_provider_knows_whether_it_saw_the_hardware(
    result: ProviderResult, *, unseen: bool
) -> None:
    """Another CPU, an old driver and an old GPU are seen; what cannot be read is not.

    Nor is a GPU of which nothing is known: a newer build may be for it.
    """
    assert result.unseen is unseen


GPU = Namespace("gpu")
PLUGIN = Plugin(("gpu-provider",), "", ("gpu-provider",))
FEATURES = supported("gpu", "plugin", [("arch", ["1"])]).features


@pytest.mark.parametrize(
    ("result", "unseen"),
    [
        (ProviderResult(FEATURES), False),
        (ProviderResult(), True),
        (ProviderResult(failed=True), False),
    ],
    ids=["properties", "nothing", "failed"],
)
def test_plugin_without_properties_saw_nothing(result: ProviderResult, *, unseen: bool) -> None:
    """A plugin has no other way to say so; one that fails is of another state."""
    runner = ProviderRunner({}, run_plugin=lambda *_: result)
    assert runner.query({GPU: PLUGIN}, ())[GPU].unseen is unseen


def unseen(namespace: str, *features: tuple[str, list[str]]) -> SupportedProperties:
    """Return what a built-in supports that has not seen all of the hardware."""
    return replace(supported(namespace, "built-in", features), unseen=True)


CUDA, SM = "nvidia :: cuda_version_lower_bound :: 12.9", "nvidia :: sm_arch :: 90_real"
GFX, ROCM = "amd :: gfx_arch :: gfx942", "amd :: rocm_version :: 7.1"
OLD_CUDA = ("cuda_version_lower_bound", ["12.6"])

# What the target supports, the properties of a variant, and which of them it contradicts.
CASES: dict[str, tuple[SupportedProperties, list[str], list[str]]] = {
    "no driver": (unseen("nvidia"), [CUDA, SM], []),
    "old driver without GPU": (
        unseen("nvidia", OLD_CUDA),
        [CUDA, SM],
        ["cuda_version_lower_bound"],
    ),
    "new driver without GPU": (
        unseen("nvidia", ("cuda_version_lower_bound", ["12.9"])),
        [CUDA, SM],
        [],
    ),
    "another GPU": (
        supported("nvidia", "built-in", [OLD_CUDA, ("sm_arch", ["80_real"])]),
        [SM],
        ["sm_arch"],
    ),
    "driver of the past": (
        supported("nvidia", "built-in"),
        [CUDA, SM],
        ["cuda_version_lower_bound", "sm_arch"],
    ),
    "CPU without an instruction": (
        supported("x86_64", "built-in", [("level", ["v3", "v2", "v1"])]),
        ["x86_64 :: avx512f :: on"],
        ["avx512f"],
    ),
    "no AMD GPU": (unseen("amd"), [GFX, ROCM], []),
    "another AMD GPU, no ROCm": (
        unseen("amd", ("gfx_arch", ["gfx1100"])),
        [GFX, ROCM],
        ["gfx_arch"],
    ),
    "another ROCm, no GPU": (
        unseen("amd", ("rocm_version", ["6.4"])),
        [GFX, ROCM],
        ["rocm_version"],
    ),
    "another ROCm": (
        supported("amd", "built-in", [("gfx_arch", ["gfx942"]), ("rocm_version", ["6.4"])]),
        [GFX, ROCM],
        ["rocm_version"],
    ),
    "no TPU": (unseen("tpu", ("present", ["false"])), ["tpu :: present :: true"], []),
    "no TPU by a platform file": (
        supported("tpu", "user", [("present", ["false"])]),
        ["tpu :: present :: true"],
        ["present"],
    ),
    "a TPU": (
        supported("tpu", "built-in", [("present", ["true"])]),
        ["tpu :: present :: false"],
        ["present"],
    ),
    "platform file that lists nothing": (supported("nvidia", "user"), [SM], ["sm_arch"]),
    "values of the metadata": (supported("blas", "static"), ["blas :: x :: y"], ["x"]),
    "other distribution": (supported(ABI_DEPENDENCY), ["abi_dependency :: torch :: 2"], ["torch"]),
    "failed": (supported("nvidia", "failed"), [CUDA], []),
    "disabled": (supported("nvidia", "disabled"), [CUDA], []),
    "untrusted": (supported("nvidia", "untrusted"), [CUDA], []),
    "other target": (supported("nvidia", "cross-target"), [CUDA], []),
    "no provider": (supported("nvidia", "none"), [CUDA], []),
}


@pytest.mark.parametrize(("found", "needs", "contradicted"), CASES.values(), ids=CASES)
def test_misfit_is_contradicted_only_by_what_the_target_shows(
    found: SupportedProperties, needs: list[str], contradicted: list[str]
) -> None:
    """Other values, or none where the hardware was seen; a user's description is a showing, too."""
    missing = missing_features(variant("a", *needs), by_namespace(found))
    assert missing
    assert [item.feature for item in missing if item.is_contradicted] == contradicted
