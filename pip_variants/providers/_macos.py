"""Read values from macOS by ``sysctlbyname``, without starting the ``sysctl`` program."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from typing import Protocol

_TEXTS = "machdep.cpu."


class Library(Protocol):
    """The system library, or what stands in for it."""

    def sysctlbyname(
        self, name: bytes, old: object, size: object, new: None, new_size: int, /
    ) -> int:
        """Fill ``old`` with up to ``size`` bytes and return 0, or fail and return -1."""


def sysctl(names: Iterable[str], library: Library | None = None) -> dict[str, str]:
    """Return the values that exist, as the ``sysctl`` program prints them; raise OSError."""
    system = library or ctypes.CDLL(None)
    values = {}
    for name in names:
        size = ctypes.c_size_t(0)
        if system.sysctlbyname(name.encode(), None, ctypes.byref(size), None, 0) != 0:
            continue
        buffer = ctypes.create_string_buffer(size.value + 1)
        if system.sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, 0) != 0:
            continue
        if name.startswith(_TEXTS):
            values[name] = buffer.value.decode("ascii", "replace")
        else:
            values[name] = str(int.from_bytes(buffer.raw[: size.value], sys.byteorder))
    return values
