"""Keeps what is under attack from the files of the machine, whatever defect lets it write there.

Only root can, and only root needs it: anybody else has no rights to those files. Linux only.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

_NEW_MOUNTS = 0x20000
_BIND, _ALL_BELOW, _PRIVATE = 0x1000, 0x4000, 0x40000
_SET_ATTRIBUTES = 442
"""The number of the system call mount_setattr, the same on every machine; Linux 5.12."""
_HERE = -100
_RECURSIVE = 0x8000
_READ_ONLY = 1


def confine(writable: Iterable[str]) -> bool:
    """Let this process, and all that it starts, write below these folders alone.

    Return whether it does. A change of a device, such as its mode, is a write, too.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    folders = sorted({os.path.realpath(path) for path in writable})
    if libc.unshare(_NEW_MOUNTS) != 0 or libc.mount(b"none", b"/", None, _PRIVATE | _ALL_BELOW, 0):
        return False
    for folder in folders:
        path = os.fsencode(folder)
        libc.mount(path, path, None, _BIND | _ALL_BELOW, 0)
    confined = _set(libc, "/", set_to=_READ_ONLY)
    return confined and all(_set(libc, folder, clear=_READ_ONLY) for folder in folders)


def _set(libc: ctypes.CDLL, folder: str, *, set_to: int = 0, clear: int = 0) -> bool:
    """Set and clear attributes of all mounts in a folder; return whether that was done."""
    attributes = (ctypes.c_uint64 * 4)(set_to, clear, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    path = os.fsencode(folder)
    done = libc.syscall(_SET_ATTRIBUTES, _HERE, path, _RECURSIVE, ctypes.byref(attributes), size)
    return int(done) == 0
