"""Temporary files and folders that do not outlive pip for long, however it ends.

Those of one run are in a folder of its own, on which it holds a lock as long as it lives; the
kernel releases that. The first of a run to be made in a folder removes there what other runs have
left whose lock is free. Only folders of this user and of this host are looked at, as there are
file systems whose locks other hosts do not see, and none in which a run has left something on
purpose. Where there are no such locks, as on Windows, all is as in a stock pip.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
import threading
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MOST = 10_000
"""Names in a folder that are looked at for what other runs have left."""
KEPT = "kept"
"""A file in what a run leaves on purpose, for ``--no-clean``."""

_TRIES = 10
_OPEN = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class _Folder:
    """The folder of this process in another one, and the descriptor that holds its lock."""

    # Every run of pip loads this module, and a dataclass takes as long as the rest of it.
    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.process = os.getpid()


class _Folders:
    def __init__(self) -> None:
        self._by_parent: dict[str, _Folder] = {}
        self._lock = threading.Lock()

    def get(self, parent: str) -> str:
        with self._lock:
            known = self._by_parent.get(parent)
            if known is not None and known.process == os.getpid() and os.path.isdir(known.path):
                return known.path
            if fcntl is None:
                return parent
            sweep(parent)
            new = _locked_folder(parent)
            if new is None:
                return parent
            if not self._by_parent:
                atexit.register(release)
            self._by_parent[parent] = new
            return new.path

    def release(self) -> None:
        with self._lock:
            own = [item for item in self._by_parent.values() if item.process == os.getpid()]
            self._by_parent.clear()
            atexit.unregister(release)
        for folder in own:
            _leave(folder)


_folders = _Folders()


def run_folder(parent: str | None = None) -> str:
    """Return the folder for what this run puts into ``parent`` for a while; raise OSError.

    By default that is where temporary files go.
    """
    return _folders.get(tempfile.gettempdir() if parent is None else parent)


@contextlib.contextmanager
def new_file(path: str, folder: str) -> Iterator[IO[bytes]]:
    """Yield a new file for what is about to be moved to ``path``, which is below ``folder``."""
    with tempfile.NamedTemporaryFile(
        prefix=os.path.basename(path), suffix=".tmp", dir=run_folder(folder), delete=False
    ) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(file.name)
            raise


def keep(path: str) -> None:
    """Let a temporary folder outlive its run, and the runs behind it."""
    folder = os.path.dirname(path)
    if os.path.basename(folder).startswith(_prefix()):
        with contextlib.suppress(OSError):
            os.close(os.open(os.path.join(folder, KEPT), os.O_WRONLY | os.O_CREAT, 0o600))


def release() -> None:
    """Remove the folders of this run; in what is not empty, this is for the next run."""
    _folders.release()


def _locked_folder(parent: str) -> _Folder | None:
    """Return a new folder with its lock, or None if there are no locks here."""
    for _ in range(_TRIES):
        path = tempfile.mkdtemp(prefix=_prefix(), dir=parent)
        try:
            descriptor = os.open(path, _OPEN)
        except FileNotFoundError:  # another run saw it before it had its lock
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return _Folder(path, descriptor)
        except (BlockingIOError, FileNotFoundError):
            pass
        except OSError:
            os.close(descriptor)
            os.rmdir(path)
            return None
        os.close(descriptor)
    return None


def sweep(parent: str) -> None:
    """Remove from a folder what runs have left that have ended."""
    try:
        folder = os.open(parent, _OPEN & ~getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return
    prefix = _prefix()
    try:
        with os.scandir(folder) as entries:
            names = [item.name for item in islice(entries, MOST) if item.name.startswith(prefix)]
        for name in names:
            with contextlib.suppress(OSError, RecursionError):
                _remove(folder, name)
    except OSError:
        pass
    finally:
        os.close(folder)


def _remove(parent: int, name: str) -> None:
    """Remove the folder of a run that has ended; raise OSError.

    It is emptied through its descriptor: whatever has its name meanwhile, nothing else is.
    """
    folder = os.open(name, _OPEN, dir_fd=parent)
    try:
        if os.fstat(folder).st_uid != os.geteuid():
            return
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if KEPT in os.listdir(folder):
            return
        _empty(folder)
        os.rmdir(name, dir_fd=parent)
    finally:
        os.close(folder)


def _empty(folder: int) -> None:
    """Remove what is in a folder, as far as that is possible."""
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        with contextlib.suppress(OSError):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.name, dir_fd=folder)
                continue
            inner = os.open(entry.name, _OPEN, dir_fd=folder)
            try:
                _empty(inner)
            finally:
                os.close(inner)
            os.rmdir(entry.name, dir_fd=folder)


def _leave(folder: _Folder) -> None:
    """Remove the folder of this run with the files in it; leave what has folders or is kept."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder.path)):
            if not entry.is_dir(follow_symlinks=False) and entry.name != KEPT:
                os.unlink(entry.path)
        os.rmdir(folder.path)
    os.close(folder.descriptor)


def _prefix() -> str:
    """Return the beginning of the names of all such folders that this host makes."""
    return f"pip-run-{zlib.crc32(os.uname().nodename.encode()):08x}-"
