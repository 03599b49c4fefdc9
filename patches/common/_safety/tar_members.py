"""Where the members of a tar archive may go, for a Python whose tarfile does not check it.

Versions before 3.10.12 and 3.11.4 have no ``tarfile.data_filter``, and these two have one that
refuses good links. Members are checked one by one, each before it is written: what an earlier one
has made on the disk counts.

No link that passes leads out, whichever come later. Its target is relative and goes up only at its
beginning, that is from the real folder of the link; below that it meets only real folders and
links that passed before.
"""

from __future__ import annotations

import os
import tarfile

from pip._internal.exceptions import InstallationError

from .paths import is_inside


def check_member(archive: str, member: tarfile.TarInfo, path: str, location: str) -> None:
    """Raise InstallationError unless ``path``, where a member goes, and its link stay inside.

    ``location`` is the folder to which the archive is unpacked.
    """
    problem = _problem(member, path, os.path.realpath(location))
    if problem:
        raise InstallationError(
            f"Invalid member in the tar file {archive}: {member.name!r} {problem}"
        )


def _problem(member: tarfile.TarInfo, path: str, root: str) -> str:
    """Return what is wrong with a member, or an empty string."""
    try:
        parent = _real_folder(os.path.dirname(path))
    except (OSError, ValueError):
        return "is in a folder that cannot be resolved"
    if not is_inside(root, parent):
        return "would be written outside of the folder of the archive"
    if member.issym():
        return _symlink_problem(member.linkname, parent, root)
    return _file_problem(member, path, root)


def _file_problem(member: tarfile.TarInfo, path: str, root: str) -> str:
    if member.isdir():
        return ""
    if member.islnk() and not is_inside(root, os.path.join(root, member.linkname)):
        return f"is a hard link to {member.linkname!r}, outside of the folder of the archive"
    if not (member.isfile() or member.islnk()):
        return "is neither a file nor a folder nor a link"
    return "would be written through a symbolic link" if os.path.islink(path) else ""


def _symlink_problem(target: str, parent: str, root: str) -> str:
    parts = target.replace("\\", "/").split("/")
    names = [part for part in parts if part not in {"", "."}]
    depth = next((i for i, name in enumerate(names) if name != ".."), len(names))
    if ".." in names[depth:]:
        return f"is a link to {target!r}, which goes up after it went down"
    is_relative = parts[0] != "" and not os.path.splitdrive(target)[0]
    if not is_relative or not is_inside(root, os.path.join(parent, *names)):
        return f"is a link to {target!r}, outside of the folder of the archive"
    return ""


def _real_folder(path: str) -> str:
    """Return the real path of a folder that may not exist yet; raise OSError if it has none."""
    try:
        return os.path.realpath(path, strict=True)
    except FileNotFoundError:
        parent, name = os.path.split(path.rstrip(os.sep))
        # A link to nothing, and the root, are found by `lexists`.
        if os.path.lexists(path) or parent == path:
            raise
        return os.path.normpath(os.path.join(_real_folder(parent), name))
