"""Zip archives of unknown origin: what their headers state bounds what reading them costs.

zipfile inflates a member that is read as a whole to its very end, whatever its size in the central
directory, and a block of bzip2 or LZMA may become a million times as large. Wheels are stored or
deflated.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from pip_variants.core import limits

from .partial_file import PartialFile

_BLOCK = 256 * 1024
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def open_archive(file: IO[bytes] | PartialFile) -> Iterator[zipfile.ZipFile]:
    """Yield an archive; raise zipfile.BadZipFile if its directory is too large, or damaged."""
    bounded = _WithBoundedDirectory(file)
    with _damage("its directory"):
        archive = zipfile.ZipFile(bounded)
    bounded.is_read = True
    with archive:
        yield archive


def blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a member: together as many bytes as the directory states, or fewer.

    Raise what ``zipfile`` raises, and zipfile.BadZipFile for another method of compression.
    """
    if entry.compress_type not in METHODS:
        raise zipfile.BadZipFile("a file in it is neither stored nor deflated")
    with _damage("a file in it"):
        opened = archive.open(entry)
    with opened as file:
        while block := file.read(_BLOCK):
            yield block


@contextmanager
def _damage(what: str) -> Iterator[None]:
    """Turn what zipfile raises for names and offsets that make no sense into its own error."""
    try:
        yield
    except (ValueError, OverflowError, struct.error) as error:
        raise zipfile.BadZipFile(f"{what} is damaged: {error}") from None


class _WithBoundedDirectory:
    """A file of which zipfile reads a directory of a limited size, and after that anything."""

    def __init__(self, file: IO[bytes] | PartialFile) -> None:
        self._file = file
        self.is_read = False
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return bytes of the file; raise zipfile.BadZipFile for more than a directory may have."""
        if not self.is_read and size > limits.DIRECTORY_BYTES:
            most = limits.DIRECTORY_BYTES // limits.MEBIBYTE
            raise zipfile.BadZipFile(f"its directory is larger than {most} MiB")
        return self._file.read(size)
