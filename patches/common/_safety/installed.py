"""Files of installed distributions and of pip's cache, as a bad disk or another user left them."""

from __future__ import annotations

import csv
import errno
import os
import stat
from contextlib import suppress
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import IO

from .documents import ROWS, count_problem, size_problem
from .limits import MAX_DOCUMENT

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_MAX_ENTRY = 16 * 1024 * 1024
"""Bytes of what the cache keeps of a response besides its body: headers."""
_MOST_ROWS = 5 * ROWS
"""Of a RECORD: pip adds the bytecode to that of the wheel."""


class Installed(PathDistribution):
    """An installed distribution; a file that is no document counts as missing.

    That is one that is not regular, as a FIFO, or is too large, and a RECORD that is no table.
    Bytes that are not UTF-8 are part of a path in RECORD, and replaced elsewhere.
    """

    def __init__(self, info: Path) -> None:
        super().__init__(info)
        self._info = info

    def read_text(self, filename: str | os.PathLike[str]) -> str | None:
        """Return the text of a file of the metadata, or None: it is missing."""
        data = _read(self._info.joinpath(filename))
        if data is None:
            return None
        is_record = os.fspath(filename) == "RECORD"
        text = data.decode("utf-8", "surrogateescape" if is_record else "replace")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text if not is_record or _is_table(text) else None


def is_searched(location: str) -> bool:
    """Return whether distributions may lie in what has this path: a folder or an archive."""
    with suppress(OSError, ValueError):
        mode = os.stat(location or os.curdir).st_mode
        return stat.S_ISDIR(mode) or stat.S_ISREG(mode)
    return False


def readable(dist: Distribution) -> Distribution:
    """Return an installed distribution of which each file can be read in bounds."""
    info = getattr(dist, "_path", None)
    return Installed(info) if isinstance(info, Path) else dist


def is_cached(entry: str, body: str) -> bool:
    """Return whether pip's cache has a response: two regular files, the first in bounds."""
    with suppress(OSError):
        first, second = os.stat(entry), os.stat(body)
        are_regular = stat.S_ISREG(first.st_mode) and stat.S_ISREG(second.st_mode)
        return are_regular and first.st_size <= _MAX_ENTRY
    return False


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file to read it; raise OSError, without waiting, also for what is no regular one."""
    file = open(os.open(path, _FLAGS), "rb")  # noqa: SIM115 (it is returned)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file", os.fspath(path))
    return file


def _read(path: Path) -> bytes | None:
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_DOCUMENT or (path.name != "RECORD" and size_problem(path.name, size)):
                return None
            content = file.read()
            return None if count_problem(path.name, content, _MOST_ROWS) else content
    except (OSError, ValueError):
        return None


def _is_table(text: str) -> bool:
    """Return whether each row of a RECORD begins with a path."""
    try:
        return "\0" not in text and all(csv.reader(text.splitlines()))
    except csv.Error:
        return False
