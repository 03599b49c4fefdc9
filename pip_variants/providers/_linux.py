"""What the Linux kernel reports to a process about the machine (getauxval(3))."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

AT_HWCAP = 16
AT_HWCAP2 = 26


def auxiliary_values(types: Sequence[int], library: Any = None) -> tuple[int, ...]:  # noqa: ANN401 - a library of C
    """Return the values of these entries of the auxiliary vector; 0 for one that is not there.

    Raise AttributeError or OSError if the C library has no such function.
    """
    read = (library or ctypes.CDLL(None)).getauxval
    read.restype = ctypes.c_ulong
    read.argtypes = [ctypes.c_ulong]
    return tuple(int(read(number)) for number in types)
