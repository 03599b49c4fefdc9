"""Machines that people have, as examples: what their built-in providers would report.

``pip variants check --as`` shows what each would take. This machine is not queried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pip_variants.core.machines import Machine, Python, linux, macos
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Namespace
from pip_variants.core.supported import SupportedProperties

from . import aarch64, amd, intel, nvidia, tpu, x86_64
from ._kfd import Gpu, GpuFacts
from .amd import AmdFacts, RocmFacts
from .cpu import CpuFacts
from .intel import IntelFacts
from .level_zero import DeviceIp
from .level_zero import Gpu as IntelGpu
from .nvidia import NvidiaFacts, Version
from .registry import BUILT_INS
from .resolve import NamespaceResolver, ProviderSettings, Target
from .result import ProviderResult
from .runner import Plugin, ProviderRunner
from .tpu import TpuFacts

_Results = dict[str | Plugin, ProviderResult]

_GLIBC = 39
_MACOS = 15


@dataclass(frozen=True, slots=True)
class Example:
    """A machine, and the results of all built-in providers on it."""

    machine: Machine
    results: _Results

    def supported(
        self, python: Python, namespaces: Sequence[Namespace], providers: Sequence[Provider]
    ) -> Mapping[Namespace, SupportedProperties]:
        """Return what the machine supports; no provider but these results counts."""
        runner = ProviderRunner({}, results=dict(self.results))
        target = Target(markers=self.machine.markers(python))
        resolver = NamespaceResolver(runner, ProviderSettings(), target)
        return resolver.supported(namespaces, providers)


def _nothing(reason: str) -> _Results:
    packages = ((item, known) for item in BUILT_INS for known in item.published)
    return {known.module or item.name: ProviderResult(reason=reason) for item, known in packages}


def _amd(gpus: GpuFacts, rocm: RocmFacts | None = None) -> _Results:
    """Return the results of both packages of AMD."""
    return {"amd": amd.detect(AmdFacts(gpus, rocm)), "rocm_bootstrap": amd.detect(AmdFacts(gpus))}


def _example(
    name: str,
    summary: str,
    platforms: tuple[str, ...],
    cpu_facts: CpuFacts,
    results: _Results | None = None,
) -> Example:
    """Return a machine on which all built-in providers find nothing but their ``results``."""
    found = _nothing("no such hardware")
    found["x86_64"] = x86_64.detect(cpu_facts)
    found["aarch64"] = aarch64.detect(cpu_facts)
    found["nvidia"] = nvidia.detect(NvidiaFacts())
    found.update(_amd(GpuFacts(problems=("no AMD GPU found",))))
    found["intel"] = intel.detect(IntelFacts(problem="no Intel GPU found"))
    found["tpu"] = tpu.detect(TpuFacts(problem="no TPU found"))
    return Example(Machine(name, summary, platforms), {**found, **(results or {})})


def _cuda(
    cuda: Version,
    capability: Version,
    gpu: str,
    *,
    platforms: tuple[str, ...] = linux("x86_64", _GLIBC),
    cpu_facts: CpuFacts | None = None,
    where: str = "",
) -> Example:
    name = f"cuda{cuda[0]}.{cuda[1]}-sm{capability[0]}{capability[1]}{where and f'-{where}'}"
    driver = nvidia.detect(NvidiaFacts(cuda, capability))
    summary = f"{gpu}, a driver with CUDA {cuda[0]}.{cuda[1]}"
    return _example(name, summary, platforms, cpu_facts or _PC, {"nvidia": driver})


def _rocm(version: Version, target: str, gpu: str) -> Example:
    found = _amd(GpuFacts((Gpu(target),)), RocmFacts(version))
    name = f"rocm{version[0]}.{version[1]}-{target}"
    summary = f"{gpu}, ROCm {version[0]}.{version[1]}"
    return _example(name, summary, _LINUX_PC, _PC, found)


def _xpu(ip: DeviceIp, gpu: str) -> Example:
    name = f"xpu-{ip[0]}.{ip[1]}.{ip[2]}"
    found = IntelFacts((IntelGpu(gpu, ip),))
    return _example(name, gpu, _LINUX_PC, _PC, {"intel": intel.detect(found)})


_PC = x86_64.facts_of_level("v3")
_LINUX_PC = linux("x86_64", _GLIBC)
_LINUX_ARM = linux("aarch64", _GLIBC)
_ARM_SERVER = aarch64.facts_of_version("8.4a")
_MAC = aarch64.facts_of_version("8.4a")

EXAMPLES = (
    _cuda((11, 8), (7, 0), "V100"),
    _cuda((12, 2), (8, 0), "A100"),
    _cuda((12, 4), (6, 1), "GeForce GTX 1080"),
    _cuda((12, 6), (7, 5), "T4"),
    _cuda((12, 6), (9, 0), "H100"),
    _cuda((12, 8), (6, 1), "GeForce GTX 1080"),
    _cuda((12, 8), (8, 9), "GeForce RTX 4090"),
    _cuda((12, 8), (12, 0), "GeForce RTX 5090"),
    _cuda((12, 9), (10, 0), "B200"),
    _cuda((13, 0), (7, 0), "V100"),
    _cuda((13, 0), (7, 5), "T4"),
    _cuda((13, 0), (9, 0), "H100"),
    _cuda((13, 1), (12, 0), "GeForce RTX 5090"),
    _cuda(
        (12, 8),
        (9, 0),
        "GH200, ARM",
        platforms=_LINUX_ARM,
        cpu_facts=_ARM_SERVER,
        where="arm",
    ),
    _cuda(
        (13, 0),
        (12, 1),
        "GB10, ARM",
        platforms=_LINUX_ARM,
        cpu_facts=_ARM_SERVER,
        where="arm",
    ),
    _cuda((12, 8), (8, 9), "GeForce RTX 4090, Windows", platforms=("win_amd64",), where="windows"),
    _rocm((6, 4), "gfx90a", "Instinct MI250X"),
    _rocm((7, 0), "gfx942", "Instinct MI300X"),
    _rocm((7, 1), "gfx950", "Instinct MI355X"),
    _rocm((7, 1), "gfx1100", "Radeon RX 7900 XTX"),
    _rocm((7, 1), "gfx1201", "Radeon RX 9070 XT"),
    _xpu((12, 55, 8), "Arc A770"),
    _xpu((20, 1, 0), "Arc B580"),
    _xpu((30, 0, 4), "Core Ultra 300, integrated"),
    _example("tpu", "TPU v6e", _LINUX_PC, _PC, {"tpu": tpu.detect(TpuFacts(("TPU v6e",)))}),
    _example("x86-v1", "PC, Linux", _LINUX_PC, x86_64.facts_of_level("v1")),
    _example("x86-v2", "PC, Linux", _LINUX_PC, x86_64.facts_of_level("v2")),
    _example("x86-v3", "PC, Linux", _LINUX_PC, x86_64.facts_of_level("v3")),
    _example("x86-v4", "PC, Linux", _LINUX_PC, x86_64.facts_of_level("v4")),
    _example("windows", "PC, Windows, x86-64-v3", ("win_amd64",), _PC),
    _example("arm-8a", "ARM, Linux", _LINUX_ARM, aarch64.facts_of_version("8a")),
    _example("arm-8.4a", "ARM, Linux", _LINUX_ARM, _ARM_SERVER),
    _example("arm-9.0a", "ARM, Linux", _LINUX_ARM, aarch64.facts_of_version("9.0a")),
    _example("mac", "Mac, Apple silicon", macos(_MACOS, "arm64"), _MAC),
    _example("mac-intel", "Mac, Intel", macos(_MACOS, "x86_64"), x86_64.facts_of_level("v3")),
    Example(
        Machine("none", "PC, Linux, nothing that a provider reports", _LINUX_PC),
        _nothing("nothing is reported"),
    ),
)
"""In the order in which they are shown."""
