"""Small files in which a kernel or an installation describes the machine."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

LARGEST = 1 << 16
"""Bytes of a file that are read; what describes one device has far less."""


def read_text(path: Path, largest: int = LARGEST) -> str:
    """Return the beginning of a file as ASCII; raise OSError if it is no readable regular file."""
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe could take forever
        raise OSError(errno.EINVAL, "it is not a regular file")
    with path.open("rb") as file:
        return file.read(largest).decode("ascii", "replace")


def group_of(path: Path) -> str:
    """Return the name of the group of a file, or its number where no name is known."""
    try:
        return path.group()
    except KeyError:  # a container need not know the groups of its host
        return str(path.stat().st_gid)


def cause(error: OSError) -> str:
    """Return why a file cannot be read."""
    return error.strerror or type(error).__name__
