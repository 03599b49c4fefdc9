"""The built-in ``aarch64`` provider: the features of ``provider-variant-aarch64``, in its order.

The published provider derives a machine's version from its model, this one from its features: a
version is supported if every instruction is enabled that it makes mandatory and that compiled code
uses on its own. What only an operating system uses (DIT, pointer authentication) is ignored:
hypervisors hide it, and code built for the version still runs.

On Linux the kernel reports to each process what it may use. In a container that runs under
emulation ``/proc/cpuinfo`` is that of the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pip_variants.core.properties import OrderedFeatures, ordered_features

from . import cpu
from .cpu import CpuFacts
from .result import ProviderResult

ARCHITECTURE = "aarch64"

_VERSIONS = (
    ("8a", frozenset[str]()),
    ("8.1a", frozenset({"atomics", "asimdrdm", "crc32"})),
    ("8.2a", frozenset({"dcpop"})),
    ("8.3a", frozenset({"fcma", "jscvt", "lrcpc"})),
    ("8.4a", frozenset({"asimddp", "flagm", "ilrcpc", "uscat"})),
    ("8.5a", frozenset({"bti", "dcpodp", "flagm2", "frint", "sb"})),
    ("9.0a", frozenset({"sve2"})),
)

# The published list joins two pairs of names by mistake; here they are bti, ecv, asimdrdm, atomics.
_ORDER = cpu.words(
    """
    sve2 flagm2 frint sb bti ecv paca pacg ssbs
    asimdfhm bf16 dcpodp dgh dit flagm i8mm ilrcpc jscvt rng sha3 sha512 svebf16 svei8mm uscat
    asimddp lrcpc asimdhp dcpop fcma fphp sve asimdrdm atomics
    aes asimd cpuid crc32 evtstrm fp pmull sha1 sha2
    """
)

# The names of the bits of AT_HWCAP and AT_HWCAP2, from the lowest (Linux, uapi/asm/hwcap.h).
_HWCAPS = (
    cpu.words(
        """
    fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc
    dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb paca pacg
        """
    ),
    cpu.words(
        """
    dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm svef64mm
    svebf16 i8mm bf16 dgh rng bti mte ecv
        """
    ),
)

# Every ARM Mac has the features of the first one, the M1; macOS 11 reports few of them.
_EVERY_MAC = frozenset(
    cpu.words(
        """
    aes asimd asimddp asimdfhm asimdhp asimdrdm atomics crc32 dcpodp dcpop dit fcma flagm flagm2 fp
    fphp frint ilrcpc jscvt lrcpc paca pacg pmull sb sha1 sha2 sha3 sha512 uscat
        """
    )
)
_APPLE_NAMES = {
    "FEAT_BF16": "bf16",
    "FEAT_BTI": "bti",
    "FEAT_ECV": "ecv",
    "FEAT_I8MM": "i8mm",
    "FEAT_SSBS": "ssbs",
}
_SYSCTLS = ("hw.optional.arm64", *(f"hw.optional.arm.{name}" for name in _APPLE_NAMES))

# PF_ARM_* of IsProcessorFeaturePresent. Windows has no constant for some instructions; each is
# listed with a later one that implies it, by the architecture or in every product.
_WINDOWS_FEATURES = {
    30: "aes pmull sha1 sha2",
    31: "crc32",
    34: "atomics asimdrdm",
    43: "asimddp dcpop",
    44: "jscvt fcma",
    45: "lrcpc",
    46: "sve",
    47: "sve2 dcpodp flagm2 frint sb",
    52: "svebf16",
    57: "svei8mm",
    62: "uscat flagm ilrcpc",
    64: "sha3",
    65: "sha512",
    66: "i8mm",
    67: "fphp asimdhp",
    68: "bf16",
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
    # SVE2 came with 9.0, whose base is 8.5: its BTI is there, even if the kernel does not use it.
    known = facts.flags | {"bti"} if "sve2" in facts.flags else facts.flags
    versions = cpu.reached_levels(_VERSIONS, known)
    features = cpu.enabled_features(_ORDER, facts.flags)
    return ProviderResult((*ordered_features([("version", versions)]), *features))


def flags_of_hwcap(words: Sequence[int]) -> frozenset[str]:
    """Return the flags that Linux reports to a process in AT_HWCAP and AT_HWCAP2."""
    return frozenset(
        name
        for word, names in zip(words, _HWCAPS, strict=True)
        for bit, name in enumerate(names)
        if word >> bit & 1
    )


def facts_of_version(version: str) -> CpuFacts:
    """Return the facts of a CPU that has just what this version needs."""
    return cpu.facts_of_level(ARCHITECTURE, _VERSIONS, version)


def known_features() -> OrderedFeatures:
    """Return every feature, with every value, that ``detect`` can return."""
    return cpu.known_features("version", _VERSIONS, _ORDER)


def flags_of_sysctl(values: Mapping[str, str]) -> frozenset[str]:
    """Return the flags of a Mac, from the output of ``sysctl``."""
    if values.get("hw.optional.arm64") != "1":
        return frozenset()
    more = (
        flag for name, flag in _APPLE_NAMES.items() if values.get(f"hw.optional.arm.{name}") == "1"
    )
    return _EVERY_MAC.union(more)


def flags_of_windows(present: Iterable[int]) -> frozenset[str]:
    """Return the flags for the numbers that ``IsProcessorFeaturePresent`` confirms."""
    found = " ".join(_WINDOWS_FEATURES[number] for number in present)
    # Windows runs on no ARM CPU without these two.
    return frozenset(["asimd", "fp", *found.split()])


def _read_linux() -> frozenset[str]:
    from . import _linux  # imports ctypes

    return flags_of_hwcap(_linux.auxiliary_values((_linux.AT_HWCAP, _linux.AT_HWCAP2)))


def _read_macos() -> frozenset[str]:
    from . import _macos  # imports ctypes, which Linux does not need

    return flags_of_sysctl(_macos.sysctl(_SYSCTLS))


def _read_windows() -> frozenset[str]:
    from . import _windows

    return flags_of_windows(_windows.features_present(_WINDOWS_FEATURES))
