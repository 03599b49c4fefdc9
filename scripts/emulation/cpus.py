"""CPUs that qemu emulates, what each of them has, and how a provider's report is compared with it.

Written by hand from qemu's documentation (its table of x86-64 levels), its definitions of the CPUs
and the manuals of their makers, in the names of the providers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Cpu:
    """A CPU: its qemu model, the levels that count as right, and the flags of the hardware.

    There are several levels only where a later qemu emulates more. `real` is the level of the
    hardware where qemu emulates too little for it. Not every qemu has a `newer` CPU. One that is
    `open_ended` may have more flags.
    """

    model: str
    levels: tuple[str, ...]
    flags: frozenset[str]
    real: str | None = None
    newer: bool = False
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider reports: its highest level or version, the flags, or why there are none."""

    level: str | None
    flags: frozenset[str] = frozenset()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Architecture:
    """An architecture: its names, its CPUs, and what makes a difference between them.

    `unreliable` are flags that some qemu does not emulate; `implied` has the flags of each level.
    `host` is a `/proc/cpuinfo` that lies.
    """

    name: str
    debian: str
    cpus: tuple[Cpu, ...]
    unreliable: frozenset[str]
    implied: Mapping[str, frozenset[str]]
    host: str


# The x86-64 psABI, in the names of the provider.
_V1 = words("mmx sse sse2")
_V2 = _V1 | words("cx16 lahf_lm popcnt sse3 sse4_1 sse4_2 ssse3")
_V3 = _V2 | words("abm avx avx2 bmi1 bmi2 f16c fma movbe xsave")
_V4_ONLY = words("avx512bw avx512cd avx512dq avx512f avx512vl")

_CORE2 = _V1 | words("cx16 lahf_lm sse3 ssse3")
_PENRYN = _CORE2 | words("sse4_1")
_WESTMERE = _V2 | words("aes pclmulqdq")
_SANDY_BRIDGE = _WESTMERE | words("avx xsave xsaveopt")
_IVY_BRIDGE = _SANDY_BRIDGE | words("f16c fsgsbase rdrand")
_HASWELL = _IVY_BRIDGE | _V3
_BROADWELL = _HASWELL | words("adx rdseed")
_SKYLAKE = _BROADWELL | words("xsavec")
_SKYLAKE_SERVER = _SKYLAKE | _V4_ONLY | words("clflushopt clwb")
_CASCADE_LAKE = _SKYLAKE_SERVER | words("avx512_vnni")
_ICE_LAKE = _CASCADE_LAKE | words(
    "avx512_bitalg avx512_vbmi2 avx512_vpopcntdq avx512ifma avx512vbmi gfni rdpid sha_ni vaes"
    " vpclmulqdq"
)
_SAPPHIRE_RAPIDS = _ICE_LAKE | words("avx512_bf16 avx_vnni movdir64b movdiri tsc_adjust flush_l1d")
_DENVERTON = _WESTMERE | words(
    "clflushopt fsgsbase movbe rdrand rdseed sha_ni xsave xsavec xsaveopt"
)
_SNOWRIDGE = _DENVERTON | words("clwb gfni movdir64b movdiri rdpid")

_OPTERON_G3 = _V1 | words("abm cx16 lahf_lm popcnt sse3 sse4a")
_OPTERON_G4 = _OPTERON_G3 | _WESTMERE | words("avx xsave")
_EPYC = _V3 | words(
    "adx aes clflushopt clzero fsgsbase pclmulqdq rdrand rdseed sha_ni sse4a xsavec xsaveopt"
)
_EPYC_ROME = _EPYC | words("clwb rdpid")
_EPYC_GENOA = _EPYC_ROME | _ICE_LAKE | words("avx512_bf16")

_MAX = _V3 | words("adx aes clflushopt clwb fsgsbase pclmulqdq rdrand sse4a vaes xsaveopt")

X86_64 = Architecture(
    "x86_64",
    "amd64",
    (
        Cpu("qemu64", ("v1",), _V1 | words("cx16 lahf_lm sse3")),
        Cpu("kvm64", ("v1",), _V1 | words("cx16 sse3")),
        Cpu("core2duo", ("v1",), _CORE2),
        Cpu("Conroe", ("v1",), _CORE2 - words("cx16")),
        Cpu("Penryn", ("v1",), _PENRYN),
        Cpu("Nehalem", ("v2",), _V2),
        Cpu("Westmere", ("v2",), _WESTMERE),
        Cpu("SandyBridge", ("v2",), _SANDY_BRIDGE),
        Cpu("IvyBridge", ("v2",), _IVY_BRIDGE),
        Cpu("Haswell", ("v3",), _HASWELL),
        Cpu("Broadwell", ("v3",), _BROADWELL),
        Cpu("Skylake-Client", ("v3",), _SKYLAKE),
        Cpu("Skylake-Server", ("v3",), _SKYLAKE_SERVER, "v4"),
        Cpu("Cascadelake-Server", ("v3",), _CASCADE_LAKE, "v4"),
        Cpu("Icelake-Server", ("v3",), _ICE_LAKE, "v4"),
        Cpu("SapphireRapids", ("v3",), _SAPPHIRE_RAPIDS, "v4", newer=True),
        # AVX-512, but not all of it that v4 needs.
        Cpu("KnightsMill", ("v3",), _BROADWELL | words("avx512cd avx512f avx512_vpopcntdq")),
        Cpu("Denverton", ("v2",), _DENVERTON),
        Cpu("Snowridge", ("v2",), _SNOWRIDGE),
        Cpu("Opteron_G1", ("v1",), _V1 | words("sse3")),
        Cpu("Opteron_G2", ("v1",), _V1 | words("cx16 lahf_lm sse3")),
        Cpu("Opteron_G3", ("v1",), _OPTERON_G3),
        Cpu("Opteron_G4", ("v2",), _OPTERON_G4),
        Cpu("Opteron_G5", ("v2",), _OPTERON_G4 | words("f16c fma")),
        Cpu("phenom", ("v1",), _OPTERON_G3),
        Cpu("EPYC", ("v3",), _EPYC),
        Cpu("EPYC-Rome", ("v3",), _EPYC_ROME),
        Cpu("EPYC-Genoa", ("v3",), _EPYC_GENOA, "v4", newer=True),
        Cpu("max", ("v3",), _MAX, open_ended=True),
    ),
    _V4_ONLY
    | words(
        "avx512_bf16 avx512_bitalg avx512_vbmi2 avx512_vnni avx512_vpopcntdq avx512ifma avx512vbmi"
        " avx_vnni clzero flush_l1d gfni movdir64b movdiri rdpid rdseed sha_ni tsc_adjust"
        " vpclmulqdq xsavec"
    ),
    {"v1": _V1, "v2": _V2, "v3": _V3, "v4": _V3 | _V4_ONLY},
    # A host that has everything, also what is no bit of CPUID.
    f"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: pni ibrs_enhanced cppc "
    f"{' '.join(sorted(_SAPPHIRE_RAPIDS | _EPYC_GENOA | words('avx512_vp2intersect')))}\n\n",
)

_V8_0 = words("aes asimd cpuid crc32 fp pmull sha1 sha2")
_V8_2 = words("asimdrdm atomics dcpop")
_CORTEX_A76 = _V8_0 | _V8_2 | words("asimddp asimdhp fphp lrcpc ssbs")
# The crypto instructions are an option of the A64FX, which qemu's has.
_A64FX = _V8_0 | _V8_2 | words("asimdhp fcma fphp sve")
_V8_4 = _V8_2 | words("asimddp fcma flagm ilrcpc jscvt lrcpc uscat")
_V8_5 = _V8_4 | words("bti dcpodp flagm2 frint sb")
_NEOVERSE_V1 = (
    _V8_0
    | _V8_4
    | words(
        "asimdfhm asimdhp bf16 dcpodp dgh dit fphp i8mm paca pacg rng sha3 sha512 ssbs sve svebf16"
        " svei8mm"
    )
)
_CORTEX_A710 = (_NEOVERSE_V1 - words("rng")) | _V8_5 | words("ecv sve2")

AARCH64 = Architecture(
    "aarch64",
    "arm64",
    (
        Cpu("cortex-a35", ("8a",), _V8_0),
        Cpu("cortex-a53", ("8a",), _V8_0),
        Cpu("cortex-a57", ("8a",), _V8_0),
        Cpu("cortex-a72", ("8a",), _V8_0),
        Cpu("cortex-a55", ("8.2a",), _CORTEX_A76, newer=True),
        Cpu("cortex-a76", ("8.2a",), _CORTEX_A76),
        Cpu("neoverse-n1", ("8.2a",), _CORTEX_A76),
        Cpu("a64fx", ("8.2a",), _A64FX),
        Cpu("neoverse-v1", ("8.4a",), _NEOVERSE_V1, newer=True),
        Cpu("cortex-a710", ("9.0a",), _CORTEX_A710, newer=True),
        Cpu("neoverse-n2", ("9.0a",), _CORTEX_A710 | words("rng"), newer=True),
        # LSE2 (uscat), which 8.4 needs, came with qemu 8.1.
        Cpu(
            "max",
            ("8.3a", "9.0a"),
            (_CORTEX_A710 | words("rng")) - words("dit uscat"),
            open_ended=True,
        ),
    ),
    words("dgh ecv ssbs"),
    {
        "8a": _V8_0,
        "8.2a": _V8_0 | _V8_2,
        "8.3a": _V8_0 | _V8_2 | words("fcma jscvt lrcpc"),
        "8.4a": _V8_0 | _V8_4,
        "9.0a": _V8_0 | _V8_5 | words("sve2"),
    },
    "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse sse2 avx avx2\n\n",
)

ARCHITECTURES = {found.name: found for found in (X86_64, AARCH64)}


def differences(cpu: Cpu, found: Found, unreliable: frozenset[str]) -> list[str]:
    """Return what is wrong in the report of a provider on this CPU, in words."""
    if found.level is None:
        return [found.reason or "nothing is supported"]
    wrong = []
    if found.level not in cpu.levels:
        wrong.append(f"{found.level} instead of {' or '.join(cpu.levels)}")
    surplus = frozenset[str]() if cpu.open_ended else found.flags - cpu.flags
    if surplus:
        wrong.append(f"it does not have {' '.join(sorted(surplus))}")
    missing = cpu.flags - found.flags - unreliable
    if missing:
        wrong.append(f"it also has {' '.join(sorted(missing))}")
    return wrong


def row(cpu: Cpu, found: Found | None, architecture: Architecture) -> tuple[str, ...]:
    """Return the cells of a CPU in the table; `found` is None if this qemu does not have it."""
    if found is None:
        return cpu.model, "", "not in this qemu", "", ""
    wrong = differences(cpu, found, architecture.unreliable)
    level = found.level or "-"
    more = found.flags - architecture.implied.get(level, frozenset())
    hidden = sorted((cpu.flags - found.flags) & architecture.unreliable)
    # There is no qemu that emulates any of these: which ones is no news.
    avx512 = ["AVX-512"] if any(name.startswith("avx512") for name in hidden) else []
    shown = [name for name in hidden if not name.startswith("avx512")]
    note = " ".join([f"({cpu.real})"] * bool(cpu.real) + avx512 + shown)
    return cpu.model, level, "no" if wrong else "ok", " ".join(sorted(more)), note


HEADINGS = ("CPU", "level", "as expected", "flags beyond the level", "not emulated here")


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return the rows below their headings, in columns; the last one is not padded."""
    lines = [HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS) - 1)]
    return "".join(
        "  ".join(
            (*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1])
        ).rstrip()
        + "\n"
        for line in lines
    )
