"""Wheels of any size, written without compressing large files, and variants of real wheels."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bench.sizes.content import END, LEVEL, Block
from tests.support.stand_in_wheel import WheelName

_COPIED = 1 << 20


class WheelWriter:
    """Writes a wheel into a binary file, one entry after the other, and RECORD at the end."""

    def __init__(self, file: IO[bytes], info: str) -> None:
        self._file = file
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self.record = f"{info}/RECORD"
        self.rows: list[list[str]] = []

    def add(self, name: str, data: bytes) -> None:
        """Add a file that is compressed now."""
        self._archive.writestr(_entry(name, 0o644), data, zipfile.ZIP_DEFLATED)
        self.rows.append([name, f"sha256={_encoded(hashlib.sha256(data))}", str(len(data))])

    def add_library(self, name: str, blocks: Sequence[Block]) -> None:
        """Add an executable file made of blocks that are compressed already."""
        entry = _entry(name, 0o755)
        digest = hashlib.sha256()
        checksum = 0
        for block in blocks:
            checksum = zlib.crc32(block.data, checksum)
            digest.update(block.data)
        entry.CRC = checksum
        entry.file_size = sum(len(block.data) for block in blocks)
        entry.compress_size = sum(len(block.deflated) for block in blocks) + len(END)
        entry.header_offset = self._file.tell()
        self._file.write(entry.FileHeader(zip64=False))
        self._file.writelines(block.deflated for block in blocks)
        self._file.write(END)
        self._register([entry])
        self.rows.append([name, f"sha256={_encoded(digest)}", str(entry.file_size)])

    def copy(self, wheel: Path) -> None:
        """Copy all entries but RECORD as they are; the rows are those of that RECORD."""
        with zipfile.ZipFile(wheel) as archive, wheel.open("rb") as source:
            text = archive.read(self.record).decode()
            entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
            ends = [*(entry.header_offset for entry in entries[1:]), archive.start_dir or 0]
            for entry, end in zip(entries, ends, strict=True):
                if entry.filename == self.record:
                    continue
                source.seek(entry.header_offset)
                size, entry.header_offset = end - entry.header_offset, self._file.tell()
                for piece in _pieces(source, size):
                    self._file.write(piece)
                self._register([entry])
        self.rows += [row for row in csv.reader(io.StringIO(text)) if row[0] != self.record]

    def close(self) -> None:
        """Write RECORD and the central directory."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*self.rows, [self.record, "", ""]])
        self._archive.writestr(_entry(self.record, 0o644), text.getvalue(), zipfile.ZIP_DEFLATED)
        self._archive.close()

    def _register(self, entries: Iterable[zipfile.ZipInfo]) -> None:
        """List entries whose headers and data have been written to the file itself."""
        for entry in entries:
            self._archive.filelist.append(entry)
            self._archive.NameToInfo[entry.filename] = entry
        self._archive.start_dir = self._file.tell()


@contextmanager
def writing(path: Path) -> Iterator[WheelWriter]:
    """Write a wheel; the file has its name only when it is complete."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        writer = WheelWriter(file, info_folder(path.name))
        yield writer
        writer.close()
    partial.replace(path)


def info_folder(filename: str) -> str:
    """Return the name of the `.dist-info` of a wheel."""
    parts = WheelName.parse(filename)
    return f"{parts.name}-{parts.version}.dist-info"


def write_large_wheel(path: Path, small: Path, libraries: Mapping[str, Sequence[Block]]) -> None:
    """Write a wheel with the files of the wheel *small* and libraries, its metadata at the end."""
    info = info_folder(path.name)
    with writing(path) as writer, zipfile.ZipFile(small) as archive:
        names = [name for name in archive.namelist() if name != writer.record]
        for name in (name for name in names if not name.startswith(info)):
            writer.add(name, archive.read(name))
        for name, blocks in libraries.items():
            writer.add_library(name, blocks)
        for name in (name for name in names if name.startswith(info)):
            writer.add(name, archive.read(name))


def write_variant(path: Path, plain: Path, variant_json: bytes) -> None:
    """Write a plain wheel under the name of a variant, with its `variant.json`."""
    with writing(path) as writer:
        writer.copy(plain)
        writer.add(f"{info_folder(path.name)}/variant.json", variant_json)


def sha256(path: Path) -> str:
    """Return the hexadecimal hash of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(_COPIED), b""):
            digest.update(piece)
    return digest.hexdigest()


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where that is not possible."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = (stat.S_IFREG | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, _COPIED))
        if not piece:
            raise zipfile.BadZipFile("a wheel ends within an entry")
        size -= len(piece)
        yield piece


def _encoded(digest: hashlib._Hash) -> str:
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
