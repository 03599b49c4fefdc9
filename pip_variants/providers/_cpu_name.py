"""The name of this machine's CPU, for people: nothing is decided by it.

On Linux an x86_64 CPU is queried itself, because ``/proc/cpuinfo`` is the host's under emulation.
The file has the name as well, for where no code may be run that this process makes, and on aarch64
numbers for it (Arm's MIDR_EL1). That of a host of another architecture has neither.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from . import _cpuid

CPUINFO = Path("/proc/cpuinfo")

_BLOCK = 1 << 12
_BRAND = "machdep.cpu.brand_string"
_WINDOWS_KEY = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"

# By implementer and part number (Linux, asm/cputype.h; Arm's reference manuals).
_PARTS = {
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35",
    ("0x41", "0xd05"): "Cortex-A55",
    ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd09"): "Cortex-A73",
    ("0x41", "0xd0a"): "Cortex-A75",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse-N1",
    ("0x41", "0xd0d"): "Cortex-A77",
    ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd41"): "Cortex-A78",
    ("0x41", "0xd42"): "Cortex-A78AE",
    ("0x41", "0xd44"): "Cortex-X1",
    ("0x41", "0xd47"): "Cortex-A710",
    ("0x41", "0xd49"): "Neoverse-N2",
    ("0x41", "0xd4f"): "Neoverse-V2",
    ("0x41", "0xd83"): "Neoverse-V3AE",
    ("0x41", "0xd84"): "Neoverse-V3",
    ("0x41", "0xd8e"): "Neoverse-N3",
    ("0x43", "0x0af"): "Cavium ThunderX2",
    ("0x46", "0x001"): "Fujitsu A64FX",
    ("0x48", "0xd01"): "HiSilicon Kunpeng 920",
    ("0x4e", "0x004"): "NVIDIA Carmel",
    ("0x51", "0x001"): "Qualcomm Oryon",
    ("0xc0", "0xac3"): "AmpereOne",
    ("0xc0", "0xac4"): "AmpereOne A",
}
_IMPLEMENTERS = {"0x61": "Apple"}


def read(architecture: str) -> str:
    """Return the CPU's name, or an empty string if it is unknown; nothing is raised."""
    reader = {"linux": _read_linux, "darwin": _read_macos, "win32": _read_windows}
    try:
        return reader[sys.platform](architecture)
    # A system that is none of these, and a Python without ctypes or winreg.
    except (LookupError, OSError, ImportError, AttributeError, ValueError):
        return ""


def of_cpuinfo(architecture: str, text: str) -> str:
    """Return the name in a text of ``/proc/cpuinfo``, of each kind of core on aarch64."""
    if architecture == "x86_64":
        return next(filter(None, (each.get("model name") for each in _records(text))), "")
    found = dict.fromkeys(map(_arm_name, _records(text)))
    return " and ".join(filter(None, found))


def _arm_name(record: Mapping[str, str]) -> str:
    implementer, part = record.get("CPU implementer", ""), record.get("CPU part", "")
    name = _PARTS.get((implementer, part)) or _IMPLEMENTERS.get(implementer)
    # A hypervisor can hide both, and reports zeros.
    if name is None and implementer.strip("0x") and part:
        name = f"CPU of implementer {implementer}, part {part}"
    return name or ""


def _records(text: str) -> list[dict[str, str]]:
    """Return each record of ``/proc/cpuinfo``, without the last line if that is not whole."""
    whole = text.rpartition("\n")[0]
    lines = ([line.partition(":") for line in each.splitlines()] for each in whole.split("\n\n"))
    return [{name.strip(): value.strip() for name, _, value in record} for record in lines]


def _read_linux(architecture: str) -> str:
    if architecture == "x86_64":
        with suppress(OSError, ImportError, AttributeError):
            from . import _linux  # imports ctypes

            if name := _cpuid.brand(_linux.cpuid(_cpuid.BRAND)):
                return name
    with CPUINFO.open("rb", buffering=0) as file:
        return of_cpuinfo(architecture, file.read(_BLOCK).decode("utf-8", "replace"))


def _read_macos(_: str) -> str:
    from . import _macos  # imports ctypes

    return _macos.sysctl((_BRAND,)).get(_BRAND, "")


def _read_windows(_: str) -> str:
    if sys.platform != "win32":
        return ""
    import winreg

    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _WINDOWS_KEY) as key:
        return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
