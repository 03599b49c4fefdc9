"""What a command changes in folders of distributions, so that it may be killed at any moment.

One pip at a time changes such a folder. A distribution counts as installed once the folder with its
metadata has its name, which it gets when all files are in their places and loses last. What a pip
that was killed leaves, a folder beside the distributions, is swept by the next one that changes
them; if it shows that files were lost that had been written, as after a power loss, their
distribution counts as not installed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from logging import getLogger
from typing import TYPE_CHECKING, cast

from pip._internal.exceptions import InstallationError
from pip._internal.locations import get_platlib, get_purelib, get_scheme, user_site
from pip._internal.req.req_install import InstallRequirement
from pip._internal.req.req_uninstall import UninstallPathSet
from pip._internal.utils.filesystem import replace
from pip._internal.utils.temp_dir import AdjacentTempDirectory, TempDirectory
from pip._vendor.packaging.utils import canonicalize_name

from .._variants.run import Run, current  # noqa: TID252 (both are copied into pip)
from . import recovery
from .recovery import DONE, INFO, PREFIX, REMOVED, STASH

if TYPE_CHECKING:
    from pip._internal.operations.install.wheel import InstalledCSVRow, RecordPath

logger = getLogger(__name__)

WAIT = 600.0
"""Seconds for which a pip waits for another one at most."""

_PAUSE = 0.1
_QUIET_WAIT = 1.0


class Library:
    """A folder of distributions that this command changes, and no other pip meanwhile.

    ``is_recovered``: a pip that was killed had left something.
    """

    def __init__(self, path: str, lock: int | None, *, is_recovered: bool) -> None:
        self.path = path
        self.lock = lock
        self.is_recovered = is_recovered
        self._folder: str | None = None

    def new_folder(self) -> str | None:
        """Return a new folder on the file system of the distributions; None: it is read-only."""
        with suppress(OSError):
            if self._folder is None:
                self._folder = tempfile.mkdtemp(prefix=PREFIX, dir=self.path)
            return tempfile.mkdtemp(dir=self._folder)
        return None

    def note(self, kind: str, name: str, target: str = ".") -> None:
        """Note for the next sweep of the folder what belongs to it; only names outlive a crash."""
        if self._folder is not None:
            with suppress(OSError):
                os.symlink(target, os.path.join(self._folder, f"{kind}{name}"))

    def close(self) -> None:
        """Remove the folder, and let other pips change the library.

        It stays for the next pip if Ctrl-C came so early that a removal cannot be undone.
        """
        if self._folder is not None and not recovery.has_rest(self._folder):
            shutil.rmtree(self._folder, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)


class Changes:
    """The libraries that one command changes; ``have_begun`` once it has more than swept them."""

    def __init__(self) -> None:
        self.have_begun = False
        self._libraries: dict[str, Library] = {}
        self._removals: list[UninstallPathSet] = []

    def library(self, path: str) -> Library:
        """Return a library, locking it first; raise InstallationError if that takes too long."""
        path = os.path.realpath(path)
        return self._libraries.get(path) or self._open(path, _wait_for_lock(path))

    def recover(self, path: str) -> None:
        """Open a library in which a pip that was killed has left something."""
        path = os.path.realpath(path)
        if path not in self._libraries and recovery.left(path):
            with suppress(BlockingIOError):  # a pip that runs
                self._open(path, _lock(path))

    def _open(self, path: str, lock: int | None) -> Library:
        folders = recovery.left(path)
        library = self._libraries[path] = Library(path, lock, is_recovered=bool(folders))
        recovery.sweep(path, folders, is_locked=lock is not None)
        return library

    def find(self, path: str) -> Library | None:
        """Return a library if this command changes it."""
        return self._libraries.get(os.path.realpath(path))

    def all(self) -> Sequence[Library]:
        """Return the libraries of all changes."""
        return tuple(self._libraries.values())

    def add(self, removal: UninstallPathSet) -> None:
        """Undo a removal at the end, unless pip has committed it."""
        self.have_begun = True
        self._removals.append(removal)

    def close(self) -> None:
        """End all changes; what has not been committed, as after Ctrl-C, is undone."""
        for removal in self._removals:
            if removal._moved_paths.can_rollback:  # noqa: SLF001 (25.1.1 has no other name for it)
                removal.rollback()
        self._removals.clear()
        while self._libraries:
            self._libraries.popitem()[1].close()


def changes_of(run: Run) -> Changes:
    """Return the changes of a run, which close with it."""
    if run.changes is None:
        run.changes = Changes()
    return run.changes


def begin(
    reqs: Collection[InstallRequirement],
    *,
    root: str | None,
    home: str | None,
    prefix: str | None,
    use_user_site: bool,
) -> None:
    """Lock the libraries into which requirements will be installed.

    What another pip has installed there since they were resolved is replaced.
    """
    run = current()
    # Code that uses pip's internals without a command has no options.
    if run.options is None or not reqs:
        return
    changes = changes_of(run)
    changes.have_begun = True
    if home:  # the temporary folder of --target, from which pip moves whatever is in it
        return
    scheme = get_scheme("pip", user=use_user_site, root=root, prefix=prefix)
    libraries = sorted({scheme.purelib, scheme.platlib})
    for path in libraries:
        os.makedirs(path, exist_ok=True)
        changes.library(path)
    if root or prefix or getattr(run.options, "ignore_installed", False):
        return
    installed = {name for path in libraries for name in recovery.names(path)}
    for req in reqs:
        if canonicalize_name(req.name or "") in installed:
            req.should_reinstall = True


def open_libraries() -> None:
    """Lock the libraries from which this command may uninstall something, before it looks at them.

    Another pip may be about to uninstall the same.
    """
    changes = changes_of(current())
    searched = {os.path.realpath(path) for path in sys.path}
    places = {os.path.realpath(path) for path in (get_purelib(), get_platlib(), user_site) if path}
    for path in sorted(places & searched):
        if os.access(path, os.W_OK) and os.path.isdir(path):
            changes.library(path)


def open_library(location: str | None, removal: UninstallPathSet) -> None:
    """Lock the library of a distribution that is about to be uninstalled."""
    run = current()
    if run.options is not None and location is not None and os.path.isdir(location):
        changes_of(run).library(location)
        changes_of(run).add(removal)


def stash_folder(path: str) -> TempDirectory:
    """Return a temporary folder for a folder that is being uninstalled; raise OSError."""
    changes = current().changes
    parent, name = os.path.split(path.rstrip(os.sep))
    library = changes.find(parent) if changes is not None else None
    folder = library.new_folder() if library is not None else None
    if library is not None and folder is not None:
        if name.endswith(INFO):
            library.note(REMOVED, name, folder)
        return TempDirectory(path=folder, delete=True, kind="uninstall")
    adjacent = AdjacentTempDirectory(path)
    for opened in changes.all() if changes is not None else ():
        opened.note(STASH, os.path.basename(adjacent.path), adjacent.path)
    return adjacent


class InfoFolder:
    """Where the metadata of a wheel goes: into a folder beside its place until all else is there.

    ``folder`` is that folder, or the place itself where there is none.
    """

    def __init__(self, library: str, name: str) -> None:
        self._final = os.path.join(library, name)
        self._name = name
        changes = current().changes
        self._library = changes.find(library) if changes is not None else None
        folder = self._library.new_folder() if self._library is not None else None
        self.folder = self._final
        if folder is not None:
            inner = os.path.relpath(folder, os.path.realpath(library))
            self.folder = os.path.join(library, inner, name)

    def path(self, target: str) -> str:
        """Return where a file of the wheel is written first."""
        if target.startswith(self._final + os.sep):
            return self.folder + target[len(self._final) :]
        return target

    def cleared(self) -> str:
        """Return the folder, once the files of the wheel are there, without what pip writes."""
        from .installer_files import remove_shipped

        remove_shipped(self.folder)
        return self.folder

    def rows(self, rows: Sequence[InstalledCSVRow]) -> list[InstalledCSVRow]:
        """Return the rows of RECORD with the final names, once all files are there."""
        if self._library is not None and self._library.is_recovered:
            recovery.remove_parts({os.path.dirname(row[0]) for row in rows}, self._library.path)
        folder = os.path.relpath(self.folder, os.path.dirname(self._final)).replace(os.sep, "/")
        named = [
            (cast("RecordPath", self._name + name[len(folder) :]), digest, size)
            if name.startswith(f"{folder}/")
            else (name, digest, size)
            for name, digest, size in rows
        ]
        from .installer_files import with_written

        return with_written(named, self._name, self.folder)

    def finish(self) -> None:
        """Put the metadata in its place: from now on the distribution is installed."""
        if self._library is None or self.folder == self._final:
            return
        self._library.note(DONE, self._name)
        if os.path.lexists(self._final):
            shutil.move(self._final, self._library.new_folder() or "")
        replace(self.folder, self._final)


def info_folder(library: str, name: str) -> InfoFolder:
    """Return where the metadata of a wheel goes that is installed into a library."""
    return InfoFolder(library, name)


def recover(*, use_user_site: bool) -> None:
    """Sweep what pips that were killed have left where this one is about to look and install."""
    scheme = get_scheme("pip", user=use_user_site)
    for path in {get_purelib(), get_platlib(), scheme.purelib, scheme.platlib}:
        changes_of(current()).recover(path)
    changes_of(current()).have_begun = False


def _wait_for_lock(path: str) -> int | None:
    """Return the lock of a library, or None where there are none; raise InstallationError."""
    start = time.monotonic()
    is_logged = False
    while True:
        with suppress(BlockingIOError):
            return _lock(path)
        waited = time.monotonic() - start
        if waited > WAIT:
            raise InstallationError(
                f"Another pip has been changing {path} for {WAIT / 60:.0f} minutes."
            )
        if waited > _QUIET_WAIT and not is_logged:
            logger.info("Waiting for another pip that is changing %s", path)
            is_logged = True
        time.sleep(_PAUSE)


def _lock(path: str) -> int | None:
    """Return a file descriptor that holds the lock of a library, or None where there are none.

    It ends with the process. Raise BlockingIOError if another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # a file system without locks
        os.close(descriptor)
        return None
    return descriptor
