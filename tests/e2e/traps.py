"""The traps of published variants as small documents, each with the number of its trap.

The facts are those of the indexes of 2025 and 2026. Tests over the recorded indexes import the
expected labels of torch from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

from tests.e2e.pips import Machine
from tests.support.stand_in import Listed, write_wheel
from tests.support.stand_in_wheel import Json, dump

PROVIDERS: Mapping[str, Json] = {
    "amd": {
        "plugin-api": "amd_variant_provider.plugin:AMDVariantPlugin",
        "requires": ["amd-variant-provider>=0.0.2,<1.0.0"],
    },
    "intel": {
        "plugin-api": "intel_variant_provider.plugin:IntelVariantPlugin",
        "requires": ["intel-variant-provider>=0.0.3,<1.0.0"],
    },
    "nvidia": {
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
        "requires": ["nvidia-variant-provider>=0.0.2,<1.0.0"],
    },
    "x86_64": {
        "plugin-api": "provider_variant_x86_64.plugin:X8664Plugin",
        "requires": ["provider-variant-x86-64"],
    },
}


def document(
    variants: Mapping[str, object],
    providers: Sequence[str] = ("nvidia",),
    static: Mapping[str, object] | None = None,
    enable_if: str | None = None,
) -> Json:
    """Return a document with these variants, providers and static values.

    `enable_if` is the condition of every provider.
    """
    condition = {} if enable_if is None else {"enable-if": enable_if}
    return {
        "default-priorities": {"namespace": [*providers, *(static or {})]},
        "providers": {
            **{name: {**PROVIDERS[name], **condition} for name in providers},
            **{name: {"install-time": False} for name in static or {}},
        },
        "static-properties": static or {},
        "variants": variants,
    }


def nvidia(lower_bound: str, architectures: str = "") -> Mapping[str, Mapping[str, list[str]]]:
    """Return the properties of a CUDA variant."""
    features = {"cuda_version_lower_bound": [lower_bound]}
    if architectures:
        names = [name if "_" in name else f"{name}_real" for name in architectures.split()]
        features["sm_arch"] = names
    return {"nvidia": features}


def with_order(
    properties: Mapping[str, Mapping[str, list[str]]], order: str, feature: str = "order"
) -> Mapping[str, Mapping[str, list[str]]]:
    """Return the properties of a variant with a static priority."""
    return {**properties, "priority": {feature: [order]}}


def write_release(
    folder: Path,
    names: Iterable[str],
    metadata: Json,
    *,
    requires: Sequence[str] = (),
    hashed: bool = True,
) -> list[Listed]:
    """Write wheels of one version under these names, and its variants JSON; return all, JSON last.

    The page gives no hashes of them unless `hashed`.
    """
    wheels = [write_wheel(folder, name, requires=requires, variant_json=metadata) for name in names]
    project, version = wheels[0].name.split("-")[:2]
    variants_json = folder / f"{project}-{version}-variants.json"
    variants_json.write_bytes(dump(metadata))
    return [Listed(file, hashed=hashed) for file in (*wheels, variants_json)]


# T14: two labels with one lower bound differ by their architectures, then by a static priority.
# T12: architectures are listed by number. T15: no list has 89. T6: eight zeros are null.
_SHARED_BOUND = {
    "cuda12.6": with_order(nvidia("12.0", "50 60 70 75 80 86 90"), "3"),
    "cuda12.8": with_order(nvidia("12.0", "70 75 80 86 90 100 120"), "2"),
    "cuda13.0": with_order(nvidia("13.0", "75 80 86 90 100 120 120_virtual"), "1"),
    "null": {},
}
_ORDER = {"priority": {"order": ["1", "2", "3"]}}
TORCH: Mapping[str, Json] = {
    "2.8.0": document(
        {
            "00000000": {},
            "cu126": nvidia("12.0", "50 60 70 75 80 86 90"),
            "cu128": nvidia("12.8", "70 75 80 86 90 100 120"),
            "cu129": nvidia("12.9", "70 75 80 86 90 100 120 120_virtual"),
        }
    ),
    "2.9.0": document(_SHARED_BOUND, static=_ORDER),
    "2.10.0": document(
        {
            **_SHARED_BOUND,
            "rocm7.1": {"amd": {"gfx_arch": ["gfx1100", "gfx942"], "rocm_version": ["7.1"]}},
            "xpu": {"intel": {"device_ip": ["12.60.7", "20.1.0"]}},
        },
        ("nvidia", "intel", "amd"),
        _ORDER,
    ),
}

# T1: cuda12.8 of 2.10.0 has no wheel for Linux x86_64.
TORCH_LABELS = {
    "2.8.0": ("00000000", "cu126", "cu128", "cu129"),
    "2.9.0": ("cuda12.6", "cuda12.8", "cuda13.0", "null"),
    "2.10.0": ("cuda12.6", "cuda13.0", "null", "rocm7.1", "xpu"),
}


def torch_names(version: str, tag: str) -> Mapping[str, str]:
    """Return the label of each wheel of a version of torch, by its name."""
    return {f"torch-{version}-{tag}-{label}.whl": label for label in TORCH_LABELS[version]}


CUDA_VERSIONS = "11.8 12.5 12.6 12.8 12.9 13.0"
SM_VERSIONS = "5.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0"

# T14, T15, T1: the label of torch for 6 CUDA versions and 10 compute capabilities.
EXPECTED_LABELS = [
    # 2.8.0. Lower bounds: cu126 12.0, cu128 12.8, cu129 12.9. The highest bound that the driver
    # reaches is the best, as the provider lists newer versions first, also those of older majors
    # for 13.0. cu126 has 50, 60 and 70-90; cu128 and cu129 have 70-90, 100 and 120.
    # 11.8 reaches no bound:
    ("2.8.0", "11.8", SM_VERSIONS, "00000000"),
    # 12.5 and 12.6 reach that of cu126 alone, which has neither 100 nor 120 (and 10.0 and 12.0 do
    # not run code for 9.0, another major capability):
    ("2.8.0", "12.5 12.6", "5.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0", "cu126"),
    ("2.8.0", "12.5 12.6", "10.0 12.0", "00000000"),
    # 12.8: cu128 is better wherever it fits, hence not for 50 and 60 (6.1 runs 60):
    ("2.8.0", "12.8", "5.0 6.1", "cu126"),
    ("2.8.0", "12.8", "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cu128"),
    # 12.9 and 13.0: likewise cu129:
    ("2.8.0", "12.9 13.0", "5.0 6.1", "cu126"),
    ("2.8.0", "12.9 13.0", "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cu129"),
    # 2.9.0. Lower bounds: cuda12.6 and cuda12.8 12.0, cuda13.0 13.0. cuda12.6 has 50, 60, 70-90;
    # cuda12.8 70-90, 100, 120; cuda13.0 75-90, 100, 120.
    ("2.9.0", "11.8", SM_VERSIONS, "null"),
    # 12.x: equal bounds, so the architectures: 50 and 60 has cuda12.6 alone, 100 and 120 cuda12.8
    # alone. Between, the best architecture of both is the same (8.9 runs 86, which both have), and
    # the static priority decides: 2 comes before 3.
    ("2.9.0", "12.5 12.6 12.8 12.9", "5.0 6.1", "cuda12.6"),
    ("2.9.0", "12.5 12.6 12.8 12.9", "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cuda12.8"),
    # 13.0: cuda13.0 from 7.5 on, which has no 70; below it is as with 12.x:
    ("2.9.0", "13.0", "5.0 6.1", "cuda12.6"),
    ("2.9.0", "13.0", "7.0", "cuda12.8"),
    ("2.9.0", "13.0", "7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cuda13.0"),
    # 2.10.0: as 2.9.0, but cuda12.8 has no wheel for Linux x86_64 (T1): its machines get cuda12.6,
    # and 10.0 and 12.0 with a 12.x driver get null.
    ("2.10.0", "11.8", SM_VERSIONS, "null"),
    ("2.10.0", "12.5 12.6 12.8 12.9", "5.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0", "cuda12.6"),
    ("2.10.0", "12.5 12.6 12.8 12.9", "10.0 12.0", "null"),
    ("2.10.0", "13.0", "5.0 6.1 7.0", "cuda12.6"),
    ("2.10.0", "13.0", "7.5 8.0 8.6 8.9 9.0 10.0 12.0", "cuda13.0"),
]
CELLS = [
    (version, Machine(cuda, sm), label)
    for version, many_cuda, many_sm, label in EXPECTED_LABELS
    for cuda, sm in product(many_cuda.split(), many_sm.split())
]

REPRESENTATIVE = [
    ("2.8.0", Machine("12.5", "9.0"), "cu126"),
    ("2.8.0", Machine("12.8", "7.0"), "cu128"),
    ("2.8.0", Machine("12.9", "6.1"), "cu126"),
    ("2.8.0", Machine("13.0", "12.0"), "cu129"),
    ("2.9.0", Machine("11.8", "9.0"), "null"),
    ("2.9.0", Machine("12.6", "5.0"), "cuda12.6"),
    ("2.9.0", Machine("12.6", "7.0"), "cuda12.8"),
    ("2.9.0", Machine("13.0", "7.0"), "cuda12.8"),
    ("2.9.0", Machine("13.0", "7.5"), "cuda13.0"),
    ("2.10.0", Machine("12.9", "9.0"), "cuda12.6"),
    ("2.10.0", Machine("13.0", "6.1"), "cuda12.6"),
    ("2.10.0", Machine("13.0", "8.9"), "cuda13.0"),
]
