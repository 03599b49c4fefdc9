"""What a process on Linux finds out about its CPU: from the kernel (getauxval(3)), from the CPU."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._cpuid import Leaf, Registers
from ._cpuid_code import CODE, query

AT_HWCAP = 16
AT_HWCAP2 = 26

# mov r8, rdx; mov ecx, edi; mov edx, esi: from where Linux passes arguments.
_CPUID = bytes.fromhex("4989d0 89f9 89f2") + CODE
# xor ecx, ecx; xgetbv; shl rdx, 32; or rax, rdx; ret.
_XGETBV = bytes.fromhex("31c9 0f01d0 48c1e220 4809d0 c3")

_FAILED = ctypes.c_void_p(-1).value


def auxiliary_values(types: Sequence[int], library: Any = None) -> tuple[int, ...]:  # noqa: ANN401 - a library of C
    """Return the values of these entries of the auxiliary vector; 0 for one that is not there.

    Raise AttributeError or OSError if the C library has no such function.
    """
    read = (library or ctypes.CDLL(None)).getauxval
    read.restype = ctypes.c_ulong
    read.argtypes = [ctypes.c_ulong]
    return tuple(int(read(number)) for number in types)


def cpuid(leaves: Sequence[Leaf]) -> dict[Leaf, Registers]:
    """Return the registers of each of ``leaves``; raise OSError if no code may be run."""
    with _executable(_CPUID) as address:
        return query(address, leaves)


def enabled_states() -> int:
    """Return the bits of XCR0; raise OSError if no code may be run.

    Only a CPU that has ``osxsave`` has the instruction.
    """
    with _executable(_XGETBV) as address:
        return int(ctypes.CFUNCTYPE(ctypes.c_uint64)(address)())


@contextmanager
def _executable(code: bytes) -> Iterator[int]:
    """Yield the address of a copy of ``code`` that can be run, or raise OSError.

    It is never writable and executable at once, which more systems forbid than this.
    """
    library = _library()
    library.mmap.restype = ctypes.c_void_p
    size = ctypes.c_size_t(mmap.PAGESIZE)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    place = library.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, ctypes.c_long(0))
    if place in (None, _FAILED):
        raise OSError("no code may be run")
    address = ctypes.c_void_p(place)
    try:
        ctypes.memmove(address, code, len(code))
        if library.mprotect(address, size, mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError("no code may be run")
        yield place
    finally:
        library.munmap(address, size)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
