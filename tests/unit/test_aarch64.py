"""The built-in aarch64 provider: versions of the architecture, names of the published one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_variants.providers import _macos, _windows, aarch64
from pip_variants.providers.aarch64 import ARCHITECTURE, detect, read_facts
from pip_variants.providers.cpu import CpuFacts
from tests.unit.machines import Machine, failing_reader, fake_linux, fake_system, recorded_machines
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
        return aarch64.flags_of_cpuinfo(machine.cpuinfo())
    if "sysctl" in machine.recorded:
        return aarch64.flags_of_sysctl(machine.sysctl())
    return aarch64.flags_of_windows(_present(machine))


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
def test_linux_reads_every_cpuinfo_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """The records of all cores are read, however many there are."""
    machine = MACHINES[name]
    fake_linux(monkeypatch, tmp_path, ARCHITECTURE, (machine.cpuinfo() + "\n") * 64)
    assert detect(read_facts()) == machine.expected_result("version")


def test_feature_missing_on_one_core_is_unsupported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A feature that one core of a hundred does not have is not supported."""
    text = MACHINES["graviton4"].cpuinfo() * 50 + "\nFeatures\t: fp asimd\n"
    fake_linux(monkeypatch, tmp_path, ARCHITECTURE, text)
    expected = result(("version", ("8a",)), ("asimd", ("on",)), ("fp", ("on",)))
    assert detect(read_facts()) == expected


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


UNREADABLE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\x00\xff\xfe" * 9999, id="binary"),
    pytest.param(b"processor\t: 0\nflags\t\t: fpu sse2\n\n", id="x86 host of an emulator"),
    pytest.param(b"Features\t:\n", id="no features"),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_cpuinfo_without_flags_supports_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: bytes
) -> None:
    """Without any flag nothing is supported, not even 8a."""
    fake_linux(monkeypatch, tmp_path, ARCHITECTURE, text)
    expected = result(reason="the operating system reports no aarch64 CPU flags")
    assert detect(read_facts()) == expected


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
