"""What the registers of the CPUID instruction mean (Intel SDM volume 2, AMD APM volume 3)."""

from __future__ import annotations

from collections.abc import Mapping

Leaf = tuple[int, int]
Registers = tuple[int, int, int, int]
"""EAX, EBX, ECX and EDX."""

_EAX, _EBX, _ECX, _EDX = range(4)
_EXTENDED = 0x8000_0000

_BITS: tuple[tuple[Leaf, int, dict[int, str]], ...] = (
    (
        (1, 0),
        _ECX,
        {
            0: "sse3",
            1: "pclmulqdq",
            9: "ssse3",
            12: "fma",
            13: "cx16",
            19: "sse4_1",
            20: "sse4_2",
            22: "movbe",
            23: "popcnt",
            25: "aes",
            26: "xsave",
            27: "osxsave",
            28: "avx",
            29: "f16c",
            30: "rdrand",
        },
    ),
    ((1, 0), _EDX, {23: "mmx", 25: "sse", 26: "sse2"}),
    (
        (7, 0),
        _EBX,
        {
            0: "fsgsbase",
            1: "tsc_adjust",
            3: "bmi1",
            5: "avx2",
            8: "bmi2",
            16: "avx512f",
            17: "avx512dq",
            18: "rdseed",
            19: "adx",
            21: "avx512ifma",
            23: "clflushopt",
            24: "clwb",
            28: "avx512cd",
            29: "sha_ni",
            30: "avx512bw",
            31: "avx512vl",
        },
    ),
    (
        (7, 0),
        _ECX,
        {
            1: "avx512vbmi",
            6: "avx512_vbmi2",
            8: "gfni",
            9: "vaes",
            10: "vpclmulqdq",
            11: "avx512_vnni",
            12: "avx512_bitalg",
            14: "avx512_vpopcntdq",
            22: "rdpid",
            27: "movdiri",
            28: "movdir64b",
        },
    ),
    ((7, 0), _EDX, {8: "avx512_vp2intersect", 28: "flush_l1d"}),
    ((7, 1), _EAX, {4: "avx_vnni", 5: "avx512_bf16"}),
    ((0xD, 1), _EAX, {0: "xsaveopt", 1: "xsavec"}),
    ((_EXTENDED + 1, 0), _ECX, {0: "lahf_lm", 5: "abm", 6: "sse4a"}),
    ((_EXTENDED + 8, 0), _EBX, {0: "clzero", 27: "cppc"}),
)

NAMES = frozenset(name for _, _, names in _BITS for name in names.values())
"""All that ``flags`` can return."""

LEAVES: tuple[Leaf, ...] = (
    (0, 0),
    (_EXTENDED, 0),
    *dict.fromkeys(leaf for leaf, _, _ in _BITS),
)
"""The leaves that ``flags`` reads. Querying one that a CPU does not have is harmless."""

BRAND: tuple[Leaf, ...] = ((_EXTENDED, 0), *((_EXTENDED + number, 0) for number in (2, 3, 4)))
"""The leaves that ``brand`` reads."""


def brand(leaves: Mapping[Leaf, Registers]) -> str:
    """Return the name that the CPU has for itself, or an empty string if it has none."""
    registers = (leaves[leaf] for leaf in BRAND[1:] if _exists(leaf, leaves))
    text = b"".join(value.to_bytes(4, "little") for values in registers for value in values)
    return text.partition(b"\0")[0].decode("latin-1").strip()


def flags(leaves: Mapping[Leaf, Registers]) -> frozenset[str]:
    """Return the flags that the CPU has, whatever the operating system does with them."""
    return frozenset(
        name
        for leaf, register, names in _BITS
        if leaf in leaves and _exists(leaf, leaves)
        for bit, name in names.items()
        if leaves[leaf][register] >> bit & 1
    )


def _exists(leaf: Leaf, leaves: Mapping[Leaf, Registers]) -> bool:
    """Return whether the CPU has ``leaf``; Intel CPUs return another leaf's registers if not."""
    number, sub = leaf
    base = number & _EXTENDED
    if number > leaves.get((base, 0), (0,))[0]:
        return False
    return number != 7 or sub <= leaves.get((7, 0), (0,))[0]  # noqa: PLR2004 - the leaf that counts its own subleaves
