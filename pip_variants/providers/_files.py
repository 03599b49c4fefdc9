"""Small files in which a kernel or an installation describes the machine, and its devices."""

from __future__ import annotations

import errno
import os
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


def cause(error: OSError) -> str:
    """Return why a file cannot be read."""
    return error.strerror or type(error).__name__


def device_problem(device: Path) -> str | None:
    """Return why this process cannot open a device, or None."""
    try:
        owner = device.stat().st_gid
    except FileNotFoundError:
        return f"there is no {device} here, as in a container that was not given it"
    except OSError as error:
        return f"{device} cannot be opened: {cause(error)}"
    if os.access(device, os.R_OK | os.W_OK):
        return None
    return f"no permission to open {device}, which the group {group(owner)} has"


def group(number: int) -> str:
    """Return the name of a group, or its number where no name is known, as in a container."""
    try:
        import grp

        return grp.getgrgid(number).gr_name
    except (ImportError, KeyError):
        return str(number)
