"""Locks on folders, which end with the process that holds them, however it ends.

They bind only those who ask for them. Where a file system has none, as some network file systems,
nothing is locked. Whoever may read a folder may lock it, so nothing waits for a lock without end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no locks on folders
    fcntl = None  # type: ignore[assignment]

LONGEST_WAIT = 600.0
"""Seconds for which another process is waited for by default."""

_PAUSE = 0.05


@contextlib.contextmanager
def locked(
    folder: Path,
    *,
    shared: bool = False,
    wait: Callable[[], object] | None = None,
    limit: float = LONGEST_WAIT,
) -> Iterator[bool]:
    """Hold the lock of a folder in the block; yield whether it is held.

    ``shared``: others may hold it so as well. ``wait`` is called once if another process holds the
    lock, which is then waited for, up to ``limit`` seconds; without it nothing is waited for. Raise
    TimeoutError, an OSError, if the other one still holds it then.
    """
    with contextlib.ExitStack() as stack:
        descriptor = _opened(folder)
        if descriptor is None:
            yield False
            return
        stack.callback(os.close, descriptor)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        is_held = _lock(descriptor, kind)
        if is_held is None and wait is not None:
            wait()
            is_held = _wait_for(descriptor, kind, folder, limit)
        yield bool(is_held)


def _opened(folder: Path) -> int | None:
    if fcntl is None:
        return None
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None


def _lock(descriptor: int, kind: int) -> bool | None:
    """Return whether a lock is held now; None: another process holds it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except OSError:
        return False
    return True


def _wait_for(descriptor: int, kind: int, folder: Path, limit: float) -> bool:
    end = time.monotonic() + limit
    while (is_held := _lock(descriptor, kind)) is None:
        if time.monotonic() > end:
            reason = f"another process has kept it locked for {limit:g} seconds"
            raise TimeoutError(errno.ETIMEDOUT, reason, str(folder))
        time.sleep(_PAUSE)
    return is_held
