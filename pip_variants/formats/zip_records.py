"""Zip archives by their records: members are copied as they are, and others added.

The layouts are those of PKWARE's APPNOTE 6.3: local header (4.3.7), data descriptor (4.3.9), record
of the central directory (4.3.12), its end (4.3.14 to 4.3.16), zip64 sizes and offsets (4.5.3).
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Protocol

from .archives import open_archive

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")

# Where the fields of a record of the central directory are.
_NEEDED, _FLAGS, _METHOD = 2, 3, 4
_PACKED, _SIZE, _NAME, _EXTRA, _COMMENT, _OFFSET = 8, 9, 10, 11, 12, 16

_ENCRYPTED, _WITH_DESCRIPTOR, _UTF_8 = 0x1, 0x8, 0x800
_VERSION_64 = 45
_ID_64 = 1
_MOST_16, _MOST_32 = 0xFFFF, 0xFFFFFFFF
_BLOCK = 1024 * 1024
_STEP = 32 * _BLOCK


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of an archive: its record in the central directory, and where all else of it is.

    That is from ``start`` to ``end``: local header, compressed content of ``packed`` bytes, data
    descriptor. ``size`` is that of the content.
    """

    name: str
    record: bytes
    start: int
    end: int
    packed: int
    size: int


def read_entries(file: IO[bytes]) -> tuple[Entry, ...]:
    """Return the members of an archive in the order of its directory.

    Raise zipfile.BadZipFile also for one whose members overlap, are encrypted, or have other names
    in their own headers, of which each reader would make something else.
    """
    with open_archive(file) as archive:
        members = archive.infolist()
        directory = archive.start_dir
    file.seek(directory)
    records = [_read_record(file) for _ in members]
    entries = tuple(map(_located, [file] * len(members), members, records))
    spans = sorted((entry.start, entry.end) for entry in entries)
    spans.append((directory, directory))
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise zipfile.BadZipFile("its members overlap")
    return entries


def _read_record(file: IO[bytes]) -> bytes:
    head = _read(file, _CENTRAL.size)
    fields = _CENTRAL.unpack(head)
    return head + _read(file, fields[_NAME] + fields[_EXTRA] + fields[_COMMENT])


def _located(file: IO[bytes], member: zipfile.ZipInfo, record: bytes) -> Entry:
    """Return a member with the end of what belongs to it; only its headers are read."""
    file.seek(member.header_offset)
    local = _LOCAL.unpack(_read(file, _LOCAL.size))
    signature, _, flags, method, *_, name_length, extra_length = local
    central = _CENTRAL.unpack_from(record)
    name = _read(file, name_length)
    own = record[_CENTRAL.size : _CENTRAL.size + central[_NAME]]
    if signature != b"PK\3\4" or b"\0" in name or (name, method) != (own, central[_METHOD]):
        raise zipfile.BadZipFile(f"the header of {member.filename} is not that of the directory")
    if (flags | central[_FLAGS]) & _ENCRYPTED:
        raise zipfile.BadZipFile(f"{member.filename} is encrypted")
    end = member.header_offset + _LOCAL.size + name_length + extra_length + member.compress_size
    if flags & _WITH_DESCRIPTOR:
        file.seek(end)
        end += _descriptor_length(file.read(24), member)
    return Entry(
        member.filename,
        record,
        member.header_offset,
        end,
        member.compress_size,
        member.file_size,
    )


def _descriptor_length(found: bytes, member: zipfile.ZipInfo) -> int:
    """Return how long a data descriptor is, which has or has not a signature and zip64 sizes."""
    numbers = (member.CRC, member.compress_size, member.file_size)
    layouts = ("<LQQ", "<LLL") if max(numbers) <= _MOST_32 else ("<LQQ",)
    for layout in layouts:  # the longer first: of an empty member both may match
        for signature in (b"PK\x07\x08", b""):
            expected = signature + struct.pack(layout, *numbers)
            if found.startswith(expected):
                return len(expected)
    raise zipfile.BadZipFile(f"what follows {member.filename} does not describe it")


class Sink(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class ArchiveWriter:
    """Writes an archive from the start of a file, one member after the other."""

    def __init__(self, file: Sink) -> None:
        self._file = file
        self._records: list[bytes] = []
        self._position = 0

    def copy(
        self, source: IO[bytes], entry: Entry, progress: Callable[[], None] = lambda: None
    ) -> None:
        """Copy a member as it is; ``progress`` is called for each of its parts."""
        size = entry.end - entry.start
        done = self._copy_by_system(source, entry.start, size, progress)
        source.seek(entry.start + done)
        while done < size:
            block = _read(source, min(size - done, _BLOCK))
            self._file.write(block)
            done += len(block)
            progress()
        self._records.append(_moved(entry, self._position))
        self._position += size

    def _copy_by_system(
        self, source: IO[bytes], start: int, size: int, progress: Callable[[], None]
    ) -> int:
        """Return how many bytes the system copied from file to file without them coming here."""
        file, done = self._file, 0
        if sys.platform != "linux" or not isinstance(file, io.BufferedWriter):
            return 0
        file.flush()
        with contextlib.suppress(OSError):  # not between these file systems, or no files
            while done < size:
                ends = (source.fileno(), file.fileno(), min(size - done, _STEP))
                count = os.copy_file_range(*ends, start + done, self._position + done)
                if not count:
                    break
                done += count
                progress()
        file.seek(self._position + done)
        return done

    def add(self, name: str, content: bytes, like: Entry) -> None:
        """Add a member with the time, the permissions and the compression of another."""
        fields = _CENTRAL.unpack_from(like.record)
        made, _, _, method, time, date = fields[1:7]
        inner, outer = fields[14:16]
        packed = content
        if method == zipfile.ZIP_DEFLATED:
            compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            packed = compressor.compress(content) + compressor.flush()
        own = name.encode()
        flags = 0 if name.isascii() else _UTF_8
        head = (20, flags, method, time, date, zlib.crc32(content), len(packed), len(content))
        lengths = (len(own), 0)
        self._file.write(_LOCAL.pack(b"PK\3\4", *head, *lengths) + own + packed)
        rest = (0, 0, inner, outer, 0)
        record = _CENTRAL.pack(b"PK\1\2", made, *head, *lengths, *rest) + own
        start, end = self._position, self._position + _LOCAL.size + len(own) + len(packed)
        entry = Entry(name, record, start, end, len(packed), len(content))
        self._records.append(_moved(entry, start))
        self._position = end

    def close(self, comment: bytes = b"") -> None:
        """Write the central directory, with a comment on the archive."""
        self._file.write(b"".join(self._records))
        count, size, start = len(self._records), sum(map(len, self._records)), self._position
        if count >= _MOST_16 or size >= _MOST_32 or start >= _MOST_32:
            versions = (_VERSION_64, _VERSION_64, 0, 0)
            length = _END_64.size - 12
            self._file.write(_END_64.pack(b"PK\6\6", length, *versions, count, count, size, start))
            self._file.write(_LOCATOR.pack(b"PK\6\7", 0, start + size, 1))
        count, size, start = min(count, _MOST_16), min(size, _MOST_32), min(start, _MOST_32)
        end = _END.pack(b"PK\5\6", 0, 0, count, count, size, start, len(comment))
        self._file.write(end + comment)


def _moved(entry: Entry, offset: int) -> bytes:
    """Return the record of a member that begins at another offset, with zip64 fields if needed."""
    fields = [*_CENTRAL.unpack_from(entry.record)]
    name_end = _CENTRAL.size + fields[_NAME]
    extra_end = name_end + fields[_EXTRA]
    extra = _without_zip64(entry.record[name_end:extra_end])
    numbers = {_SIZE: entry.size, _PACKED: entry.packed, _OFFSET: offset}
    large = [number for number in numbers.values() if number >= _MOST_32]
    if large:
        extra += struct.pack(f"<HH{len(large)}Q", _ID_64, 8 * len(large), *large)
        fields[_NEEDED] = max(fields[_NEEDED], _VERSION_64)
    if len(extra) > _MOST_16:
        raise zipfile.BadZipFile(f"the record of {entry.name} is too large")
    for place, number in {**numbers, _EXTRA: len(extra)}.items():
        fields[place] = min(number, _MOST_32)
    name, comment = entry.record[_CENTRAL.size : name_end], entry.record[extra_end:]
    return _CENTRAL.pack(*fields) + name + extra + comment


def _without_zip64(extra: bytes) -> bytes:
    """Return the extra fields of a record but for the sizes and offset of zip64."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind != _ID_64:
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept + extra[at:]


def _read(file: IO[bytes], size: int) -> bytes:
    """Return exactly ``size`` bytes; raise BadZipFile if the file ends before."""
    found = file.read(size)
    if len(found) != size:
        raise zipfile.BadZipFile("the archive ends within a member")
    return found
