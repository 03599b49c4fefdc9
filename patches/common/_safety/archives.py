"""The format of an archive, where one file can be a valid tar archive and a valid zip archive."""

from __future__ import annotations

import bz2
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Literal, Protocol

from pip._internal.exceptions import InstallationError
from pip._internal.utils.filetypes import (
    BZ2_EXTENSIONS,
    TAR_EXTENSIONS,
    XZ_EXTENSIONS,
    ZIP_EXTENSIONS,
)

Kind = Literal["zip", "tar"]

_TAR_NAMES = (*TAR_EXTENSIONS, *BZ2_EXTENSIONS, *XZ_EXTENSIONS)
# The first bytes of a zip archive with members, and of one without.
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# So small that what it inflates to at once is small too.
_BLOCK = 512


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_COMPRESSIONS: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(_GZIP_WINDOW),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
    b"\x5d\x00\x00": lzma.LZMADecompressor,
}
_BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


def archive_kind(path: str) -> Kind | None:
    """Return the format of an archive, or None if it has none that pip can unpack.

    A tar archive is found from its start, a zip archive from its end. The content decides; what is
    both is a tar archive only if it is named and begins as one and has the zip archive among its
    members. What else is both, or is named as the other, raises InstallationError. What the server
    says about the file does not count.
    """
    name, named = os.path.basename(path), _named_kind(path)
    is_tar, is_zip = tarfile.is_tarfile(path), zipfile.is_zipfile(path)
    with open(path, "rb") as file:
        starts_as_zip = file.read(4) in _ZIP_STARTS
    if is_tar and is_zip:
        if named == "tar" and not starts_as_zip and _ends_with_the_tar(path):
            return "tar"
        raise InstallationError(f"{name} is both a tar archive and a zip archive.")
    if is_tar and named == "zip":
        raise InstallationError(f"{name} is a tar archive, and is named as a zip archive.")
    if is_zip and named == "tar" and not starts_as_zip:
        raise InstallationError(f"{name} is no tar archive, and has a zip archive at its end.")
    if is_tar:
        return "tar"
    return "zip" if is_zip else None


def _named_kind(path: str) -> Kind | None:
    name = path.lower()
    if name.endswith(ZIP_EXTENSIONS):
        return "zip"
    return "tar" if name.endswith(_TAR_NAMES) else None


def _ends_with_the_tar(path: str) -> bool:
    """Return whether only zeros follow the members of a tar archive, also inside compression."""
    position = 0
    try:
        with tarfile.open(path) as tar:
            tar.getmembers()
            end = tar.offset
        with open(path, "rb") as file:
            for block in _plain_blocks(file):
                if block[max(0, end - position) :].strip(b"\0"):
                    return False
                position += len(block)
    except _BROKEN:
        return False
    return True


def _plain_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the decompressed content of a file; raise ValueError for what follows the streams."""
    start = file.read(8)
    new = next((new for magic, new in _COMPRESSIONS.items() if start.startswith(magic)), None)
    file.seek(0)
    if new is None:
        yield from iter(lambda: file.read(_BLOCK), b"")
        return
    stream = new()
    rest = b""
    while block := rest or file.read(_BLOCK):
        if stream.eof:
            block = block.lstrip(b"\0")
            if block:
                # A stream of the same kind may follow; the constructors refuse anything else.
                stream = new()
        rest = b""
        if block:
            yield stream.decompress(block)
            rest = stream.unused_data if stream.eof else b""
