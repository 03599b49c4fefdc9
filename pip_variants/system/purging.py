"""Removes what lies in a folder, whatever it is, and nothing that lies elsewhere."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path


def files_below(folder: Path) -> list[str]:
    """Return all but folders that `pip cache purge` removes of a folder, links to folders included.

    Other disks that are mounted there are left out, and so is what cannot be read. Whatever is in
    the place of the folder, as a link to another one, is returned itself.
    """
    if folder.is_symlink() or (not folder.is_dir() and os.path.lexists(folder)):
        return [str(folder)]
    found: list[str] = []
    with contextlib.suppress(OSError):
        device = folder.stat().st_dev
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    found.append(entry.path)
                elif entry.stat(follow_symlinks=False).st_dev == device:
                    found += files_below(Path(entry.path))
    return found


def links_below(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the paths of these names in a folder at which there is a link."""
    return [str(folder / name) for name in names if (folder / name).is_symlink()]


def without_linked(folder: Path, files: Iterable[str]) -> list[str]:
    """Return those of the files below a folder to which no link in it leads."""
    known = {folder: True}

    def is_in(path: Path) -> bool:
        new = []
        while path not in known and path != path.parent:
            new.append(path)
            path = path.parent
        leads_in = known.get(path, False)
        for inner in reversed(new):
            leads_in = known[inner] = leads_in and _is_folder(inner)
        return leads_in

    found = []
    for file in files:
        with contextlib.suppress(OSError):  # its folder is gone already
            if is_in(Path(file).parent):
                found.append(file)
    return found


def remove_files(
    files: Iterable[str], failed: Callable[[str, OSError], object]
) -> tuple[list[str], int]:
    """Remove files; return those that are gone now, and how many bytes they had.

    ``failed`` is called for each that cannot be removed.
    """
    gone = []
    size = 0
    for file in files:
        path = Path(file)
        try:
            had = path.lstat().st_size
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            failed(file, error)
        else:
            size += had
            gone.append(file)
    return gone, size


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all in it, as far as that is possible.

    Folders may be as deep as they like, and have any modes. Nobody else changes them meanwhile.
    """
    with contextlib.suppress(OSError):
        if _is_folder(path):
            _open_up(path)
            _empty(path)
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


def _empty(folder: Path) -> None:
    """Remove all in a folder but what cannot be removed."""
    stays: set[Path] = set()
    while paths := [path for path in folder.iterdir() if path not in stays]:
        for path in paths:
            try:
                _remove_entry(path, folder)
            except OSError:
                stays.add(path)


def _remove_entry(path: Path, folder: Path) -> None:
    """Remove a file, a link or a folder in a folder; raise OSError.

    The folders in it are moved up: no path becomes too long, and nothing is recursive.
    """
    if not _is_folder(path):
        path.unlink()
        return
    _open_up(path)
    for inner in list(path.iterdir()):
        with contextlib.suppress(OSError):
            if _is_folder(inner):
                _open_up(inner)
                inner.rename(folder / os.urandom(16).hex())
            else:
                inner.unlink()
    path.rmdir()


def _is_folder(path: Path) -> bool:
    """Return whether a path is a folder, and no link or junction; raise OSError."""
    found = path.lstat()
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    is_junction = junction is not None and getattr(found, "st_reparse_tag", None) == junction
    return stat.S_ISDIR(found.st_mode) and not is_junction


def _open_up(folder: Path) -> None:
    """Let the owner of a folder list and change it, where that is possible."""
    mode = folder.lstat().st_mode
    if os.name == "posix" and mode & stat.S_IRWXU != stat.S_IRWXU:
        with contextlib.suppress(OSError):
            folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
