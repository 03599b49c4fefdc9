"""The built-in ``x86_64`` provider: the features of ``provider-variant-x86-64``, in its order.

The published provider reports what the CPU's model is known to have, this one what CPU and
operating system have really enabled: a virtual machine without AVX2 is not v3, whatever its model.
The levels are those of the x86-64 psABI.

On Linux a flag counts that both have: the CPU, by CPUID and XGETBV, and the kernel, by
``/proc/cpuinfo``. The kernel may do without a flag because of an option (``clearcpuid``), or
because it does not work. Under emulation that file is the host's, which has flags that the emulated
CPU lacks, or, on a host of another architecture, none of them: then the CPU alone counts. A host
that has less than what it emulates hides the rest, which costs speed but runs. Where a policy lets
no process run code that it makes, the file alone counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pip_variants.core.properties import OrderedFeatures, ordered_features

from . import _cpuid, cpu
from .cpu import CpuFacts
from .result import ProviderResult

ARCHITECTURE = "x86_64"
CPUINFO = Path("/proc/cpuinfo")

_LEVELS = (
    ("v1", frozenset[str]()),
    ("v2", frozenset({"cx16", "lahf_lm", "popcnt", "sse3", "sse4_1", "sse4_2", "ssse3"})),
    # abm is what Linux calls LZCNT; xsave stands for OSXSAVE, as it is switched off without it.
    ("v3", frozenset(cpu.words("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"))),
    ("v4", frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})),
)

_ORDER = cpu.words(
    """
    avx_vnni cppc ibrs_enhanced tsc_adjust flush_l1d movdir64b movdiri
    avx512_bf16 avx512_bitalg avx512_vbmi2 avx512_vnni avx512_vp2intersect avx512_vpopcntdq
    avx512ifma avx512vbmi rdpid sha_ni vaes vpclmulqdq clwb clzero
    avx512bw avx512cd avx512dq avx512f avx512vl clflushopt gfni rdseed xsavec xsaveopt adx
    avx2 avx bmi2 bmi1 abm f16c fma movbe xsave rdrand aes pclmulqdq sse4a fsgsbase
    sse4_2 sse4_1 ssse3 sse3 cx16 lahf_lm popcnt sse2 sse mmx
    """
)

_AVX512 = frozenset(name for name in _ORDER if name.startswith("avx512"))
_AVX = _AVX512 | {"avx", "avx2", "avx_vnni", "f16c", "fma", "vaes", "vpclmulqdq"}
_XSAVE = _AVX | {"xsave", "xsavec", "xsaveopt"}

# What a flag needs to be usable (Intel SDM volume 1, chapters 13 to 15). Kernels that were started
# with `noxsave` and hypervisors that mask AVX leave flags without what carries them.
_CARRIERS = (
    ("xsave", _XSAVE),
    ("avx", _AVX),
    ("avx2", _AVX512),
    ("avx512f", _AVX512),
)

# Bits of XCR0: which registers the operating system saves and restores.
_YMM = 0b110
_ZMM = 0b1110_0110

_BLOCK = 4096

_SYSCTLS = (
    "machdep.cpu.features",
    "machdep.cpu.leaf7_features",
    "machdep.cpu.extfeatures",
    "hw.optional.avx512f",
    "sysctl.proc_translated",
)
_APPLE_NAMES = {
    "avx1.0": "avx",
    "avx512bitalg": "avx512_bitalg",
    "avx512vnni": "avx512_vnni",
    "avx512vpopcntdq": "avx512_vpopcntdq",
    "clfsopt": "clflushopt",
    "l1df": "flush_l1d",
    "lahf": "lahf_lm",
    "lzcnt": "abm",
    "rdwrfsgs": "fsgsbase",
    "sha": "sha_ni",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "tsc_thread_offset": "tsc_adjust",
}


def query(_: Mapping[str, str], __: Path | None) -> ProviderResult:
    """Return what this machine supports; no variable forces it, and it is not kept."""
    return cpu.with_hardware(detect(read_facts()))


def read_facts() -> CpuFacts:
    """Return the flags that are enabled on this machine; nothing is raised."""
    return cpu.read_facts(
        ARCHITECTURE, {"linux": _read_linux, "darwin": _read_macos, "win32": _read_windows}
    )


def detect(facts: CpuFacts) -> ProviderResult:
    """Return the supported properties of a machine with these facts."""
    reason = facts.unsupported_reason(ARCHITECTURE)
    if reason is not None:
        return ProviderResult(reason=reason, unseen=facts.problem is not None)
    flags = _carried(facts.flags)
    levels = cpu.reached_levels(_LEVELS, flags)
    features = cpu.enabled_features(_ORDER, flags)
    return ProviderResult((*ordered_features([("level", levels)]), *features))


def facts_of_level(level: str) -> CpuFacts:
    """Return the facts of a CPU that has just what this level needs."""
    return cpu.facts_of_level(ARCHITECTURE, _LEVELS, level)


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that ``detect`` can return."""
    return cpu.known_features("level", _LEVELS, _ORDER)


def flags_of_cpuinfo(text: str) -> frozenset[str]:
    """Return the flags that Linux has enabled, from the first record of ``/proc/cpuinfo``."""
    parts = (line.partition(":") for line in text.splitlines() if line.startswith("flags"))
    found = (words for name, _, words in parts if name.strip() == "flags")
    flags = frozenset(next(found, "").split())
    return flags | {"sse3"} if "pni" in flags else flags


def flags_of_linux(listed: frozenset[str], own: frozenset[str]) -> frozenset[str]:
    """Return the flags that both kernel and CPU have.

    ``listed`` are those of the kernel, nothing if it lists none of this architecture, ``own`` are
    those of the CPU. Some of the kernel's are no bits of CPUID: they count unless others show that
    the list is of another CPU.
    """
    if not listed:
        return own
    return listed if listed & _cpuid.NAMES <= own else listed & own


def flags_of_sysctl(values: Mapping[str, str]) -> frozenset[str]:
    """Return the flags that macOS has enabled, from the output of ``sysctl``."""
    words = " ".join(values.get(name, "") for name in _SYSCTLS[:3]).lower().split()
    flags = frozenset(_APPLE_NAMES.get(word, word) for word in words)
    if "osxsave" not in flags:
        flags -= _XSAVE
    # macOS has its own switch for AVX-512, which XCR0 does not show before a thread first uses it.
    if values.get("hw.optional.avx512f", "0") == "0":
        flags -= _AVX512
    # Rosetta runs all of v2, but does not list all of it.
    return flags | _LEVELS[1][1] if flags and values.get("sysctl.proc_translated") == "1" else flags


def flags_of_cpuid(flags: frozenset[str], enabled: int) -> frozenset[str]:
    """Return those ``flags`` of the CPU that work with the ``enabled`` bits of XCR0."""
    if "osxsave" not in flags:
        return flags - _XSAVE
    if enabled & _YMM != _YMM:
        return flags - _AVX
    return flags if enabled & _ZMM == _ZMM else flags - _AVX512


def _carried(flags: frozenset[str]) -> frozenset[str]:
    """Return the flags without those whose carrier is missing."""
    for carrier, carried in _CARRIERS:
        if carrier not in flags:
            flags -= carried
    return flags


def _read_linux() -> frozenset[str]:
    from . import _linux

    try:
        own = _flags_of_cpu(_linux.cpuid, _linux.enabled_states)
    except (OSError, ImportError, AttributeError):
        return flags_of_cpuinfo(_first_record())
    try:
        listed = flags_of_cpuinfo(_first_record())
    except OSError:
        listed = frozenset()
    return flags_of_linux(listed, own)


def _first_record() -> str:
    """Return the record of the first core; all have the same, and reading hundreds takes long."""
    data = b""
    with CPUINFO.open("rb", buffering=0) as file:
        while b"\n\n" not in data and (part := file.read(_BLOCK)):
            data += part
    return data.decode("ascii", "replace")


def _read_macos() -> frozenset[str]:
    from . import _macos  # imports ctypes, which Linux does not need

    return flags_of_sysctl(_macos.sysctl(_SYSCTLS))


def _read_windows() -> frozenset[str]:
    from . import _windows

    return _flags_of_cpu(_windows.cpuid, _windows.enabled_states)


def _flags_of_cpu(
    cpuid: Callable[[Sequence[_cpuid.Leaf]], Mapping[_cpuid.Leaf, _cpuid.Registers]],
    enabled_states: Callable[[], int],
) -> frozenset[str]:
    flags = _cpuid.flags(cpuid(_cpuid.LEAVES))
    return flags_of_cpuid(flags, enabled_states() if "osxsave" in flags else 0)
