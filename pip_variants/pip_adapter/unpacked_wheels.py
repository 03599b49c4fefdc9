"""Wheels that are unpacked side by side before pip installs them, then put in their places."""

from __future__ import annotations

import os
import shutil
import tempfile
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.errors import VariantError
from pip_variants.explain import downloads as texts
from pip_variants.formats.wheel_archive import local_members
from pip_variants.system.unpacking import DiskFullError, Unpacked, Unpacking, replace_by_outline

from .compat import InstallationError, format_size, installation_scheme, temporary_folder

if TYPE_CHECKING:
    from .compat import InstallRequirement, Values
    from .downloads import Downloads

_WHEEL = "WHEEL"


class UnpackedWheels:
    """The wheels of one run. ``downloads`` learns which need no space any more."""

    def __init__(self, options: Values, jobs: int) -> None:
        self.downloads: Downloads | None = None
        self._options = options
        self._unpacking = Unpacking(min(jobs, os.cpu_count() or 1), self._finish)
        self._folders: dict[Path, Path] = {}
        self._downloaded: set[Path] = set()
        self._count = 0
        self._bytecode: dict[str, Path] = {}

    def add(self, req: InstallRequirement, *, is_downloaded: bool = False) -> bool:
        """Begin to unpack the wheel of a requirement, whose hash has been checked.

        Return whether it is unpacked here; raise InstallationError if there is no space for it.
        """
        path = Path(req.local_file_path or "")
        if path.suffix != ".whl" or path in self._unpacking or req.req is None:
            return False
        try:
            root, final_folder = self._places(req.req.name, path)
            if root not in self._folders:
                self._folders[root] = temporary_folder("variants", root)
            self._count += 1
            if is_downloaded:
                self._downloaded.add(path)
            self._unpacking.add(path, self._folders[root] / str(self._count), final_folder)
        except DiskFullError as error:
            missing = format_size(error.missing)
            raise InstallationError(texts.disk_full(str(root), missing)) from None
        except (OSError, VariantError):
            return False  # pip unpacks it, or reports what is wrong
        return path in self._unpacking

    def close(self) -> None:
        """End everything that has not been finished."""
        self._unpacking.close()

    def place(self, archive: Path, name: str, target: str) -> bool:
        """Move an unpacked file to its place; return False if pip is to unpack it."""
        wheel = self._unpacking.wait(archive)
        path = wheel.files.pop(name, None) if wheel is not None else None
        if wheel is None or path is None:
            return False
        self._bytecode = wheel.bytecode
        _move(path, target)
        return True

    def place_bytecode(self, source: str, target: str) -> bool:
        """Move the bytecode of an installed file to its place; False: pip is to compile it."""
        path = self._bytecode.pop(source, None)
        if path is None:
            return False
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        _move(path, target)
        return True

    def _places(self, project: str, archive: Path) -> tuple[Path, str | None]:
        """Return a folder on the file system of the target, and where Python files will be.

        The latter is None if they are not to be compiled.
        """
        options = self._options
        if options.target_dir:  # pip installs to a temporary folder first
            return Path(tempfile.gettempdir()), None
        scheme = installation_scheme(project, options)
        fields = BytesHeaderParser().parsebytes(local_members(archive, (_WHEEL,))[_WHEEL])
        is_pure = str(fields.get("Root-Is-Purelib", "")).lower() == "true"
        library = scheme.purelib if is_pure else scheme.platlib
        root = Path(library)
        while not root.is_dir():
            root = root.parent
        return root, library if options.compile else None

    def _finish(self, wheel: Unpacked) -> None:
        """Free the space of a downloaded wheel that is unpacked, in a thread."""
        if self.downloads is not None and wheel.archive in self._downloaded:
            if wheel.complete:
                replace_by_outline(wheel)
            self.downloads.release(wheel.archive)


def _move(path: Path, target: str) -> None:
    try:
        path.replace(target)
    except OSError:  # another file system
        Path(target).unlink(missing_ok=True)  # a program may be running it
        shutil.copyfile(path, target)
        shutil.copystat(path, target)
        path.unlink()
