"""The archives of wheels: what their headers state bounds what reading them costs.

zipfile inflates a file that is read as a whole to its very end, whatever its size in the central
directory. Nearly all wheels are stored or deflated. What bzip2 or LZMA packed may become a million
times as large in one step of zipfile, and is therefore unpacked here.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import IO, Any, Literal

from pip._internal.exceptions import InstallationError, UnsupportedWheel

from .documents import count_problem, size_problem

MAX_BYTES = 16 * 1024 * 1024
"""Of the central directory."""
MAX_TOTAL = 64 * 1024 * 1024
"""Of all files in the dist-info folder, which pip reads together, and of one in bzip2 or LZMA."""

_BLOCK = 256 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OTHER_METHODS = (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(UnicodeDecodeError, OverflowError, struct.error),
)


class WheelArchive(zipfile.ZipFile):
    """The archive of a wheel, open for reading.

    Raise UnsupportedWheel if reading it would cost too much, and zipfile.BadZipFile if it is none.
    """

    def __init__(self, file: str | IO[bytes]) -> None:
        self._own: IO[bytes] | None = None
        if isinstance(file, str):
            file = self._own = open(file, "rb")  # noqa: SIM115 - closed with the archive
        bounded = _WithBoundedDirectory(file)
        try:
            super().__init__(bounded)
            bounded.is_read = True
            self._check_members()
        except (ValueError, OverflowError, NotImplementedError, struct.error) as error:
            self.close()
            raise zipfile.BadZipFile(f"its directory is damaged: {error}") from None
        except BaseException:
            self.close()
            raise

    def open(
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r", "w"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        """Return a file in the archive; it has no more bytes than the directory states.

        Raise what zipfile raises.
        """
        entry = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if entry.compress_type not in _OTHER_METHODS:
            return super().open(entry, mode, pwd, force_zip64=force_zip64)
        packed = copy(entry)
        packed.compress_type, packed.file_size = zipfile.ZIP_STORED, entry.compress_size
        del packed.CRC  # of what is unpacked
        with super().open(packed, mode, pwd) as file:
            return io.BytesIO(_unpacked(file.read(), entry))

    def close(self) -> None:
        """Close the archive, and the file if it was opened here."""
        super().close()
        if self._own is not None:
            self._own.close()

    def _check_members(self) -> None:
        total = 0
        for entry in self.infolist():
            if entry.compress_type in _OTHER_METHODS:
                if max(entry.file_size, entry.compress_size) > MAX_TOTAL:
                    packed = "a file in it is packed with bzip2 or LZMA"
                    raise _unsupported(self, f"{packed} and {_larger_than(MAX_TOTAL)}")
            elif entry.compress_type not in _METHODS:
                raise _unsupported(self, "a file in it is packed with an unknown method")
            folder, _, name = entry.filename.partition("/")
            if folder.endswith(".dist-info"):
                total += entry.file_size
                if problem := size_problem(name, entry.file_size):
                    raise _unsupported(self, problem)
        if total > MAX_TOTAL:
            raise _unsupported(self, f"its dist-info folder is {_larger_than(MAX_TOTAL)}")


def _unpacked(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Return what was packed, of the size that the directory states, or of a smaller one."""
    try:
        unpacker, start = _unpacker(data, entry)
        content: bytes = unpacker.decompress(data[start:], entry.file_size)
    except Exception as error:  # noqa: BLE001 - lzma, which may be missing, has its own errors
        raise zipfile.BadZipFile(f"{entry.filename} cannot be unpacked: {error}") from None
    if zlib.crc32(content) != entry.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {entry.filename!r}")
    return content


def _unpacker(data: bytes, entry: zipfile.ZipInfo) -> tuple[Any, int]:
    """Return a decompressor and where its data begin."""
    if entry.compress_type == zipfile.ZIP_BZIP2:
        from bz2 import BZ2Decompressor

        return BZ2Decompressor(), 0
    from lzma import FILTER_LZMA1, FORMAT_RAW, LZMADecompressor

    # Two bytes of version; the size of the properties; the properties: a byte and a size.
    length, numbers, window = struct.unpack_from("<2xHBI", data)
    position_bits, rest = divmod(numbers, 45)
    literal_position_bits, context_bits = divmod(rest, 9)
    properties = {
        "id": FILTER_LZMA1,
        # Memory is allocated for the window, and no more of it can be used.
        "dict_size": min(window, max(entry.file_size, 4096)),
        "lc": context_bits,
        "lp": literal_position_bits,
        "pb": position_bits,
    }
    return LZMADecompressor(FORMAT_RAW, filters=[properties]), 4 + length


class _WithBoundedDirectory:
    """A file of which zipfile reads a directory of a limited size, and after that anything."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.is_read = False
        self.name = self.filename = getattr(file, "name", None)
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return bytes of the file; raise UnsupportedWheel for more than a directory may have."""
        if not self.is_read and size > MAX_BYTES:
            raise _unsupported(self, f"its directory is {_larger_than(MAX_BYTES)}")
        return self._file.read(size)


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file in the dist-info folder; raise what ``archive.read`` does, but no zlib.error.

    It has no more bytes than the directory of the archive states; raise UnsupportedWheel if it has
    too much to be parsed.
    """
    found = bytearray()
    try:
        with archive.open(name) as file:
            while block := file.read(_BLOCK):
                found += block
    except (zlib.error, EOFError, ValueError, OverflowError, struct.error) as error:
        raise zipfile.BadZipFile(str(error)) from None
    content = bytes(found)
    if problem := count_problem(name.rpartition("/")[2], content):
        raise _unsupported(archive, problem)
    return content


@contextmanager
def unpacking(path: str) -> Iterator[None]:
    """Raise InstallationError if a file in a wheel is damaged, which is found when it is read."""
    try:
        yield
    except _BROKEN as error:
        name = os.path.basename(path)
        raise InstallationError(f"{name} cannot be unpacked: {error}") from None


def _larger_than(size: int) -> str:
    return f"larger than {size // (1024 * 1024)} MiB"


def _unsupported(file: zipfile.ZipFile | _WithBoundedDirectory, problem: str) -> UnsupportedWheel:
    name = os.path.basename(file.filename) if file.filename else "A wheel"
    return UnsupportedWheel(f"{name} is not supported: {problem}")
