"""The folders in which providers are installed: where they lie, and which can be used again.

A folder in the cache is complete when it has an inventory of what was installed. Code in it is run
only if all of it is still there, unchanged, and only root and this user can have written it. Else
it is installed anew, in the cache if that is this user's own, or in a temporary folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pip_variants.core.limits import MAX_BYTES
from pip_variants.system.locks import locked
from pip_variants.system.owned import (
    belongs_to_us,
    is_own,
    is_private,
    make_folder,
    open_regular,
    read_limited,
    resolve_own,
    seal,
)
from pip_variants.system.purging import remove

from .compat import temporary_folder

LOCK_WAIT = 60.0
"""Seconds to wait for another pip, which holds the lock alone only while it removes left-overs."""

_INVENTORY = "complete"
_WORK = ".new-"
_LONGEST_WORK = 24 * 3600.0
"""Seconds after which a folder of work is left over, where no lock can tell."""
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where providers are: ``new`` is where they are installed, ``kept`` where some may be already.

    ``problem`` says why that is not one and the same folder in the cache, if there is a cache.
    """

    new: Path
    kept: Path | None = None
    problem: str | None = None


def place_of(cache: str | None) -> Place:
    """Return where providers are if this is pip's cache; raise OSError."""
    if not cache:
        return Place(temporary_folder("variant-providers"))
    folder = Path(cache, "variants", "providers")
    kept = problem = None
    try:
        make_folder(folder, mode=0o700)
    except OSError as error:
        problem = _problem(error, folder)
    try:
        kept = resolve_own(folder)
    except OSError as error:
        # Whose folder it is explains more than that none can be made in it.
        problem = problem if problem and error.errno else _problem(error, folder)
    if kept is not None and problem is None:
        if belongs_to_us(kept) and _is_usable(kept):
            return Place(kept, kept)
        problem = f"{folder} cannot be written"
    return Place(temporary_folder("variant-providers"), kept, problem)


def _problem(error: OSError, folder: Path) -> str:
    if error.errno is None:
        return str(error)
    return f"{error.filename or folder}: {error.strerror}"


def _is_usable(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=effective)


def elsewhere(place: Place, error: OSError) -> Place:
    """Return a temporary folder for what cannot be installed in the cache; raise OSError."""
    if place.new != place.kept:
        raise error
    problem = f"{place.new}: {error.strerror or error}"
    return Place(temporary_folder("variant-providers"), place.kept, problem)


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[Path]:
    """Yield a new folder in ``folder``, for one provider at work; raise OSError.

    Those that a killed pip left behind are removed before.
    """
    _sweep(folder)
    with (
        locked(folder, shared=True, wait=lambda: None, limit=LOCK_WAIT),
        tempfile.TemporaryDirectory(dir=folder, prefix=_WORK, ignore_cleanup_errors=True) as work,
    ):
        yield Path(work)


def _sweep(folder: Path) -> None:
    """Remove what is left over of work, unless another pip is at work now."""
    left = [*folder.glob(f"{_WORK}*")]
    if not left:
        return
    with locked(folder) as nobody_works:
        before = time.time() - _LONGEST_WORK
        for path in left:
            with contextlib.suppress(OSError):
                if belongs_to_us(path) and (nobody_works or path.lstat().st_mtime < before):
                    remove(path)


def complete(site: Path) -> None:
    """Write the inventory of a folder in which all is installed; raise OSError."""
    files = {
        path.relative_to(site).as_posix(): [path.lstat().st_size, _sha256(path)]
        for path in sorted(site.rglob("*"))
        if not path.is_dir()
    }
    (site / _INVENTORY).write_text(json.dumps(files), encoding="utf-8")
    seal(site)


def is_complete(site: Path) -> bool:
    """Return whether all is in a folder that was installed in it, and nobody else's.

    The folder is in one that is trusted.
    """
    try:
        inventory = _inventory(site)
        private = is_private(site.parent)
        if inventory is None or not is_own(site, site.lstat(), is_private=private):
            return False
        for path in site.rglob("*"):
            found = path.lstat()
            if not is_own(path, found, is_private=private):
                return False
            expected = inventory.pop(path.relative_to(site).as_posix(), None)
            if expected and [found.st_size, _sha256(path)] != expected:
                return False
    except OSError:
        return False
    return not inventory


def _inventory(site: Path) -> dict[str, list[object]] | None:
    """Return size and hash of each file that was installed in a folder, or None."""
    if site.is_symlink():
        return None
    text = read_limited(site / _INVENTORY, MAX_BYTES)
    try:
        found = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found else None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path, follow=False) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def move(new: Path, site: Path) -> None:
    """Give a complete folder its name, unless another pip was faster; raise OSError."""
    try:
        new.replace(site)
    except OSError:
        if is_complete(site):
            return
        # Damaged, or what `pip cache purge` leaves: folders without files.
        remove(site)
        new.replace(site)
