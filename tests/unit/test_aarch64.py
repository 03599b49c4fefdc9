"""The built-in aarch64 provider: versions of the architecture, names of the published one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_variants.providers import _macos, _windows, aarch64
from pip_variants.providers.aarch64 import ARCHITECTURE, detect, read_facts
from pip_variants.providers.cpu import Facts
from pip_variants.providers.detected import Detected
from tests.unit.machines import Machine, failing, machines, on_linux, pretend

MACHINES = machines(ARCHITECTURE, "version")
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
        return aarch64.flags_of_cpuinfo(machine.lines())
    if "sysctl" in machine.recorded:
        return aarch64.flags_of_sysctl(machine.sysctl())
    return aarch64.flags_of_windows(_present(machine))


def _versions(flags: frozenset[str]) -> tuple[str, ...]:
    name, values = detect(Facts(ARCHITECTURE, flags)).features[0]
    assert name == "version"
    return values


@pytest.mark.parametrize("name", MACHINES)
def test_recorded_machines(name: str) -> None:
    """Each recorded machine supports what the documents of its CPU and its system say."""
    machine = MACHINES[name]
    assert detect(Facts(ARCHITECTURE, _flags(machine))) == machine.supports("version")


def test_every_kind_of_machine_is_recorded() -> None:
    """All three systems and all versions are among the recorded machines."""
    assert [len(LINUX), len(MACOS), len(WINDOWS)] == [20, 5, 5]
    assert {machine.reached[0] for machine in MACHINES.values()} == {*VERSIONS}


@pytest.mark.parametrize("missing", sorted(ALL - {"bti"}))
def test_a_version_needs_all_that_it_makes_mandatory(missing: str) -> None:
    """Without one of its instructions there is neither the version nor a later one."""
    assert _versions(ALL) == VERSIONS
    lost = next(version for version, names in NEEDED.items() if missing in names)
    assert _versions(ALL - {missing}) == VERSIONS[VERSIONS.index(lost) + 1 :]


def test_bti_tells_8_4_from_8_5_but_not_from_9() -> None:
    """The M1 has all of 8.5 but BTI; a 9.0 machine has it, even if its kernel is without."""
    assert _versions(ALL - {"bti", "sve2"}) == VERSIONS[2:]
    assert _versions(ALL - {"bti"}) == VERSIONS
    assert "bti" not in dict(detect(Facts(ARCHITECTURE, ALL - {"bti"})).features)


def test_flags_without_a_feature_do_not_matter() -> None:
    """A flag that the published provider does not know is not reported."""
    assert detect(Facts(ARCHITECTURE, frozenset({"sm3", "svebitperm"}))) == Detected(
        (("version", ("8a",)),)
    )


@pytest.mark.parametrize("name", LINUX)
def test_reading_on_linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """The records of all cores are read, on machines of a hundred of them too."""
    machine = MACHINES[name]
    on_linux(monkeypatch, tmp_path, ARCHITECTURE, (machine.lines() + "\n") * 64)
    assert detect(read_facts()) == machine.supports("version")


def test_the_last_core_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What one core of a hundred lacks is not supported."""
    text = MACHINES["graviton4"].lines() * 50 + "\nFeatures\t: fp asimd\n"
    on_linux(monkeypatch, tmp_path, ARCHITECTURE, text)
    expected = (("version", ("8a",)), ("asimd", ("on",)), ("fp", ("on",)))
    assert detect(read_facts()) == Detected(expected)


@pytest.mark.parametrize("name", MACOS)
def test_reading_on_macos(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The values of sysctl are read that the recording has."""
    machine = MACHINES[name]

    def sysctl(names: tuple[str, ...]) -> dict[str, str]:
        return {key: value for key, value in machine.sysctl().items() if key in names}

    pretend(monkeypatch, ARCHITECTURE, "darwin")
    monkeypatch.setattr(_macos, "sysctl", sysctl)
    assert detect(read_facts()) == machine.supports("version")


@pytest.mark.parametrize("name", MACOS)
def test_every_mac_has_what_the_first_had(name: str) -> None:
    """No recorded Mac denies an instruction set that is taken for granted of all."""
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
def test_reading_on_windows(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Windows is asked about each instruction set that it has a number for."""
    machine = MACHINES[name]

    class Kernel:
        @staticmethod
        def IsProcessorFeaturePresent(number: int) -> int:  # noqa: N802 - Windows' name
            return number in _present(machine)

    pretend(monkeypatch, ARCHITECTURE, "win32")
    monkeypatch.setattr(_windows, "_kernel", Kernel)
    assert detect(read_facts()) == machine.supports("version")


UNREADABLE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\x00\xff\xfe" * 9999, id="no text"),
    pytest.param(b"processor\t: 0\nflags\t\t: fpu sse2\n\n", id="of the x86 host of an emulator"),
    pytest.param(b"Features\t:\n", id="no features"),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_cpuinfo_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: bytes
) -> None:
    """Without flags nothing is supported, not even 8a: who runs this is not known."""
    on_linux(monkeypatch, tmp_path, ARCHITECTURE, text)
    expected = Detected(reason="the operating system tells of no aarch64 CPU")
    assert detect(read_facts()) == expected


def test_a_mac_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without sysctl's word nothing is taken for granted."""
    pretend(monkeypatch, ARCHITECTURE, "darwin")
    monkeypatch.setattr(_macos, "sysctl", lambda _: {})
    expected = Detected(reason="the operating system tells of no aarch64 CPU")
    assert detect(read_facts()) == expected


@pytest.mark.parametrize(
    ("architecture", "system", "bits", "reason"),
    [
        ("x86_64", "linux", 64, "this is an x86_64 machine"),
        ("armv7l", "linux", 32, "this is an armv7l machine"),
        ("riscv64", "linux", 64, "this is a riscv64 machine"),
        ("aarch64", "linux", 32, "this is a 32-bit Python on an aarch64 machine"),
        ("aarch64", "openbsd7", 64, "how to ask the CPU is not known on openbsd7"),
    ],
)
def test_other_machines(
    monkeypatch: pytest.MonkeyPatch, architecture: str, system: str, bits: int, reason: str
) -> None:
    """On another architecture, for other wheels, or on a strange system, nothing is asked."""
    pretend(monkeypatch, architecture, system, bits=bits)
    for name in ("_read_linux", "_read_macos", "_read_windows"):
        monkeypatch.setattr(aarch64, name, failing(AssertionError("it was asked")))
    assert detect(read_facts()) == Detected(reason=reason)
