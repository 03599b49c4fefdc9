"""Source distributions: PKG-INFO in them (PEP 625, PEP 643)."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from pathlib import Path

from pip_variants.core import limits
from pip_variants.core.errors import ArchiveError, MetadataError, printable, shortened
from pip_variants.formats.archives import blocks, open_archive
from pip_variants.formats.info_files import check_counts

_PKG_INFO = "PKG-INFO"
_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
"""The types of members that are read as a whole, because they describe the next one."""
_MOST = 2 * 1024 * 1024 * 1024
"""Bytes that are decompressed until PKG-INFO is found; tools write it early or last."""


def read_pkg_info(path: Path) -> bytes:
    """Return the PKG-INFO in the folder at the top of a source distribution.

    Raise ArchiveError if there is none, and OSError.
    """
    try:
        found = _in_zip(path) if path.name.endswith(".zip") else _in_tar(path)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        problem = shortened(printable(str(error)))
        raise ArchiveError("", f"{path.name}: {problem}") from None
    if found is None:
        raise ArchiveError("", f"{path.name}: there is no {_PKG_INFO} in it")
    try:
        check_counts(_PKG_INFO, found)
    except MetadataError as error:
        raise ArchiveError("", f"{path.name}: {error}") from None
    return found


def _is_pkg_info(name: str) -> bool:
    folder, _, last = name.removeprefix("./").partition("/")
    return bool(folder) and last == _PKG_INFO


def _in_zip(path: Path) -> bytes | None:
    with path.open("rb") as file, open_archive(file) as archive:
        name = next(filter(_is_pkg_info, archive.namelist()), None)
        if name is None:
            return None
        entry = archive.getinfo(name)
        _check_size(entry.file_size)
        return b"".join(blocks(archive, entry))


def _in_tar(path: Path) -> bytes | None:
    with gzip.open(path) as content:
        stream = _Limited(content)
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as archive:
            for member in archive:
                if member.isfile() and _is_pkg_info(member.name):
                    _check_size(member.size)
                    file = archive.extractfile(member)
                    return file.read() if file is not None else None
    return None


def _check_size(size: int) -> None:
    if size > limits.MAX_BYTES:
        raise tarfile.ReadError(f"its {_PKG_INFO} is {limits.TOO_LARGE}")


class _Member(tarfile.TarInfo):
    """A member of a tar archive whose name and other attributes have a usual size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        """Return the member of a header; raise tarfile.ReadError."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in _HEADERS and found.size > limits.MEBIBYTE:
            raise tarfile.ReadError("it has a header that is too large")
        return found


class _Limited(io.RawIOBase):
    """A stream that ends with an error after many bytes."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._left = _MOST

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes; raise tarfile.ReadError if there are too many."""
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError("it is too large")
        return data
