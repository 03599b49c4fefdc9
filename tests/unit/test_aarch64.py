"""The built-in aarch64 provider: versions of the architecture, names of the published one."""

from __future__ import annotations

import os
import sys
from ctypes import c_ulong

import pytest

from pip_variants.providers import _linux, _macos, _windows, aarch64
from pip_variants.providers.aarch64 import ARCHITECTURE, detect, read_facts
from pip_variants.providers.cpu import CpuFacts
from tests.unit.machines import Machine, failing_reader, fake_system, recorded_machines
from tests.unit.provider_cases import result

MACHINES = recorded_machines(ARCHITECTURE, "version")
LINUX = [name for name, found in MACHINES.items() if "cpuinfo" in found.recorded]
MACOS = [name for name, found in MACHINES.items() if "sysctl" in found.recorded]
WINDOWS = [name for name, found in MACHINES.items() if "present" in found.recorded]

VERSIONS = ("9.0a", "8.5a", "8.4a", "8.3a", "8.2a", "8.1a", "8a")
# The instructions that a version of the Arm architecture makes mandatory, by their names there.
ARM = {
    "8.1a": "FEAT_LSE FEAT_RDM FEAT_CRC32",
    "8.2a": "FEAT_DPB",
    "8.3a": "FEAT_FCMA FEAT_JSCVT FEAT_LRCPC",
    "8.4a": "FEAT_DotProd FEAT_FlagM FEAT_LRCPC2 FEAT_LSE2",
    "8.5a": "FEAT_BTI FEAT_DPB2 FEAT_FlagM2 FEAT_FRINTTS FEAT_SB",
    "9.0a": "FEAT_SVE2",
}
LINUX_NAMES = {
    "FEAT_BTI": "bti",
    "FEAT_CRC32": "crc32",
    "FEAT_DPB": "dcpop",
    "FEAT_DPB2": "dcpodp",
    "FEAT_DotProd": "asimddp",
    "FEAT_FCMA": "fcma",
    "FEAT_FRINTTS": "frint",
    "FEAT_FlagM": "flagm",
    "FEAT_FlagM2": "flagm2",
    "FEAT_JSCVT": "jscvt",
    "FEAT_LRCPC": "lrcpc",
    "FEAT_LRCPC2": "ilrcpc",
    "FEAT_LSE": "atomics",
    "FEAT_LSE2": "uscat",
    "FEAT_RDM": "asimdrdm",
    "FEAT_SB": "sb",
    "FEAT_SVE2": "sve2",
}
NEEDED = {
    version: frozenset(LINUX_NAMES[word] for word in words.split())
    for version, words in ARM.items()
}
ALL = frozenset(LINUX_NAMES.values())


def _present(machine: Machine) -> list[int]:
    found = machine.recorded["present"]
    assert isinstance(found, list)
    return found


def _flags(machine: Machine) -> frozenset[str]:
    if "cpuinfo" in machine.recorded:
        return aarch64.flags_of_hwcap(_hwcap(machine.features()))
    if "sysctl" in machine.recorded:
        return aarch64.flags_of_sysctl(machine.sysctl())
    return aarch64.flags_of_windows(_present(machine))


# The bits that Linux documents for what the provider reports (uapi/asm/hwcap.h).
HWCAP = {
    "fp": 0, "asimd": 1, "evtstrm": 2, "aes": 3, "pmull": 4, "sha1": 5, "sha2": 6, "crc32": 7,
    "atomics": 8, "fphp": 9, "asimdhp": 10, "cpuid": 11, "asimdrdm": 12, "jscvt": 13, "fcma": 14,
    "lrcpc": 15, "dcpop": 16, "sha3": 17, "asimddp": 20, "sha512": 21, "sve": 22, "asimdfhm": 23,
    "dit": 24, "uscat": 25, "ilrcpc": 26, "flagm": 27, "ssbs": 28, "sb": 29, "paca": 30, "pacg": 31,
}  # fmt: skip
HWCAP2 = {
    "dcpodp": 0, "sve2": 1, "flagm2": 7, "frint": 8, "svei8mm": 9, "svebf16": 12, "i8mm": 13,
    "bf16": 14, "dgh": 15, "rng": 16, "bti": 17, "ecv": 19,
}  # fmt: skip


def _hwcap(flags: frozenset[str]) -> tuple[int, int]:
    """Return AT_HWCAP and AT_HWCAP2 of a machine with these flags."""
    first, second = (
        sum(1 << bit for name, bit in bits.items() if name in flags) for bits in (HWCAP, HWCAP2)
    )
    return first, second


def _fake_linux(monkeypatch: pytest.MonkeyPatch, words: tuple[int, int]) -> None:
    """Make this machine a Linux whose kernel reports these two words."""
    fake_system(monkeypatch, ARCHITECTURE, "linux")
    values = {16: words[0], 26: words[1]}
    monkeypatch.setattr(
        _linux, "auxiliary_values", lambda types: tuple(values[number] for number in types)
    )


def _versions(flags: frozenset[str]) -> tuple[str, ...]:
    name, values = detect(CpuFacts(ARCHITECTURE, flags)).features[0]
    assert name == "version"
    return values


@pytest.mark.parametrize("name", MACHINES)
def test_recorded_machine_has_documented_features(name: str) -> None:
    """Each recorded machine supports what the documentation of its CPU and system states."""
    machine = MACHINES[name]
    assert detect(CpuFacts(ARCHITECTURE, _flags(machine))) == machine.expected_result("version")


def test_all_systems_and_versions_are_recorded() -> None:
    """All three systems and all versions are among the recorded machines."""
    assert [len(LINUX), len(MACOS), len(WINDOWS)] == [20, 5, 5]
    assert {machine.levels[0] for machine in MACHINES.values()} == {*VERSIONS}


@pytest.mark.parametrize("missing", sorted(ALL - {"bti"}))
def test_version_needs_each_mandatory_instruction(missing: str) -> None:
    """Without one of its instructions neither a version nor a later one is supported."""
    assert _versions(ALL) == VERSIONS
    lost = next(version for version, names in NEEDED.items() if missing in names)
    assert _versions(ALL - {missing}) == VERSIONS[VERSIONS.index(lost) + 1 :]


def test_missing_bti_lowers_8_5_but_not_9_0() -> None:
    """8.5 needs BTI; a 9.0 machine has it even if its kernel does not report it."""
    assert _versions(ALL - {"bti", "sve2"}) == VERSIONS[2:]
    assert _versions(ALL - {"bti"}) == VERSIONS
    assert "bti" not in dict(detect(CpuFacts(ARCHITECTURE, ALL - {"bti"})).features)


def test_flags_without_a_feature_are_ignored() -> None:
    """A flag that the published provider does not know is not a feature."""
    facts = CpuFacts(ARCHITECTURE, frozenset({"sm3", "svebitperm"}))
    assert detect(facts) == result(("version", ("8a",)))


@pytest.mark.parametrize("name", LINUX)
def test_linux_facts_are_those_of_the_kernel(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What the kernel reports to the process counts, whatever /proc/cpuinfo lists."""
    machine = MACHINES[name]
    _fake_linux(monkeypatch, _hwcap(machine.features()))
    assert detect(read_facts()) == machine.expected_result("version")


def test_every_bit_has_the_name_of_cpuinfo() -> None:
    """Each feature that the provider reports has its own bit, and unknown bits are ignored."""
    known = {**HWCAP, **HWCAP2}
    assert set(known) == set(aarch64._ORDER)
    for name in known:
        assert aarch64.flags_of_hwcap(_hwcap(frozenset([name]))) == {name}
    assert set(known) <= aarch64.flags_of_hwcap((2**64 - 1, 2**64 - 1))


class _Library:
    """A C library with the auxiliary vector of a process."""

    class Getauxval:
        restype: object = None
        argtypes: object = None

        def __call__(self, number: int) -> int:
            return {16: 2**63 + 3, 26: 2}.get(number, 0)

    getauxval = Getauxval()


def test_auxiliary_values_are_unsigned_words() -> None:
    """A value that the kernel does not know is 0."""
    library = _Library()
    types = (_linux.AT_HWCAP, _linux.AT_HWCAP2, 99)
    assert _linux.auxiliary_values(types, library) == (2**63 + 3, 2, 0)
    assert (library.getauxval.restype, library.getauxval.argtypes) == (c_ulong, [c_ulong])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has an auxiliary vector")
def test_auxiliary_values_of_this_process_are_readable() -> None:
    """The size of a page is in the same vector (AT_PAGESZ)."""
    assert _linux.auxiliary_values((6,)) == (os.sysconf("SC_PAGESIZE"),)


@pytest.mark.parametrize("name", MACOS)
def test_macos_facts_are_read_by_sysctl(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """On macOS the features come from the values of sysctl."""
    machine = MACHINES[name]

    def sysctl(names: tuple[str, ...]) -> dict[str, str]:
        return {key: value for key, value in machine.sysctl().items() if key in names}

    fake_system(monkeypatch, ARCHITECTURE, "darwin")
    monkeypatch.setattr(_macos, "sysctl", sysctl)
    assert detect(read_facts()) == machine.expected_result("version")


@pytest.mark.parametrize("name", MACOS)
def test_features_of_every_mac_are_never_denied(name: str) -> None:
    """No recorded Mac denies an instruction set that is assumed for all of them."""
    apple = {
        "FEAT_AES": "aes",
        "FEAT_DIT": "dit",
        "FEAT_FHM": "asimdfhm",
        "FEAT_FP16": "fphp",
        "FEAT_PAuth": "paca",
        "FEAT_PMULL": "pmull",
        "FEAT_SHA1": "sha1",
        "FEAT_SHA256": "sha2",
        "FEAT_SHA3": "sha3",
        "FEAT_SHA512": "sha512",
        **LINUX_NAMES,
    }
    denied = {
        flag
        for feature, flag in apple.items()
        if MACHINES[name].sysctl().get(f"hw.optional.arm.{feature}") == "0"
    }
    assert denied & aarch64._EVERY_MAC == set()


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_facts_are_read_feature_by_feature(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """On Windows each instruction set that has a number is queried."""
    machine = MACHINES[name]

    class Kernel:
        @staticmethod
        def IsProcessorFeaturePresent(number: int) -> int:  # noqa: N802 - Windows' name
            return number in _present(machine)

    fake_system(monkeypatch, ARCHITECTURE, "win32")
    monkeypatch.setattr(_windows, "_kernel", Kernel)
    assert detect(read_facts()) == machine.expected_result("version")


def test_kernel_that_reports_no_flags_supports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any flag nothing is supported, not even 8a."""
    _fake_linux(monkeypatch, (0, 0))
    expected = result(reason="the operating system reports no aarch64 CPU flags")
    assert detect(read_facts()) == expected


@pytest.mark.parametrize("error", [AttributeError("getauxval"), OSError("no library")])
def test_c_library_without_the_function_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """An exception of the C library becomes a reason."""

    def read(_: object) -> tuple[int, ...]:
        raise error

    fake_system(monkeypatch, ARCHITECTURE, "linux")
    monkeypatch.setattr(_linux, "auxiliary_values", read)
    reason = f"the CPU flags could not be read: {error}"
    assert detect(read_facts()) == result(reason=reason)


def test_mac_without_sysctl_values_supports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any value of sysctl no instruction set is assumed."""
    fake_system(monkeypatch, ARCHITECTURE, "darwin")
    monkeypatch.setattr(_macos, "sysctl", lambda _: {})
    expected = result(reason="the operating system reports no aarch64 CPU flags")
    assert detect(read_facts()) == expected


@pytest.mark.parametrize(
    ("architecture", "system", "bits", "reason"),
    [
        ("x86_64", "linux", 64, "this is an x86_64 machine"),
        ("armv7l", "linux", 32, "this is an armv7l machine"),
        ("riscv64", "linux", 64, "this is a riscv64 machine"),
        ("aarch64", "linux", 32, "this is a 32-bit Python on an aarch64 machine"),
        ("aarch64", "openbsd7", 64, "reading the CPU flags is not supported on openbsd7"),
    ],
)
def test_other_architecture_or_system_is_not_queried(
    monkeypatch: pytest.MonkeyPatch, architecture: str, system: str, bits: int, reason: str
) -> None:
    """On another architecture, in a 32-bit Python or on an unknown system nothing is read."""
    fake_system(monkeypatch, architecture, system, bits=bits)
    for name in ("_read_linux", "_read_macos", "_read_windows"):
        monkeypatch.setattr(aarch64, name, failing_reader(AssertionError("the CPU was queried")))
    assert detect(read_facts()) == result(reason=reason)
