"""Locks on folders, which end with the process that holds them, however it ends.

They bind only those who ask for them. Where a file system has none, as some network file systems,
nothing is locked.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no locks on folders
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def locked(
    folder: Path, *, shared: bool = False, wait: Callable[[], object] | None = None
) -> Iterator[bool]:
    """Hold the lock of a folder in the block; yield whether it is held.

    ``shared``: others may hold it so as well. ``wait`` is called once if another process holds the
    lock, which is then waited for; without it nothing is waited for.
    """
    with contextlib.ExitStack() as stack:
        descriptor = _opened(folder)
        if descriptor is None:
            yield False
            return
        stack.callback(os.close, descriptor)
        yield _lock(descriptor, shared=shared, wait=wait)


def _opened(folder: Path) -> int | None:
    if fcntl is None:
        return None
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None


def _lock(descriptor: int, *, shared: bool, wait: Callable[[], object] | None) -> bool:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if wait is None:
            return False
        wait()
        try:
            fcntl.flock(descriptor, kind)
        except OSError:
            return False
    except OSError:
        return False
    return True
