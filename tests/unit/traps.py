"""The traps of published variants (T1 to T22), each as the smallest document that has it.

The facts are those of the indexes of 2025 and 2026; the documents are not copies of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pip_variants.core.selection import Selection, Wheel, needed_namespaces, select
from pip_variants.formats.reader import read
from pip_variants.providers.nvidia import FORCE_CUDA, FORCE_SM
from pip_variants.providers.resolve import NamespaceResolver, Target
from pip_variants.providers.runner import ProviderRunner
from tests.unit.cases import wheel

Json = dict[str, object]

NVIDIA = {
    "enable-if": "platform_system == 'Linux' or platform_system == 'Windows'",
    "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    "requires": ["nvidia-variant-provider>=0.0.2,<1.0.0"],
}
LINUX_X86_64 = {"platform_system": "Linux", "platform_machine": "x86_64"}
LINUX_AARCH64 = {"platform_system": "Linux", "platform_machine": "aarch64"}


def _cuda(lower_bound: str, *architectures: int, order: str | None = None) -> Json:
    """Return the properties of a variant for CUDA and these architectures."""
    features = {"cuda_version_lower_bound": [lower_bound]}
    if architectures:
        features["sm_arch"] = [f"{number}_real" for number in architectures]
    ranked = {} if order is None else {"priority": {"order": [order]}}
    return {"nvidia": features, **ranked}


# T1, T12, T14, T15: two variants with one lower bound; architectures and a static priority decide.
# The lists of values are not sorted, and 89 is in none.
TORCH: Json = {
    "default-priorities": {"namespace": ["nvidia", "priority"]},
    "providers": {"nvidia": NVIDIA, "priority": {"install-time": False}},
    "static-properties": {"priority": {"order": ["1", "2", "3"]}},
    "variants": {
        "cuda12.6": _cuda("12.0", 50, 60, 70, 75, 80, 86, 90, order="3"),
        "cuda12.8": _cuda("12.0", 70, 75, 80, 86, 90, 100, 120, order="2"),
        "cuda13.0": _cuda("13.0", 75, 80, 86, 90, 100, 120, order="1"),
        "null": {},
    },
}

# T4: the label for MKL has no wheel, and no other label uses x86_64.
NUMPY: Json = {
    "default-priorities": {"namespace": ["x86_64", "blas_lapack"]},
    "providers": {
        "x86_64": {"requires": ["provider-variant-x86-64"]},
        "blas_lapack": {"install-time": False, "requires": ["blas-lapack-variant-provider"]},
    },
    "static-properties": {"blas_lapack": {"provider": ["accelerate", "openblas", "mkl"]}},
    "variants": {
        "accelerate": {"blas_lapack": {"provider": ["accelerate"]}},
        "openblas": {"blas_lapack": {"provider": ["openblas"]}},
        "x8664v4_mkl": {"blas_lapack": {"provider": ["mkl"]}, "x86_64": {"level": ["v4"]}},
    },
}

# T6: a null variant with the label of the revisions before "null" was reserved.
NULL_OF_ZEROS: Json = {
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": NVIDIA},
    "variants": {"00000000": {}, "cu126": _cuda("12.6", 90)},
}

# T7: the variants use the feature `cuda`, the static values are of the feature `order`.
OTHER_FEATURE: Json = {
    "default-priorities": {"namespace": ["priority"]},
    "providers": {"priority": {"install-time": False}},
    "static-properties": {"priority": {"order": ["1", "2"]}},
    "variants": {"cuda12.6": {"priority": {"cuda": ["2"]}}, "null": {}},
}

# T9: nothing but the variants mentions abi_dependency or abi_other. T18: odd labels.
FLASH_ATTN: Json = {
    "default-priorities": {"namespace": ["nvidia"]},
    "providers": {"nvidia": NVIDIA},
    "variants": {
        "cu12_pyt2.8.0": {"abi_dependency": {"torch": ["2.8.0"]}, **_cuda("12.0")},
        "cu12_pyt2.9.0": {"abi_dependency": {"torch": ["2.9.0"]}, **_cuda("12.0")},
        "x8664vv4_iomp5": {"abi_other": {"torch": ["2.9.0"]}},
    },
}

# T13: one variant, no null variant. T16: its provider is disabled on a platform of its wheels.
CUBLAS: Json = {
    "default-priorities": {"feature": {}, "namespace": ["nvidia"], "property": {}},
    "providers": {
        "nvidia": {
            **NVIDIA,
            "enable-if": "platform_system == 'Linux' and platform_machine == 'x86_64'",
        }
    },
    "variants": {"cu12": _cuda("12.0")},
}

# T22: real forms of markers, with what each is for the variant cuda12.6 on Linux.
MARKERS: Mapping[str, bool] = {
    "triton; platform_system == 'Linux' and 'nvidia' in variant_namespaces": True,
    'triton; platform_system == "Linux" and "nvidia" in variant_namespaces': True,
    "triton-rocm; 'amd' in variant_namespaces": False,
    "nvidia-cublas==12.6.4.1; platform_system == 'Linux' and variant_label == 'cuda12.6'": True,
    'nvidia-cublas==12.8.4.1; platform_system == "Linux" and variant_label == "cuda12.8"': False,
    (
        "nvidia-nccl; platform_system == 'Linux' and"
        " 'nvidia :: cuda_version_lower_bound :: 12.0' in variant_properties"
    ): True,
    'torch==2.8.0; "abi_dependency :: torch :: 2.8.0" in variant_properties': False,
}


def wheels_of(labels: Sequence[str | None]) -> tuple[Wheel, ...]:
    """Return one wheel for each label; None is a plain wheel."""
    stem = "x-1.0-cp313-cp313-manylinux_2_28_x86_64"
    return tuple(
        wheel(f"{stem}.whl" if label is None else f"{stem}-{label}.whl", label, index)
        for index, label in enumerate(labels)
    )


def select_for(
    document: Json,
    labels: Sequence[str | None],
    cuda: str = "",
    capability: str = "",
    *,
    target: Mapping[str, str] = LINUX_X86_64,
    distributions: Mapping[str, str] | None = None,
) -> Selection:
    """Return the selection for a machine with this CUDA version and compute capability."""
    metadata = read(document)
    wheels = wheels_of(labels)
    runner = ProviderRunner({FORCE_CUDA: cuda, FORCE_SM: capability})
    resolver = NamespaceResolver(
        runner, target=Target(markers=target), distributions=lambda _: distributions or {}
    )
    namespaces = needed_namespaces(wheels, metadata)
    return select(wheels, metadata, resolver.supported(namespaces, metadata.providers))
