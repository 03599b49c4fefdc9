"""What `pip cache purge` removes of a folder: all in it, and nothing that lies elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path


def files_below(folder: Path) -> list[str]:
    """Return all but folders that lies in a folder, links to folders included.

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
