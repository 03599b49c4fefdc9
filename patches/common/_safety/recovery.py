"""What pips that were killed have left in a folder of distributions, and what they have damaged.

`changes.py` has how a pip notes what it is about to change there. Only this pip reads the notes: a
stock pip ignores the folders that have them, also after one of ours that was killed while it
removed itself.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from logging import getLogger
from pathlib import Path

from pip._internal.locations import get_platlib, get_purelib
from pip._internal.metadata import get_environment
from pip._internal.req.req_uninstall import UninstallPathSet
from pip._vendor.packaging.utils import canonicalize_name

from .._variants.late import OURS  # noqa: TID252 (both are copied into pip)
from . import temporary
from .recorded import is_whole

logger = getLogger(__name__)

PREFIX = "~pip-changes-"
"""How the folder of a run begins; no distribution and no module has such a name."""
INFO = ".dist-info"
"""How the folder with the metadata of a distribution ends."""
DONE, REMOVED, STASH = "done-", "removed-", "stash-"
"""How notes begin: metadata in its place, or about to be removed, and a folder elsewhere."""

_OLD = 24 * 60 * 60.0


def sweep(path: str, folders: Sequence[str], *, is_locked: bool) -> None:
    """Remove what pips that were killed have left, and the metadata of what they damaged.

    ``folders`` are those of their changes; those of what they had unpacked are looked for.
    """
    temporary.sweep(path)
    for folder in folders:
        with suppress(OSError):
            if not is_locked and time.time() - os.stat(folder).st_mtime < _OLD:
                continue
            for note in _notes(folder):
                with suppress(OSError):
                    _follow(path, folder, note)
        shutil.rmtree(folder, ignore_errors=True)


def _notes(folder: str) -> list[str]:
    """Return the notes in the folder of a run: links, since a wheel may have any other file."""
    with suppress(OSError):
        return [entry.name for entry in os.scandir(folder) if entry.is_symlink()]
    return []


def _follow(path: str, folder: str, note: str) -> None:
    """Do what a note asks for: remove a stash or the rest of a distribution, or look at one."""
    if note.startswith(REMOVED):
        _remove_rest(path, note[len(REMOVED) :], os.readlink(os.path.join(folder, note)))
    elif note.startswith(STASH):
        stash = os.readlink(os.path.join(folder, note))
        if os.path.basename(stash).startswith("~"):
            shutil.rmtree(stash, ignore_errors=True)
    elif note.startswith(DONE):
        info = os.path.join(path, note[len(DONE) :])
        if _is_damaged(info):
            logger.warning("%s; it counts as not installed.", damage_of(info))
            shutil.move(info, folder)


def has_rest(folder: str) -> bool:
    """Return whether metadata has been removed by a removal that was neither ended nor undone."""
    with suppress(OSError):
        return any(
            note.startswith(REMOVED) and os.path.isfile(os.path.join(folder, note, "RECORD"))
            for note in os.listdir(folder)
        )
    return False


def _remove_rest(path: str, name: str, stash: str) -> None:
    """Remove what is left of a distribution whose metadata has been removed."""
    project = canonicalize_name(name.partition("-")[0])
    # Of ours nothing is left when its metadata goes, and it is the pip that runs.
    is_replaced = project == OURS or project in names(path)
    if is_replaced or not os.path.isfile(os.path.join(stash, "RECORD")):
        return
    shutil.move(stash, os.path.join(path, name))
    dist = get_environment([path]).get_distribution(project)
    if dist is not None:
        logger.info("Removing the rest of %s, which a pip that was interrupted has left.", dist)
        removal = UninstallPathSet.from_dist(dist)
        removal.remove(auto_confirm=True)
        removal.commit()


def damaged() -> list[str]:
    """Return a sentence about each distribution that is damaged since a pip was interrupted."""
    notes = (
        os.path.join(path, note[len(DONE) :])
        for path in {get_purelib(), get_platlib()}
        for folder in left(path)
        for note in _notes(folder)
        if note.startswith(DONE)
    )
    return [damage_of(info) for info in sorted(set(notes)) if _is_damaged(info)]


def damage_of(info: str) -> str:
    """Return the sentence about a damaged distribution, without its end."""
    name, _, version = os.path.basename(info).removesuffix(INFO).partition("-")
    return f"{name} {version} is damaged, because pip was interrupted while it installed it"


def _is_damaged(info: str) -> bool:
    return info.endswith(INFO) and os.path.isdir(info) and not is_whole(info)


def remove_parts(folders: Collection[str], library: str) -> None:
    """Remove the bytecode that the interpreter had not written to the end, from folders for it."""
    for folder in folders:
        if os.path.basename(folder) == "__pycache__":
            for path in Path(library, folder).glob("*.pyc.*"):
                if path.suffix[1:].isdigit():
                    path.unlink(missing_ok=True)


def left(path: str) -> list[str]:
    """Return the folders of runs in a library."""
    with suppress(OSError):
        return [
            entry.path
            for entry in os.scandir(path)
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False)
        ]
    return []


def names(path: str) -> Iterator[str]:
    """Yield the names of the distributions in a library."""
    for name in os.listdir(path):
        if name.endswith(INFO) and not name.startswith("~"):
            yield canonicalize_name(name.partition("-")[0])
