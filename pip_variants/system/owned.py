"""Files that may have been put there by anybody: opened without waiting, and whom they belong to.

A cache can lie in a folder that others share. What lies in it is opened only if it is a regular
file, and read only to a limit: a FIFO never ends, a device has no size. What decides something
without being checked by a hash, above all code, counts only if nobody but root and this user can
have written it: the file itself, and every folder above it, by which it could be replaced.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO

_MOST_LINKS = 40
"""Symbolic links on the way to one file, as the kernel has it."""
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_ENTERED = stat.S_IXGRP | stat.S_IXOTH
# Windows has none of them, and no FIFO among its files.
_FLAGS = (
    getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: Path, *, follow: bool = True) -> IO[bytes]:
    """Open a file for reading; raise OSError, also if it is no regular file.

    Opening never waits, whatever it is. Without ``follow`` a symbolic link is an error, too.
    """

    def opened(name: str, _: int) -> int:
        # A device may do something when it is opened.
        _check_regular(path, Path(name).stat(follow_symlinks=follow))
        descriptor = os.open(name, os.O_RDONLY | _FLAGS | (0 if follow else _NO_FOLLOW))
        try:
            _check_regular(path, os.fstat(descriptor))
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    return open(path, "rb", opener=opened)


def _check_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))


def read_regular(path: Path, largest: int | None = None) -> bytes:
    """Return the content of a regular file of at most ``largest`` bytes; raise OSError."""
    with open_regular(path) as file:
        content = file.read() if largest is None else file.read(largest + 1)
    if largest is not None and len(content) > largest:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def read_limited(path: Path, largest: int) -> bytes | None:
    """Return the content of a regular file; None if it has more bytes or cannot be read."""
    try:
        with open_regular(path, follow=False) as file:
            data = file.read(largest + 1)
    except (OSError, ValueError):  # ValueError: a null character in its name
        return None
    return data if len(data) <= largest else None


def read_own(path: Path, largest: int) -> bytes | None:
    """Return the same of a file of this user, if nobody but root can have written it as well."""
    real = trusted(path)
    return read_limited(real, largest) if real is not None and belongs_to_us(real) else None


def belongs_to_us(path: Path) -> bool:
    """Return whether a file or folder belongs to this user; root's does not, but to root."""
    return os.name != "posix" or path.lstat().st_uid == os.geteuid()


def trusted(path: Path) -> Path | None:
    """Return the real path of what only root and this user can have written, or None."""
    try:
        return resolve_own(path)
    except OSError:
        return None


def resolve_own(path: Path) -> Path:
    """Return the real path of a file or folder that only root and this user can have written.

    Raise OSError if it is not there, or PermissionError with the reason as its text: something on
    the way to it belongs to another user, or others may write it. A folder that others may write
    is no harm where the sticky bit lets them remove only their own, nor where they cannot get to.
    """
    if os.name != "posix":
        return path.resolve(strict=True)
    root = Path("/")
    way = [(root, _check(root, root.stat(), is_private=False))]
    rest = [*reversed((Path.cwd() / path).parts[1:])]
    links = 0
    while rest:
        name = rest.pop()
        if name == "..":
            way = way[:-1] or way
            continue
        here, is_private = way[-1][0] / name, way[-1][1]
        found = here.lstat()
        is_private = _check(here, found, is_private=is_private)
        if not stat.S_ISLNK(found.st_mode):
            way.append((here, is_private))
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = here.readlink()
        way = way[:1] if target.is_absolute() else way
        rest += reversed(target.parts[target.is_absolute() :])
    real = way[-1][0]
    # In the last folder nothing is left to the sticky bit: others could add to what is in it.
    _check(real, real.lstat(), is_private=any(item for _, item in way[:-1]), sticks=False)
    return real


def _check(path: Path, found: os.stat_result, *, is_private: bool, sticks: bool = True) -> bool:
    """Return whether nobody else can get to what lies in a folder, or is at a link.

    ``is_private``: nobody else can get to the folder itself. With ``sticks`` others may write a
    folder from which they cannot remove what is not theirs. Raise PermissionError.
    """
    if found.st_uid not in {0, os.geteuid()}:
        raise PermissionError(f"{path} belongs to another user")
    mode = found.st_mode
    if stat.S_ISLNK(mode) or is_private:
        return is_private
    is_sticky = sticks and stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX)
    if not is_sticky and (mode & stat.S_IWOTH or (mode & stat.S_IWGRP and _is_shared(path, found))):
        raise PermissionError(f"{path} can be written by others")
    return stat.S_ISDIR(mode) and not mode & _ENTERED


def _is_shared(path: Path, found: os.stat_result) -> bool:
    """Return whether the group of a file has others in it, or an access list names them."""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(found.st_uid).pw_name
        group = grp.getgrgid(found.st_gid)
        attributes = os.listxattr(path) if hasattr(os, "listxattr") else []
    except (KeyError, OSError):
        return True
    # A group of one's own has one's name; who else has it as his first group, nobody lists.
    is_own = group.gr_name == user and not {*group.gr_mem} - {user}
    return not is_own or "system.posix_acl_access" in attributes


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder of a cache, ``variants`` or one in it, with those above it; raise OSError.

    PermissionError, with the reason as its text: in a cache that others may write another user has
    put a link in its place, and nothing is made or written where that points to.
    """
    for path in (folder.parent, folder):
        if os.name == "posix" and _is_link_of_another(path):
            raise PermissionError(f"{path} belongs to another user")
    folder.mkdir(mode=mode, parents=True, exist_ok=True)


def _is_link_of_another(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:  # nothing is there, or nobody gets there
        return False
    return stat.S_ISLNK(found.st_mode) and found.st_uid not in {0, os.geteuid()}


def seal(folder: Path) -> None:
    """Let nobody but its owner write what lies in a folder, the folder included; raise OSError."""
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def is_own(path: Path, found: os.stat_result, *, is_private: bool) -> bool:
    """Return whether what lies in a trusted folder, as ``lstat`` found it, is trusted itself.

    ``is_private``: others cannot get to it.
    """
    if os.name == "posix":
        try:
            _check(path, found, is_private=is_private, sticks=False)
        except PermissionError:
            return False
    return True


def is_private(folder: Path) -> bool:
    """Return whether a folder lets nobody but its owner get to what lies in it; raise OSError."""
    return os.name == "posix" and not folder.stat().st_mode & _ENTERED
