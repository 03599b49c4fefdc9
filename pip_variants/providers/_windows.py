"""Read CPU features from Windows and, on x86_64, from the CPU, which has more than Windows reports.

``IsProcessorFeaturePresent`` knows neither FMA, BMI1, LZCNT, MOVBE nor F16C, without which there
is no level v3, so the CPUID instruction is run from a page of memory.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence

from ._cpuid import Leaf, Registers
from ._cpuid_code import CODE, query

_COMMIT_AND_RESERVE = 0x3000
_RELEASE = 0x8000
_READ_WRITE = 0x04
_EXECUTE_READ = 0x20


def cpuid(leaves: Sequence[Leaf]) -> dict[Leaf, Registers]:
    """Return the registers of each of ``leaves``; raise OSError if no code may be run."""
    kernel = _kernel()
    kernel.VirtualAlloc.restype = ctypes.c_void_p
    place = kernel.VirtualAlloc(None, ctypes.c_size_t(len(CODE)), _COMMIT_AND_RESERVE, _READ_WRITE)
    if not place:
        raise OSError("no memory for the CPUID instruction")
    address = ctypes.c_void_p(place)
    try:
        ctypes.memmove(address, CODE, len(CODE))
        old = ctypes.c_uint32()
        size = ctypes.c_size_t(len(CODE))
        if not kernel.VirtualProtect(address, size, _EXECUTE_READ, ctypes.byref(old)):
            raise OSError("the CPUID instruction may not be run")
        return query(place, leaves)
    finally:
        kernel.VirtualFree(address, ctypes.c_size_t(0), _RELEASE)


def enabled_states() -> int:
    """Return the bits of XCR0 that Windows has enabled; raise OSError or AttributeError."""
    kernel = _kernel()
    kernel.GetEnabledXStateFeatures.restype = ctypes.c_uint64
    return int(kernel.GetEnabledXStateFeatures())


def features_present(numbers: Iterable[int]) -> frozenset[int]:
    """Return those of ``numbers`` that ``IsProcessorFeaturePresent`` confirms; raise OSError."""
    kernel = _kernel()
    return frozenset(number for number in numbers if kernel.IsProcessorFeaturePresent(number))


def _kernel() -> ctypes.CDLL:
    # On 64-bit Windows there is one calling convention, so that CDLL serves as WinDLL does.
    return ctypes.CDLL("kernel32")
