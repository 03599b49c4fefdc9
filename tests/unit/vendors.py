"""Machines of all vendors of GPUs, and the build of torch and others that each selects.

The labels are from the rules and the properties of the published builds, by hand. The documents
below have those properties; tests over the recorded indexes use the same table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Namespace
from pip_variants.core.selection import Selection, Wheel, select
from pip_variants.core.supported import SupportedProperties
from pip_variants.providers.resolve import NamespaceResolver, Target
from pip_variants.providers.runner import ProviderRunner

Json = dict[str, object]
Properties = Mapping[str, Mapping[str, list[str]]]

CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"
IP = "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP"
GFX = "AMD_VARIANT_PROVIDER_FORCE_GFX_ARCH"
ROCM = "AMD_VARIANT_PROVIDER_FORCE_ROCM_VERSION"
_VENDORS = {"NV": "nvidia", "INTEL": "intel", "AMD": "amd"}

LINUX, WINDOWS, ARM = ("Linux", "x86_64"), ("Windows", "AMD64"), ("Linux", "aarch64")


@dataclass(frozen=True, slots=True)
class Hardware:
    """A machine: the variables that force what its vendors' providers find, and its platform."""

    variables: Mapping[str, str]
    platform: tuple[str, str] = LINUX

    def select(self, wheels: Sequence[Wheel], metadata: VariantMetadata) -> Selection:
        """Return the selection among wheels; of vendors without variables there is no GPU."""
        here = {_VENDORS[name.partition("_")[0]] for name in self.variables}
        absent = {*_VENDORS.values()} - here
        system, machine = self.platform
        markers = {"platform_system": system, "platform_machine": machine}
        resolver = NamespaceResolver(ProviderRunner(self.variables), target=Target(markers=markers))
        namespaces = [ns for ns in metadata.priorities.namespaces if ns not in absent]
        found = resolver.supported(namespaces, metadata.providers)
        for name in absent:
            found[Namespace(name)] = SupportedProperties(Namespace(name), "built-in", reason="none")
        return select(wheels, metadata, found)


def _nvidia(cuda: str, sm: str) -> Mapping[str, str]:
    return {CUDA: cuda, SM: sm}


def _amd(gfx: str, rocm: str) -> Mapping[str, str]:
    return {GFX: gfx, ROCM: rocm}


def _intel(ip: str) -> Mapping[str, str]:
    return {IP: ip}


# The releases of the table: those of torch, of torchvision, and of CUDA's libraries.
RELEASES = (
    ("torch", "2.9.0"),
    ("torch", "2.10.0"),
    ("torchvision", "0.24.0"),
    ("torchvision", "0.25.0"),
    ("nvidia-cublas", "12.9.1.4"),
    ("nvidia-cublas", "13.2.1.1"),
    ("nvidia-cudnn", "9.17.1.4"),
)
# The label of each of those releases; `-`: no build fits.
EXPECTED: Mapping[str, tuple[Hardware, str]] = {
    # Without a GPU there is the null variant. CUDA's libraries have none (T13).
    "no GPU": (Hardware({}), "null null null null - - -"),
    # NVIDIA (T14). torch 2.10.0 has no cuda12.8 for Linux on x86_64 (T1).
    "GTX 1080": (
        Hardware(_nvidia("12.9", "6.1")),
        "cuda12.6 cuda12.6 cuda12.6 cuda12.6 cu12 - cu12",
    ),
    "V100": (Hardware(_nvidia("12.9", "7.0")), "cuda12.8 cuda12.6 cuda12.8 cuda12.8 cu12 - cu12"),
    "RTX 4090": (
        Hardware(_nvidia("12.8", "8.9")),
        "cuda12.8 cuda12.6 cuda12.8 cuda12.8 cu12 - cu12",
    ),
    "RTX 5090, driver of CUDA 12": (
        Hardware(_nvidia("12.8", "12.0")),
        "cuda12.8 null cuda12.8 cuda12.8 cu12 - cu12",
    ),
    "H100, driver of CUDA 13": (
        Hardware(_nvidia("13.0", "9.0")),
        "cuda13.0 cuda13.0 cuda13.0 cuda13.0 cu12 cu13 cu13",
    ),
    "T4, driver of CUDA 11": (Hardware(_nvidia("11.8", "7.5")), "null null null null - - -"),
    # cublas 12.9.1.4 disables its provider on ARM (T16).
    "GH200": (
        Hardware(_nvidia("13.0", "9.0"), ARM),
        "cuda13.0 cuda13.0 cuda13.0 cuda13.0 - cu13 cu13",
    ),
    # AMD: exactly the installed ROCm, and a target that is listed, gfx950 and gfx115x from 7.0 on.
    # torchvision 0.25.0 has neither rocm nor xpu (T4).
    "MI250, ROCm 6.4": (
        Hardware(_amd("gfx90a", "6.4.0")),
        "rocm6.4 null rocm6.4 null - - -",
    ),
    "MI300X, ROCm 7.1": (Hardware(_amd("gfx942", "7.1.0")), "null rocm7.1 null null - - -"),
    "MI355X, ROCm 7.0": (Hardware(_amd("gfx950", "7.0.2")), "null rocm7.0 null null - - -"),
    "MI355X, ROCm 6.4": (Hardware(_amd("gfx950", "6.4.0")), "null null null null - - -"),
    "RX 7900 XTX beside the GPU of a Ryzen, ROCm 6.3": (
        Hardware(_amd("gfx1100,gfx1036", "6.3.0")),
        "rocm6.3 null rocm6.3 null - - -",
    ),
    "Strix Halo, ROCm 7.1": (Hardware(_amd("gfx1151", "7.1.0")), "null rocm7.1 null null - - -"),
    "RX 6700 XT, ROCm 7.0": (Hardware(_amd("gfx1031", "7.0.0")), "null null null null - - -"),
    "RX 7900 XTX, ROCm 7.2": (Hardware(_amd("gfx1100", "7.2.0")), "null null null null - - -"),
    # Intel: a device IP that is listed, those of Panther Lake by 2.10.0 alone. xpu for Linux has
    # another tag than its siblings, and on Windows torchvision 0.25.0 has no wheel for 3.13.
    "Arc A770": (Hardware(_intel("12.55.8")), "xpu xpu xpu null - - -"),
    "Arc B580": (Hardware(_intel("20.1.0")), "xpu xpu xpu null - - -"),
    "Arc B580, Windows": (Hardware(_intel("20.1.0"), WINDOWS), "xpu xpu xpu - - - -"),
    "Data Center GPU Max 1550": (Hardware(_intel("12.60.7")), "xpu xpu xpu null - - -"),
    "Data Center GPU Max 1550VG": (Hardware(_intel("12.61.7")), "null null null null - - -"),
    "Panther Lake-H": (Hardware(_intel("30.0.4")), "null xpu null null - - -"),
    "Meteor Lake-U": (Hardware(_intel("12.70.4")), "null null null null - - -"),
    # Two vendors: the namespaces are in the order nvidia, intel, amd, so that a build for another
    # vendor is taken where none for the first fits.
    "RTX 4090 and Arc A770": (
        Hardware({**_nvidia("12.8", "8.9"), **_intel("12.55.8")}),
        "cuda12.8 cuda12.6 cuda12.8 cuda12.8 cu12 - cu12",
    ),
    "RTX 5090, driver of CUDA 12, and Arrow Lake-H": (
        Hardware({**_nvidia("12.8", "12.0"), **_intel("12.74.4")}),
        "cuda12.8 xpu cuda12.8 cuda12.8 cu12 - cu12",
    ),
    "T4, driver of CUDA 11, and MI300X, ROCm 7.1": (
        Hardware({**_nvidia("11.8", "7.5"), **_amd("gfx942", "7.1.0")}),
        "null rocm7.1 null null - - -",
    ),
    "Arc B580 and RX 7900 XTX, ROCm 7.1": (
        Hardware({**_intel("20.1.0"), **_amd("gfx1100", "7.1.0")}),
        "xpu xpu xpu null - - -",
    ),
    "Meteor Lake-U and RX 7900 XTX, ROCm 7.0": (
        Hardware({**_intel("12.70.4"), **_amd("gfx1100", "7.0.0")}),
        "null rocm7.0 null null - - -",
    ),
}
CELLS = [
    (name, project, version, label)
    for name, (_, labels) in EXPECTED.items()
    for (project, version), label in zip(RELEASES, labels.split(), strict=True)
]

_CUDA_BUILDS: Mapping[str, Properties] = {
    label: {
        "nvidia": {
            "cuda_version_lower_bound": [lower_bound],
            "sm_arch": [name if "_" in name else f"{name}_real" for name in architectures.split()],
        },
        "priority": {"order": [order]},
    }
    for label, lower_bound, architectures, order in (
        ("cuda12.6", "12.0", "50 60 70 75 80 86 90", "3"),
        ("cuda12.8", "12.0", "70 75 80 86 90 100 120", "2"),
        ("cuda13.0", "13.0", "75 80 86 90 100 120 120_virtual", "1"),
    )
}
_OLD_TARGETS = "gfx900 gfx906 gfx908 gfx90a gfx942 gfx1030 gfx1100 gfx1101 gfx1102 gfx1200 gfx1201"
_NEW_TARGETS = f"{_OLD_TARGETS} gfx950 gfx1150 gfx1151"
_OLD_IPS = "12.55.8 12.60.7 12.71.4 12.74.4 20.1.0 20.4.4"
_NEW_IPS = f"{_OLD_IPS} 30.0.4 30.1.0"


def _torch(rocm: str, targets: str, ips: str) -> Mapping[str, Properties]:
    """Return the variants of a release of torch, and of the torchvision that goes with it."""
    return {
        **_CUDA_BUILDS,
        **{
            f"rocm{version}": {"amd": {"gfx_arch": targets.split(), "rocm_version": [version]}}
            for version in rocm.split()
        },
        "xpu": {"intel": {"device_ip": ips.split()}},
        "null": {},
    }


def _library(*majors: str) -> Mapping[str, Properties]:
    """Return the variants of a release of one of CUDA's libraries."""
    return {
        f"cu{major}": {"nvidia": {"cuda_version_lower_bound": [f"{major}.0"]}} for major in majors
    }


_OLDER, _NEWER = (
    _torch("6.3 6.4", _OLD_TARGETS, _OLD_IPS),
    _torch("7.0 7.1", _NEW_TARGETS, _NEW_IPS),
)
VARIANTS: Mapping[tuple[str, str], Mapping[str, Properties]] = dict(
    zip(
        RELEASES,
        (_OLDER, _NEWER, _OLDER, _NEWER, _library("12"), _library("13"), _library("12", "13")),
        strict=True,
    )
)

_CUDA_LABELS = "null cuda12.6 cuda12.8 cuda13.0"
# The labels for which a release has wheels on a platform, if not all: T1, T4, and which platforms
# ROCm and XPU are for.
WITH_WHEELS: Mapping[tuple[str, str, tuple[str, str]], str] = {
    ("torch", "2.9.0", ARM): _CUDA_LABELS,
    ("torch", "2.9.0", WINDOWS): f"{_CUDA_LABELS} xpu",
    ("torch", "2.10.0", LINUX): "null cuda12.6 cuda13.0 rocm7.0 rocm7.1 xpu",
    ("torch", "2.10.0", ARM): _CUDA_LABELS,
    ("torch", "2.10.0", WINDOWS): f"{_CUDA_LABELS} xpu",
    ("torchvision", "0.24.0", ARM): _CUDA_LABELS,
    ("torchvision", "0.24.0", WINDOWS): f"{_CUDA_LABELS} xpu",
    ("torchvision", "0.25.0", LINUX): _CUDA_LABELS,
    ("torchvision", "0.25.0", ARM): _CUDA_LABELS,
    ("torchvision", "0.25.0", WINDOWS): "",
}
_PROVIDERS = {
    "nvidia": ("nvidia-variant-provider", "NvidiaVariantPlugin"),
    "intel": ("intel-variant-provider", "IntelVariantPlugin"),
    "amd": ("amd-variant-provider", "AMDVariantPlugin"),
}


def document(
    project: str, version: str, namespaces: Sequence[str] = ("nvidia", "intel", "amd", "priority")
) -> Json:
    """Return the metadata of a release; the order of the namespaces is the author's."""
    narrow = "platform_system == 'Linux' and platform_machine == 'x86_64'"
    condition = {"enable-if": narrow} if (project, version) == RELEASES[4] else {}
    return {
        "default-priorities": {"namespace": [*namespaces]},
        "providers": {
            **{
                name: {
                    "requires": [package],
                    "plugin-api": f"{package.replace('-', '_')}.plugin:{plugin}",
                    **condition,
                }
                for name, (package, plugin) in _PROVIDERS.items()
            },
            "priority": {"install-time": False},
        },
        "static-properties": {"priority": {"order": ["1", "2", "3"]}},
        "variants": VARIANTS[project, version],
    }
