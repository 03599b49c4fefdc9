"""Files that are replaced atomically.

The new content is written beside the file, with a lock that the kernel releases when this process
ends. The first time that a process replaces a file in a folder it removes what others had begun to
write there and whose lock is free: they have been killed. It looks only at files of this user and
of this host, as there are file systems whose locks other hosts do not see.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MOST = 10_000
"""Names in a folder that are looked at for what others have left."""

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically: a reader sees all of ``data`` or all of the old content.

    Raise OSError and leave the old file as it was.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file beside ``path`` that replaces it after the block, unless that raises."""
    sweep(str(path.parent))
    file, temporary = _new_file(path)
    try:
        with file:
            yield file
            if fcntl is not None:  # while it has its lock
                file.flush()
                temporary.replace(path)
        if fcntl is None:  # Windows renames no open file
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@lru_cache(maxsize=64)
def sweep(folder: str) -> None:
    """Remove from a folder what processes were writing that have ended, once in this process."""
    if fcntl is None:
        return
    is_temporary = re.compile(r"\.[0-9a-f]{16}" + re.escape(_suffix())).fullmatch
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, MOST):
            if is_temporary(entry.name):
                with contextlib.suppress(OSError):
                    _remove(Path(entry.path))


def _remove(path: Path) -> None:
    """Remove a file of this user whose lock is free; raise OSError."""
    descriptor = os.open(path, _READ)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)


def _new_file(path: Path) -> tuple[IO[bytes], Path]:
    """Return a new file beside a path, with its lock where there are locks, and its own path."""
    while True:
        temporary = path.with_name(f".{os.urandom(8).hex()}{_suffix()}")
        file = temporary.open("xb")
        if fcntl is None:
            return file, temporary
        with contextlib.suppress(OSError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_nlink:
            return file, temporary
        file.close()  # another process saw it before it had its lock


def _suffix() -> str:
    """Return the end of the names of all such files that this host makes."""
    host = "" if fcntl is None else os.uname().nodename
    return f"-{zlib.crc32(host.encode()):08x}.tmp"
