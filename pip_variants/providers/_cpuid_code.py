"""Run the CPUID instruction, for which neither Python nor an operating system has a function."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from ._cpuid import Leaf, Registers

# push rbx; mov eax, ecx; mov ecx, edx; cpuid; mov [r8], eax; mov [r8+4], ebx; mov [r8+8], ecx;
# mov [r8+12], edx; pop rbx; ret.
CODE = bytes.fromhex("53 89c8 89d1 0fa2 418900 41895804 41894808 4189500c 5b c3")
"""The machine code: leaf, subleaf and the address of the result come in ECX, EDX and R8."""


def query(address: int, leaves: Sequence[Leaf]) -> dict[Leaf, Registers]:
    """Return the registers of each of ``leaves`` by the machine code at ``address``."""
    run = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)(address)
    found = {}
    for leaf in leaves:
        result = (ctypes.c_uint32 * 4)()
        run(*leaf, ctypes.addressof(result))
        eax, ebx, ecx, edx = result
        found[leaf] = (eax, ebx, ecx, edx)
    return found
