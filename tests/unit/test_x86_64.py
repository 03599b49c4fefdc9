"""The built-in x86_64 provider: levels of the psABI, names and order of the published one."""

from __future__ import annotations

import ctypes
import io
import mmap
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pip_variants.providers import _cpuid, _cpuid_code, _linux, _macos, _windows, cpu, x86_64
from pip_variants.providers.cpu import CpuFacts
from pip_variants.providers.x86_64 import ARCHITECTURE, detect, read_facts
from tests.unit.machines import Machine, failing_reader, fake_system, recorded_machines
from tests.unit.provider_cases import result

MACHINES = recorded_machines(ARCHITECTURE, "level")
LINUX = [name for name, found in MACHINES.items() if "cpuinfo" in found.recorded]
MACOS = [name for name, found in MACHINES.items() if "sysctl" in found.recorded]
WINDOWS = [name for name, found in MACHINES.items() if "cpuid" in found.recorded]

# What the psABI requires of a level beyond the one below, by its names; OSXSAVE is xsave here.
PSABI = {
    "v2": "CMPXCHG16B LAHF-SAHF POPCNT SSE3 SSE4_1 SSE4_2 SSSE3",
    "v3": "AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE OSXSAVE",
    "v4": "AVX512F AVX512BW AVX512CD AVX512DQ AVX512VL",
}
LINUX_NAMES = {"cmpxchg16b": "cx16", "lahf-sahf": "lahf_lm", "lzcnt": "abm", "osxsave": "xsave"}
NEEDED = {
    level: tuple(LINUX_NAMES.get(word.lower(), word.lower()) for word in words.split())
    for level, words in PSABI.items()
}
ALL = frozenset(name for names in NEEDED.values() for name in names)

here_only = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux", reason="not Linux on x86_64"
)


def _leaves(machine: Machine) -> dict[_cpuid.Leaf, _cpuid.Registers]:
    found = machine.recorded["cpuid"]
    assert isinstance(found, dict)
    numbers = {tuple(key.split(".")): values for key, values in found.items()}
    return {(int(leaf, 16), int(sub)): tuple(regs) for (leaf, sub), regs in numbers.items()}


def _flags(machine: Machine) -> frozenset[str]:
    if "cpuinfo" in machine.recorded:
        return x86_64.flags_of_cpuinfo(machine.cpuinfo())
    if "sysctl" in machine.recorded:
        return x86_64.flags_of_sysctl(machine.sysctl())
    enabled = machine.recorded["enabled"]
    assert isinstance(enabled, int)
    return x86_64.flags_of_cpuid(_cpuid.flags(_leaves(machine)), enabled)


def _fake_linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | bytes) -> Path:
    """Make this machine a Linux with this ``/proc/cpuinfo``, and return the path of the file.

    The CPU cannot be queried.
    """
    path = tmp_path / "cpuinfo"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    monkeypatch.setattr(x86_64, "CPUINFO", path)
    fake_system(monkeypatch, ARCHITECTURE, "linux")
    monkeypatch.setattr(_linux, "cpuid", failing_reader(OSError("no code may be run")))
    return path


def _levels(flags: frozenset[str]) -> tuple[str, ...]:
    name, values = detect(CpuFacts(ARCHITECTURE, flags)).features[0]
    assert name == "level"
    return values


@pytest.mark.parametrize("name", MACHINES)
def test_recorded_machine_has_documented_features(name: str) -> None:
    """Each recorded machine supports what the documentation of its CPU and system states."""
    machine = MACHINES[name]
    assert detect(CpuFacts(ARCHITECTURE, _flags(machine))) == machine.expected_result("level")


def test_all_systems_and_levels_are_recorded() -> None:
    """All three systems and all four levels are among the recorded machines."""
    assert [len(LINUX), len(MACOS), len(WINDOWS)] == [23, 2, 4]
    assert {machine.levels[0] for machine in MACHINES.values()} == {"v4", "v3", "v2", "v1"}


@pytest.mark.parametrize("missing", sorted(ALL))
def test_level_needs_each_of_its_instruction_sets(missing: str) -> None:
    """Without one of its instruction sets neither a level nor a higher one is supported."""
    assert _levels(ALL) == ("v4", "v3", "v2", "v1")
    lost = next(level for level, names in NEEDED.items() if missing in names)
    lower = [level for level in ("v4", "v3", "v2", "v1") if level < lost]
    assert _levels(ALL - {missing}) == tuple(lower)


# The flags line of a virtual machine whose kernel was started with `noxsave`.
WITHOUT_XSAVE = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse"
    " sse2 ss ht syscall nx pdpe1gb rdtscp lm pni pclmulqdq ssse3 cx16 sse4_1 sse4_2 x2apic movbe"
    " popcnt aes rdrand hypervisor lahf_lm abm 3dnowprefetch fsgsbase bmi1 bmi2 erms rdseed adx"
)
USABLE_WITHOUT_XSAVE = (
    "rdseed adx bmi2 bmi1 abm movbe rdrand aes pclmulqdq fsgsbase sse4_2 sse4_1 ssse3 sse3 cx16"
    " lahf_lm popcnt sse2 sse mmx"
)
AVX_FLAGS = "avx2 fma f16c vaes vpclmulqdq avx_vnni avx512f avx512bw avx512_vnni avx512ifma"
XSAVE_FLAGS = "xsave xsavec xsaveopt"
# Flags beside these, those of them that are usable, and the highest level.
LYING = {
    "F16C": ("f16c", "", "v2"),
    "AVX2 and others": ("f16c fma avx2 vaes vpclmulqdq", "", "v2"),
    "all but AVX": (f"{AVX_FLAGS} xsave xsavec xsaveopt", "xsave xsavec xsaveopt", "v2"),
    "all but XSAVE": (f"avx {AVX_FLAGS} xsavec xsaveopt", "", "v2"),
    "AVX alone": ("xsave avx", "xsave avx", "v2"),
    "all but AVX2": (f"xsave avx {AVX_FLAGS.removeprefix('avx2 ')}", None, "v2"),
    "AVX-512 without its base": ("xsave avx avx2 f16c fma avx512bw avx512_vnni", None, "v3"),
}


@pytest.mark.parametrize(("added", "usable", "level"), LYING.values(), ids=LYING)
def test_flag_without_its_carrier_is_not_usable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, added: str, usable: str | None, level: str
) -> None:
    """A program that believes such a flag dies of an illegal instruction."""
    text = f"processor\t: 0\nmodel\t\t: 85\nflags\t\t: {WITHOUT_XSAVE} {added}\n\n"
    _fake_linux(monkeypatch, tmp_path, text)
    (_, levels), *features = detect(read_facts()).features
    on = {name for name, _ in features} - set(USABLE_WITHOUT_XSAVE.split())
    without_512 = {name for name in added.split() if not name.startswith("avx512")}
    assert on == (without_512 if usable is None else set(usable.split()))
    assert levels[0] == level


def test_flags_without_a_feature_are_ignored() -> None:
    """A flag that the published provider does not know is not a feature."""
    facts = CpuFacts(ARCHITECTURE, frozenset({"fpu", "avx512_fp16"}))
    assert detect(facts) == result(("level", ("v1",)))


@pytest.mark.parametrize("name", LINUX)
def test_linux_reads_the_first_cpuinfo_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Only the first record of /proc/cpuinfo counts, whatever the other cores list."""
    machine = MACHINES[name]
    other = "\nprocessor\t: 1\nflags\t\t: fpu\n" * 100
    _fake_linux(monkeypatch, tmp_path, machine.cpuinfo() + other)
    assert detect(read_facts()) == machine.expected_result("level")


def test_linux_stops_reading_after_the_first_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a very long /proc/cpuinfo little more than the first record is read."""
    record = (MACHINES["amd-zen5"].cpuinfo() + "\n").encode()

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size > 0, "the whole file was requested"
            assert self.tell() < 2 * len(record), "reading did not stop"
            return super().read(min(size, 100))

    class File:
        @staticmethod
        def open(mode: str, *, buffering: int) -> Endless:
            assert (mode, buffering) == ("rb", 0)
            return Endless(record * 1000)

    fake_system(monkeypatch, ARCHITECTURE, "linux")
    monkeypatch.setattr(_linux, "cpuid", failing_reader(OSError("no code may be run")))
    monkeypatch.setattr(x86_64, "CPUINFO", File)
    assert detect(read_facts()) == MACHINES["amd-zen5"].expected_result("level")


# A CPU of level v3 by its registers, and one of v4 by what Linux lists.
EMULATED = MACHINES["windows-broadwell"]
HOST = MACHINES["intel-sapphirerapids"]
ARM_HOST = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\n"


def _fake_cpu(
    monkeypatch: pytest.MonkeyPatch,
    machine: Machine,
    *,
    without: frozenset[str] = frozenset(),
    enabled: int | None = None,
) -> None:
    """Give this machine the CPU of a recorded one, without some of its flags."""
    leaves = {leaf: list(registers) for leaf, registers in _leaves(machine).items()}
    for leaf, register, names in _cpuid._BITS:
        for bit, name in names.items():
            if name in without and leaf in leaves:
                leaves[leaf][register] &= ~(1 << bit)
    states = machine.recorded["enabled"] if enabled is None else enabled
    monkeypatch.setattr(_linux, "cpuid", lambda _: {k: tuple(v) for k, v in leaves.items()})
    monkeypatch.setattr(_linux, "enabled_states", lambda: states)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HOST.cpuinfo(), id="a host with more"),
        pytest.param(ARM_HOST, id="an ARM host"),
        pytest.param("", id="empty"),
        pytest.param(None, id="no /proc"),
    ],
)
def test_linux_under_emulation_has_the_flags_of_the_emulated_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None
) -> None:
    """In a container that runs under emulation /proc/cpuinfo is the host's."""
    path = _fake_linux(monkeypatch, tmp_path, text or "")
    if text is None:
        path.unlink()
    _fake_cpu(monkeypatch, EMULATED)
    assert detect(read_facts()) == EMULATED.expected_result("level")


@pytest.mark.parametrize(
    ("listed", "own", "both"),
    [
        pytest.param("sse2 avx avx2", "sse2 avx avx2", "sse2 avx avx2", id="alike"),
        pytest.param("sse2 avx avx2", "sse2", "sse2", id="the host of an emulator"),
        pytest.param("sse2", "sse2 avx avx2", "sse2", id="clearcpuid"),
        pytest.param("", "sse2 avx", "sse2 avx", id="nothing listed"),
        pytest.param("sse2 ibrs_enhanced", "sse2", "sse2 ibrs_enhanced", id="no bit of CPUID"),
        pytest.param("sse2 avx ibrs_enhanced", "sse2", "sse2", id="no bit of CPUID of the host"),
        pytest.param("sse2 avx2", "", "", id="a CPU without flags"),
    ],
)
def test_linux_flag_is_that_of_both_kernel_and_cpu(listed: str, own: str, both: str) -> None:
    """A flag that the kernel leaves out is not used, nor one that the CPU does not have."""
    found = x86_64.flags_of_linux(frozenset(listed.split()), frozenset(own.split()))
    assert found == set(both.split())


@pytest.mark.parametrize(
    ("without", "enabled", "lost", "level"),
    [
        pytest.param("avx", None, AVX_FLAGS + " avx", "v2", id="a hypervisor that masks AVX"),
        pytest.param("avx2", None, "avx2", "v2", id="a hypervisor that masks AVX2"),
        pytest.param("xsave", None, f"{AVX_FLAGS} avx {XSAVE_FLAGS}", "v2", id="no XSAVE"),
        pytest.param("osxsave", None, f"{AVX_FLAGS} avx {XSAVE_FLAGS}", "v2", id="noxsave"),
        pytest.param("", 0b11, f"{AVX_FLAGS} avx", "v2", id="AVX switched off by the kernel"),
    ],
)
def test_linux_flags_of_the_cpu_need_their_carriers(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    without: str,
    enabled: int | None,
    lost: str,
    level: str,
) -> None:
    """What the kernel lists, and the CPU has, is not usable without what carries it."""
    _fake_linux(monkeypatch, tmp_path, ARM_HOST)
    _fake_cpu(monkeypatch, EMULATED, without=frozenset(without.split()), enabled=enabled)
    found = detect(read_facts())
    assert found.features[0][1][0] == level
    assert {name for name, _ in found.features[1:]} == set(EMULATED.on) - set(lost.split())


@pytest.mark.parametrize("name", MACOS)
def test_macos_facts_are_read_by_sysctl(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """On macOS the features come from the values of sysctl."""
    machine = MACHINES[name]

    def sysctl(names: tuple[str, ...]) -> dict[str, str]:
        return {key: value for key, value in machine.sysctl().items() if key in names}

    fake_system(monkeypatch, ARCHITECTURE, "darwin")
    monkeypatch.setattr(_macos, "sysctl", sysctl)
    assert detect(read_facts()) == machine.expected_result("level")


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_facts_combine_cpuid_and_enabled_states(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """On Windows the CPU reports its features, and the system those that it enables."""
    machine = MACHINES[name]
    fake_system(monkeypatch, ARCHITECTURE, "win32")
    monkeypatch.setattr(_windows, "cpuid", lambda _: _leaves(machine))
    monkeypatch.setattr(_windows, "enabled_states", lambda: machine.recorded["enabled"])
    assert detect(read_facts()) == machine.expected_result("level")


@pytest.mark.parametrize(
    ("sysctls", "lost"),
    [
        pytest.param({"hw.optional.avx512f": "1"}, {"v5"}, id="AVX-512 enabled"),
        pytest.param({"hw.optional.avx512f": "0"}, {"v4"}, id="AVX-512 disabled"),
        pytest.param({}, {"v4"}, id="a macOS that does not know AVX-512"),
    ],
)
def test_macos_avx512_needs_its_own_switch(sysctls: dict[str, str], lost: set[str]) -> None:
    """AVX-512 of the CPU counts only if macOS reports that it is enabled."""
    flags = x86_64.flags_of_sysctl(
        {
            "machdep.cpu.features": "SSE3 SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT XSAVE OSXSAVE"
            " AVX1.0 F16C",
            "machdep.cpu.leaf7_features": "BMI1 AVX2 BMI2 AVX512F AVX512DQ AVX512CD AVX512BW"
            " AVX512VL",
            "machdep.cpu.extfeatures": "SYSCALL LAHF LZCNT",
            **sysctls,
        }
    )
    assert set(_levels(flags)) == {"v1", "v2", "v3", "v4"} - lost


UNREADABLE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\x00\xff\xfe" * 9999, id="binary"),
    pytest.param(b"processor\t: 0\nFeatures\t: fp asimd\n\n", id="ARM host of an emulator"),
    pytest.param(b"flags\t\t:\n", id="no flags"),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_cpuinfo_without_flags_supports_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: bytes
) -> None:
    """Without any flag nothing is supported, not even v1."""
    _fake_linux(monkeypatch, tmp_path, text)
    expected = result(reason="the operating system reports no x86_64 CPU flags")
    assert detect(read_facts()) == expected


def test_unreadable_cpuinfo_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing file, or a folder of that name, is a reason and not an error."""
    path = _fake_linux(monkeypatch, tmp_path, "")
    path.unlink()
    reason = "the CPU flags could not be read: No such file or directory"
    assert detect(read_facts()) == result(reason=reason)
    path.mkdir()
    reason = "the CPU flags could not be read: Is a directory"
    assert detect(read_facts()) == result(reason=reason)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(OSError("the CPUID instruction may not be run"), None, id="OSError"),
        pytest.param(ImportError("No module named '_ctypes'"), None, id="a Python without ctypes"),
        pytest.param(AttributeError("function 'x' not found"), None, id="an old system"),
        pytest.param(PermissionError(13, "Permission denied"), "Permission denied", id="errno"),
    ],
)
def test_failing_reader_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, text: str | None
) -> None:
    """An exception of a system library becomes a reason."""
    fake_system(monkeypatch, ARCHITECTURE, "linux")
    monkeypatch.setattr(x86_64, "_read_linux", failing_reader(error))
    reason = f"the CPU flags could not be read: {text or error}"
    assert detect(read_facts()) == result(reason=reason)


@pytest.mark.parametrize(
    ("architecture", "system", "bits", "reason"),
    [
        ("aarch64", "linux", 64, "this is an aarch64 machine"),
        ("ppc64le", "linux", 64, "this is a ppc64le machine"),
        ("s390x", "linux", 64, "this is an s390x machine"),
        ("i686", "linux", 32, "this is an i686 machine"),
        ("x86", "win32", 32, "this is an x86 machine"),
        ("x86_64", "linux", 32, "this is a 32-bit Python on an x86_64 machine"),
        ("x86_64", "freebsd14", 64, "reading the CPU flags is not supported on freebsd14"),
    ],
)
def test_other_architecture_or_system_is_not_queried(
    monkeypatch: pytest.MonkeyPatch, architecture: str, system: str, bits: int, reason: str
) -> None:
    """On another architecture, in a 32-bit Python or on an unknown system nothing is read."""
    fake_system(monkeypatch, architecture, system, bits=bits)
    for name in ("_read_linux", "_read_macos", "_read_windows"):
        monkeypatch.setattr(x86_64, name, failing_reader(AssertionError("the CPU was queried")))
    assert detect(read_facts()) == result(reason=reason)


@pytest.mark.parametrize(
    ("name", "system", "machine", "expected"),
    [
        ("posix", "unused", "x86_64", "x86_64"),
        ("posix", "unused", "arm64", "aarch64"),
        ("posix", "unused", "amd64", "x86_64"),
        ("nt", "win-amd64", "unused", "x86_64"),
        ("nt", "win-arm64", "unused", "aarch64"),
        ("nt", "win32", "unused", "x86"),
    ],
)
def test_architecture_is_that_of_the_interpreter(
    monkeypatch: pytest.MonkeyPatch, name: str, system: str, machine: str, expected: str
) -> None:
    """Under emulation the architecture is that of the interpreter, by its name on Linux."""
    uname = SimpleNamespace(machine=machine)
    monkeypatch.setattr(cpu, "os", SimpleNamespace(name=name, uname=lambda: uname))
    monkeypatch.setattr(cpu.sysconfig, "get_platform", lambda: system)  # type: ignore[attr-defined] # cpu's own
    assert cpu.machine() == expected


def test_provider_of_another_architecture_does_not_import_ctypes() -> None:
    """Importing ctypes would take longer than all else that such a provider does."""
    script = (
        "import sys; from pip_variants.providers import aarch64, cpu, x86_64;"
        "cpu.machine = lambda: 'riscv64'; aarch64.read_facts(); x86_64.read_facts();"
        "print('ctypes' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


class _Function:
    """A function of a library of C."""

    restype: object = None

    def __init__(self, call: Callable[..., int]) -> None:
        self.call = call

    def __call__(self, *args: object) -> int:
        return self.call(*args)


class _Kernel:
    """Windows' kernel32, with one page that code can be written to and run from."""

    def __init__(self, page: int) -> None:
        self.freed: list[int] = []
        self.VirtualAlloc = _Function(lambda *_: page)
        self.VirtualProtect = _Function(lambda *_: 1)
        self.VirtualFree = _Function(self._free)
        self.GetEnabledXStateFeatures = _Function(lambda: 0xE7)

    def _free(self, address: ctypes.c_void_p, *_: object) -> int:
        self.freed.append(address.value or 0)
        return 1


# Linux passes the three arguments in EDI, ESI and RDX: mov r8, rdx; mov ecx, edi; mov edx, esi.
FROM_LINUX = bytes.fromhex("4989d0 89f9 89f2")


@pytest.fixture
def page() -> Iterator[int]:
    """Return the address of a page of memory that can be run."""
    try:
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError as error:
        pytest.skip(f"no memory that can be run: {error}")
    with memory:
        view = ctypes.c_char.from_buffer(memory)
        yield ctypes.addressof(view)
        del view


@here_only
def test_cpuid_code_agrees_with_linux(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    """The machine code for Windows gets the flags from this CPU that Linux lists."""
    kernel = _Kernel(page)
    monkeypatch.setattr(_windows, "_kernel", lambda: kernel)
    monkeypatch.setattr(_windows, "CODE", FROM_LINUX + _cpuid_code.CODE)
    leaves = _windows.cpuid(_cpuid.LEAVES)
    assert kernel.freed == [page]
    _, ebx, ecx, edx = leaves[0, 0]
    vendor = b"".join(register.to_bytes(4, "little") for register in (ebx, edx, ecx)).decode()
    assert vendor in Path("/proc/cpuinfo").read_text("utf-8")
    mine = x86_64.flags_of_cpuid(_cpuid.flags(leaves), _windows.enabled_states())
    # Linux may have disabled something that the CPU has.
    listed = x86_64.flags_of_cpuinfo(Path("/proc/cpuinfo").read_text("utf-8"))
    assert listed & _cpuid.NAMES <= mine


@here_only
def test_linux_queries_the_cpu_itself() -> None:
    """CPUID and XGETBV of this CPU agree with what Linux lists."""
    mine = x86_64._flags_of_cpu(_linux.cpuid, _linux.enabled_states)
    listed = x86_64.flags_of_cpuinfo(Path("/proc/cpuinfo").read_text("utf-8"))
    assert listed & _cpuid.NAMES <= mine
    assert {"sse", "sse2"} <= mine


class _LibraryOfC:
    """The C library of Linux, which fails from the call ``failing`` on."""

    def __init__(self, failing: str) -> None:
        place = {"mmap": 2**64 - 1}.get(failing, 4096)
        self.freed: list[int | None] = []
        self.mmap = _Function(lambda *_: place)
        self.mprotect = _Function(lambda *_: -1)
        self.munmap = _Function(self._free)

    def _free(self, address: ctypes.c_void_p, *_: object) -> int:
        self.freed.append(address.value)
        return 0


@pytest.mark.parametrize(("failing", "freed"), [("mmap", []), ("mprotect", [4096])])
def test_linux_policy_against_code_leaves_cpuinfo_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failing: str, freed: list[int]
) -> None:
    """If a policy forbids new code, the memory is freed and what Linux lists counts."""
    library = _LibraryOfC(failing)
    monkeypatch.setattr(_linux, "_library", lambda: library)
    monkeypatch.setattr(_linux.ctypes, "memmove", lambda *_: None)  # type: ignore[attr-defined] # not to this address
    with pytest.raises(OSError, match="no code may be run"):
        _linux.enabled_states()
    assert library.freed == freed
    machine = MACHINES["amd-zen5"]
    _fake_linux(monkeypatch, tmp_path, machine.cpuinfo())
    assert detect(read_facts()) == machine.expected_result("level")


@pytest.mark.parametrize("missing", ["VirtualAlloc", "VirtualProtect"])
def test_windows_policy_against_code_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, page: int, missing: str
) -> None:
    """If a policy forbids new code, that is the reason, and the memory is freed."""
    kernel = _Kernel(page)
    setattr(kernel, missing, _Function(lambda *_: 0))
    monkeypatch.setattr(_windows, "_kernel", lambda: kernel)
    fake_system(monkeypatch, ARCHITECTURE, "win32")
    why = {
        "VirtualAlloc": "no memory for the CPUID instruction",
        "VirtualProtect": "the CPUID instruction may not be run",
    }[missing]
    assert detect(read_facts()) == result(reason=f"the CPU flags could not be read: {why}")
    assert kernel.freed == ([page] if missing == "VirtualProtect" else [])


def test_cpuid_leaves_beyond_the_highest_are_ignored() -> None:
    """For a leaf that it does not have an Intel CPU returns registers of another."""
    full = (0xFFFF_FFFF,) * 4
    garbage = dict.fromkeys(_cpuid.LEAVES, full)
    old = {**garbage, (0, 0): (1, 0, 0, 0), (0x8000_0000, 0): (0x8000_0000, 0, 0, 0)}
    one = {name for leaf, _, names in _cpuid._BITS if leaf == (1, 0) for name in names.values()}
    assert _cpuid.flags(old) == one
    newer = {**garbage, (0, 0): (7, 0, 0, 0), (7, 0): (0, *full[1:])}
    assert "avx2" in _cpuid.flags(newer)
    assert "avx_vnni" not in _cpuid.flags(newer)
    assert "xsaveopt" not in _cpuid.flags(newer)


class _Library:
    """The system library of macOS; the value ``vanishes`` is gone at the second call."""

    def __init__(self, values: dict[bytes, bytes]) -> None:
        self.values = values
        self.calls: dict[bytes, int] = {}

    def sysctlbyname(self, name: bytes, old: object, size: object, *_: object) -> int:
        self.calls[name] = self.calls.get(name, 0) + 1
        value = self.values.get(name)
        if value is None or (value == b"vanishes" and self.calls[name] > 1):
            return -1
        ctypes.cast(size, ctypes.POINTER(ctypes.c_size_t))[0] = len(value)  # type: ignore[arg-type] # what byref made
        if old is not None:
            ctypes.memmove(old, value, len(value))  # type: ignore[arg-type] # the buffer
        return 0


def test_sysctl_reads_texts_and_numbers() -> None:
    """Texts and numbers of any size are returned as the sysctl program prints them."""
    library = _Library(
        {
            b"machdep.cpu.features": b"FPU SSE4.2\0",
            b"hw.optional.avx512f": (1).to_bytes(4, sys.byteorder),
            b"hw.optional.arm64": (1).to_bytes(8, sys.byteorder),
            b"hw.optional.rtm": b"vanishes",
        }
    )
    names = [*(name.decode() for name in library.values), "hw.optional.unknown"]
    assert _macos.sysctl(names, library) == {
        "machdep.cpu.features": "FPU SSE4.2",
        "hw.optional.avx512f": "1",
        "hw.optional.arm64": "1",
    }
