"""The lines for people about the hardware that each provider found, forced ones named as forced."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pip_variants.core.properties import ordered_features
from pip_variants.providers import (
    _cpu_name,
    _cpuid,
    _linux,
    _macos,
    aarch64,
    cpu,
    nvidia,
    nvml,
    x86_64,
)
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.nvidia import FORCE_CUDA, FORCE_SM
from pip_variants.providers.nvml import DriverFacts
from pip_variants.providers.result import ProviderResult
from tests.unit.machines import fake_system, recorded_machines

RTX, GTX, H100 = "NVIDIA GeForce RTX 3090", "NVIDIA GeForce GTX 1080", "NVIDIA H100 80GB HBM3"
LOST = "GPU 1 cannot be read: GPU is lost"
MIXED = DriverFacts((12, 6), ((8, 6), (6, 1)), driver="560.35.03", names=(RTX, GTX))
MIXED_LINES = (
    "driver 560.35.03 with CUDA 12.6",
    f"{RTX}, compute capability 8.6",
    f"{GTX}, compute capability 6.1",
)
CUDA_LINE = f"CUDA 12.9, forced by {FORCE_CUDA}"
SM_LINE = f"compute capability 7.5, forced by {FORCE_SM}"

# What the driver reports, what the user forces, and the lines.
NVIDIA: dict[str, tuple[DriverFacts, dict[str, str], tuple[str, ...]]] = {
    "two GPUs": (MIXED, {}, MIXED_LINES),
    "no names": (
        DriverFacts((12, 6), ((8, 6),)),
        {},
        ("driver with CUDA 12.6", "GPU, compute capability 8.6"),
    ),
    "one name of two": (
        DriverFacts((12, 6), ((8, 6), (6, 1)), names=("", GTX)),
        {},
        ("driver with CUDA 12.6", "GPU, compute capability 8.6", MIXED_LINES[2]),
    ),
    "one lost": (
        DriverFacts((12, 8), ((9, 0),), driver="570.1", names=(H100,), unread=(LOST,)),
        {},
        ("driver 570.1 with CUDA 12.8", f"{H100}, compute capability 9.0", LOST),
    ),
    "all lost": (
        DriverFacts((12, 8), problem=LOST, driver="570.1", unread=(LOST,)),
        {},
        ("driver 570.1 with CUDA 12.8", LOST),
    ),
    "container without devices": (DriverFacts((12, 4)), {}, ("driver with CUDA 12.4",)),
    "no driver": (DriverFacts(problem="no NVIDIA driver found"), {}, ()),
    "CUDA forced": (MIXED, {FORCE_CUDA: "12.9"}, (CUDA_LINE, *MIXED_LINES)),
    "capability forced": (MIXED, {FORCE_SM: "7.5"}, (SM_LINE, *MIXED_LINES)),
    "both forced": (MIXED, {FORCE_CUDA: "12.9", FORCE_SM: "7.5"}, (CUDA_LINE, SM_LINE)),
}


@pytest.mark.parametrize(("found", "environ", "lines"), NVIDIA.values(), ids=NVIDIA)
def test_nvidia_names_driver_gpus_and_forced_values(
    monkeypatch: pytest.MonkeyPatch,
    found: DriverFacts,
    environ: dict[str, str],
    lines: tuple[str, ...],
) -> None:
    """With both forced the driver is not queried, and nothing else is known."""
    monkeypatch.setattr(nvml, "query", lambda: found)
    assert nvidia.query(environ, None).hardware == lines


def test_age_of_kept_facts_is_that_of_the_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever the driver supports, also a version that is out of range."""
    monkeypatch.setattr(nvml, "query", lambda: DriverFacts((10, 2), ((6, 0),)))
    assert nvidia.query({}, tmp_path).age is None
    kept = nvidia.query({}, tmp_path)
    assert kept.age is not None
    assert kept.hardware == ("driver with CUDA 10.2", "GPU, compute capability 6.0")


# Recorded machines, and the names of their CPUs.
X86_64 = {
    "amd-zen5": "AMD Ryzen 9 9950X 16-Core Processor",
    "intel-core2": "Intel(R) Core(TM)2 Duo CPU     E8500  @ 3.16GHz",
    "intel-haswell": "Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz",
    "vm-qemu64": "QEMU Virtual CPU version 2.5+",
    "vm-westmere": "Westmere E56xx/L56xx/X56xx (Nehalem-C)",
}
AARCH64 = {
    "a64fx": "Fujitsu A64FX",
    "ampere-altra": "Neoverse-N1",
    "ampereone": "AmpereOne",
    "cores-that-differ": "Cortex-A53 and Cortex-A76",
    "docker-on-m1": "",
    "grace": "Neoverse-V2",
    "graviton": "Cortex-A72",
    "graviton2": "Neoverse-N1",
    "graviton3": "Neoverse-V1",
    "graviton4": "Neoverse-V2",
    "linux-m1": "Apple",
    "neoverse-n2-masked": "Neoverse-N2",
    "neoverse-v3ae": "Neoverse-V3AE",
    "raspberry-pi-3": "Cortex-A53",
    "raspberry-pi-4": "Cortex-A72",
    "raspberry-pi-5": "Cortex-A76",
    "rk3588": "Cortex-A55 and Cortex-A76",
    "thunderx2": "Cavium ThunderX2",
}
CASES = [
    *(("x86_64", "level", machine, name) for machine, name in X86_64.items()),
    *(("aarch64", "version", machine, name) for machine, name in AARCH64.items()),
]


@pytest.mark.parametrize(("architecture", "feature", "machine", "name"), CASES)
def test_recorded_linux_has_the_name_of_its_cpu(
    architecture: str, feature: str, machine: str, name: str
) -> None:
    """Each kind of core is named once; a virtual machine may hide it."""
    text = recorded_machines(architecture, feature)[machine].cpuinfo()
    assert _cpu_name.of_cpuinfo(architecture, text) == name


XEON = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu\n\n"
ARM = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: {}\n\n"
# An architecture, a text of /proc/cpuinfo, and the name in it.
TEXTS = {
    "emulated on another machine": ("aarch64", XEON, ""),
    "x86_64 emulated on ARM": ("x86_64", ARM.format("0xd0c"), ""),
    "unknown part": ("aarch64", ARM.format("0xfff"), "CPU of implementer 0x41, part 0xfff"),
    "cut off": (
        "aarch64",
        f"{ARM.format('0xd0c')}CPU implementer\t: 0x41\nCPU part\t: 0xd",
        "Neoverse-N1",
    ),
    "empty name": ("x86_64", "model name\t:\n\n", ""),
    "empty": ("x86_64", "", ""),
    "words": ("aarch64", "no\nrecords\n", ""),
}


@pytest.mark.parametrize(("architecture", "text", "name"), TEXTS.values(), ids=TEXTS)
def test_file_of_another_machine_names_nothing(architecture: str, text: str, name: str) -> None:
    """Only what is certain is named."""
    assert _cpu_name.of_cpuinfo(architecture, text) == name


def _leaves(text: bytes, highest: int = 0x8000_0008) -> dict[_cpuid.Leaf, _cpuid.Registers]:
    words = struct.unpack("<12I", text.ljust(48, b"\0"))
    found = {(0x8000_0002 + i, 0): words[4 * i : 4 * i + 4] for i in range(3)}
    return {(0x8000_0000, 0): (highest, 0, 0, 0), **found}


# What the CPU has in its three leaves, the number of the last one, and the name.
BRANDS = {
    "usual": (
        b"AMD EPYC 9654 96-Core Processor                ",
        0x8000_0008,
        "AMD EPYC 9654 96-Core Processor",
    ),
    "in front": (
        b"         Intel(R) Xeon(R) CPU X5570 @ 2.93GHz",
        0x8000_0008,
        "Intel(R) Xeon(R) CPU X5570 @ 2.93GHz",
    ),
    "full": (b"x" * 48, 0x8000_0008, "x" * 48),
    "none": (b"garbage", 0x8000_0001, ""),
    "empty": (b"", 0x8000_0008, ""),
}


@pytest.mark.parametrize(("text", "highest", "name"), BRANDS.values(), ids=BRANDS)
def test_x86_64_cpu_has_a_name_for_itself(text: bytes, highest: int, name: str) -> None:
    """It may have spaces around it and a null behind."""
    assert _cpuid.brand(_leaves(text, highest)) == name


def test_emulated_cpu_is_named_and_not_its_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the CPU cannot be queried the file counts, which may be the host's."""
    monkeypatch.setattr(_cpu_name, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(_cpu_name.sys, "platform", "linux")  # type: ignore[attr-defined]
    (tmp_path / "cpuinfo").write_text(XEON)

    def forbidden(_: object) -> dict[_cpuid.Leaf, _cpuid.Registers]:
        raise OSError(13, "Permission denied")

    queries = (lambda _: _leaves(b"QEMU Virtual CPU"), lambda _: _leaves(b""), forbidden)
    names = []
    for query in queries:
        monkeypatch.setattr(_linux, "cpuid", query)
        names.append(_cpu_name.read("x86_64"))
    assert names == ["QEMU Virtual CPU", "Intel(R) Xeon(R)", "Intel(R) Xeon(R)"]


def _sysctl(_: object) -> dict[str, str]:
    return {"machdep.cpu.brand_string": "Apple M2 Pro"}


class Registry(SimpleNamespace):
    """The registry of Windows with one key."""

    HKEY_LOCAL_MACHINE = 2

    @staticmethod
    def OpenKey(root: int, name: str) -> io.StringIO:  # noqa: N802 - as winreg has it
        """Return the key."""
        assert (root, name) == (2, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0")
        return io.StringIO()

    @staticmethod
    def QueryValueEx(_: object, name: str) -> tuple[str, int]:  # noqa: N802
        """Return the value and its type."""
        assert name == "ProcessorNameString"
        return "Snapdragon(R) X Elite", 1


def test_macos_and_windows_name_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """By sysctl and the registry, on both architectures."""
    monkeypatch.setattr(_macos, "sysctl", _sysctl)
    monkeypatch.setitem(sys.modules, "winreg", Registry())
    for system, name in (("darwin", "Apple M2 Pro"), ("win32", "Snapdragon(R) X Elite")):
        monkeypatch.setattr(_cpu_name.sys, "platform", system)  # type: ignore[attr-defined]
        assert _cpu_name.read("aarch64") == name


@pytest.mark.parametrize("system", ["linux", "win32", "freebsd14"])
def test_name_that_cannot_be_read_is_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str
) -> None:
    """A line for people is no reason to fail."""
    monkeypatch.setattr(_cpu_name, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(_linux, "cpuid", lambda _: _leaves(b""))
    monkeypatch.setitem(sys.modules, "winreg", None)
    monkeypatch.setattr(_cpu_name.sys, "platform", system)  # type: ignore[attr-defined]
    assert _cpu_name.read("x86_64") == ""


V3 = ProviderResult(ordered_features([("level", ("v3", "v2", "v1")), ("avx", ("on",))]))
# What the CPU is named, and the line about it.
LINES = {
    "usual": ("AMD EPYC  9654 ", "AMD EPYC 9654, level v3"),
    "unknown": ("", "CPU of unknown name, level v3"),
    "hostile": ("AMD\x1b[2J", r"'AMD\x1b[2J', level v3"),
    "long": ("A" * 999, f"{'A' * 200}..., level v3"),
}


@pytest.mark.parametrize(("name", "line"), LINES.values(), ids=LINES)
def test_cpu_is_one_line_with_its_level(
    monkeypatch: pytest.MonkeyPatch, name: str, line: str
) -> None:
    """The properties of the result are as before."""
    monkeypatch.setattr(_cpu_name, "read", lambda _: name)
    found = cpu.with_hardware(V3)
    assert (found, found.hardware) == (V3, (line,))


def test_cpu_of_another_architecture_has_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says which one this is."""
    fake_system(monkeypatch, "aarch64", "linux")
    monkeypatch.setattr(_cpu_name, "CPUINFO", Path("/dev/null"))
    assert x86_64.query({}, None).hardware == ()
    found = aarch64.detect(CpuFacts("aarch64", frozenset({"fp"})))
    assert cpu.with_hardware(found).hardware == ("CPU of unknown name, version 8a",)
