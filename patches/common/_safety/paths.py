"""Paths of any bytes that stay in a folder, and names of single regular files."""

from __future__ import annotations

import errno
import ntpath
import os
import stat
from collections.abc import Callable
from types import ModuleType
from urllib.parse import quote, unquote_to_bytes

_SEPARATORS = frozenset("/\\\0")
# Names that Windows gives to devices, with any extension and in any folder.
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)


def is_inside(folder: str, path: str, flavour: ModuleType = os.path) -> bool:
    """Return whether ``path`` is ``folder`` or below it, as both are written.

    Parts are compared as a whole, and without regard to case where the system has none. Symbolic
    links are not followed. ``flavour`` is ``posixpath`` or ``ntpath``.
    """
    outer, inner = _comparable(folder, flavour), _comparable(path, flavour)
    return inner == outer or inner.startswith(outer.rstrip(flavour.sep) + flavour.sep)


def _comparable(path: str, flavour: ModuleType) -> str:
    absolute: str = flavour.normcase(flavour.abspath(path))
    # POSIX keeps two leading slashes, and no system we know gives them a meaning.
    return absolute if flavour is ntpath else f"/{absolute.lstrip('/')}"


def check_regular(path: str) -> None:
    """Raise OSError if a path does not name a regular file, as a FIFO or a device."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", path)


def is_file_name(name: str, flavour: ModuleType = os.path) -> bool:
    """Return whether ``name`` is the name of one file, whatever the folder to which it is joined.

    The separators of every system count on every system; drives, streams and devices of Windows
    only there, because a colon is an ordinary character elsewhere.
    """
    if name in {"", ".", ".."} or not _SEPARATORS.isdisjoint(name):
        return False
    if flavour is not ntpath:
        return True
    # Windows ignores dots and spaces at the end.
    stem = name.rstrip(" .").partition(".")[0].rstrip().lower()
    return ":" not in name and name.rstrip(" .") != "" and stem not in _DEVICES


def unusual_url(path: str) -> str | None:
    """Return the URL of a path whose bytes are no text, or that begins with two slashes; else None.

    What follows two slashes would be a host.
    """
    if os.name == "posix" and path.startswith("//"):
        return f"file://{quote(os.fsencode(path[1:]))}"
    try:
        path.encode()
    except UnicodeEncodeError:
        return f"file://{quote(os.fsencode(path))}"
    return None


def path_of_url(quoted: str, convert: Callable[[str], str]) -> str:
    """Return the path that a URL has in quotes; ``convert`` is right if that is UTF-8."""
    path = convert(quoted)
    if path.isascii() or os.name != "posix":
        return path
    return os.fsdecode(unquote_to_bytes(quoted))
