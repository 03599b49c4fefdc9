"""Members of zip archives that are copied as they are, and archives that are refused."""

from __future__ import annotations

import io
import os
import re
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from pip_variants.formats.zip_records import ArchiveWriter, Entry, _moved, read_entries

LARGE = 5 << 30


class Pipe(io.RawIOBase):
    """A file that cannot be rewound: zipfile writes data descriptors."""

    def __init__(self) -> None:
        self.content = io.BytesIO()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: object, /) -> int:
        """Take bytes."""
        return self.content.write(data)  # type: ignore[arg-type]


def _info(
    name: str, mode: int = 0o644, extra: bytes = b"", comment: bytes = b""
) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2024, 2, 3, 4, 5, 6))
    info.create_system, info.external_attr = 3, (0o100000 | mode) << 16
    info.extra, info.comment, info.compress_type = extra, comment, zipfile.ZIP_DEFLATED
    return info


def _archive(*, zip64: bool = False, pipe: bool = False) -> bytes:
    target = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        members = (
            (_info("x/lib.so", 0o755), b"text " * 1000),
            (_info("x/empty"), b""),
            (_info("x/ünï.py", extra=b"\x99\x99\2\0ab", comment=b"c"), b"1"),
            (zipfile.ZipInfo("x/stored"), b"2" * 100),
            (zipfile.ZipInfo("y/"), b""),
        )
        for info, content in members:
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(content)
        archive.comment = b"an archive"
    return (target.content if isinstance(target, Pipe) else target).getvalue()


ARCHIVES = {
    "usual": _archive(),
    "zip64": _archive(zip64=True),
    "data descriptors": _archive(pipe=True),
    "zip64 data descriptors": _archive(zip64=True, pipe=True),
    "something before it": b"#!/bin/sh\n" + _archive(),
}


def _copied(data: bytes) -> bytes:
    source, target = io.BytesIO(data), io.BytesIO()
    writer = ArchiveWriter(target)
    for entry in read_entries(source):
        writer.copy(source, entry)
    writer.close(b"an archive")
    return target.getvalue()


def _facts(info: zipfile.ZipInfo) -> tuple[object, ...]:
    return (
        *(info.filename, info.date_time, info.compress_type, info.comment, info.create_system),
        *(info.external_attr, info.flag_bits, info.CRC, info.compress_size, info.file_size),
    )


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES)
def test_copied_members_are_the_same_bytes(data: bytes) -> None:
    """Headers, compressed content and descriptors are as they were, and readers see the same."""
    copy = _copied(data)
    old, new = read_entries(io.BytesIO(data)), read_entries(io.BytesIO(copy))
    assert [data[item.start : item.end] for item in old] == [
        copy[item.start : item.end] for item in new
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as one, zipfile.ZipFile(io.BytesIO(copy)) as other:
        assert list(map(_facts, one.infolist())) == list(map(_facts, other.infolist()))
        assert other.testzip() is None
        assert other.comment == b"an archive"
    assert _copied(copy) == copy


def test_copy_goes_on_where_the_system_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From file to file it copies by itself, where it can."""
    path, target = tmp_path / "old", tmp_path / "new"
    path.write_bytes(_archive())
    copies: list[int] = []

    def copy(source: int, _: int, size: int, at: int, place: int) -> int:
        copies.append(size)
        if len(copies) % 3 == 0:
            return 0
        if len(copies) % 3 == 1:
            raise OSError(18, "Invalid cross-device link")
        return os.pwrite(target_file.fileno(), os.pread(source, size // 2, at), place)

    monkeypatch.setattr(os, "copy_file_range", copy, raising=False)
    with path.open("rb") as source, target.open("wb") as target_file:
        writer = ArchiveWriter(target_file)
        for entry in read_entries(source):
            writer.copy(source, entry)
        writer.close(b"an archive")
    assert target.read_bytes() == _copied(_archive())
    assert len(copies) == (7 if sys.platform == "linux" else 0)


def test_gaps_between_members_are_not_copied() -> None:
    """What no member has is not of the archive."""
    data = _archive()
    first = read_entries(io.BytesIO(data))[0]
    gap = _shifted(data, first.end, b"gap")
    assert _copied(gap) == _copied(data)


def _shifted(data: bytes, at: int, inserted: bytes) -> bytes:
    """Return an archive with bytes inserted, and with its directory adapted."""
    target = io.BytesIO()
    writer = ArchiveWriter(target)
    source = io.BytesIO(data)
    for entry in read_entries(source):
        if entry.start == at:
            target.write(inserted)
            writer._position += len(inserted)
        writer.copy(source, entry)
    writer.close()
    return target.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_added_member_is_like_another(method: int) -> None:
    """Time, permissions and compression are those of the other, the name and content its own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = _info("x/RECORD", 0o664)
        info.compress_type = method
        archive.writestr(info, b"old")
    (like,) = read_entries(buffer)
    target = io.BytesIO()
    writer = ArchiveWriter(target)
    writer.add("x/ü", b"new " * 100, like)
    writer.close()
    with zipfile.ZipFile(target) as archive:
        (info,) = archive.infolist()
        assert archive.read("x/ü") == b"new " * 100
    assert (info.date_time, info.external_attr >> 16) == ((2024, 2, 3, 4, 5, 6), 0o100664)
    assert info.compress_type == method


def test_archive_beyond_the_limits_of_zip_has_zip64_records(tmp_path: Path) -> None:
    """Offsets of more than 4 GiB, and more than 65,535 members."""
    path = tmp_path / "x.zip"
    stored = read_entries(io.BytesIO(_archive()))[3]
    with path.open("wb") as file:
        writer = ArchiveWriter(file)
        for number in range(65_536):
            writer.add(str(number), b"", stored)
        file.seek(LARGE)  # a hole
        writer._position = LARGE
        writer.add("last", b"content", stored)
        writer.close()
    with path.open("rb") as file:
        entries = read_entries(file)
        assert (len(entries), entries[-1].start) == (65_537, LARGE)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("last") == b"content"


def test_record_has_the_zip64_fields_that_it_needs_and_no_others() -> None:
    """Moved to the front, a member needs none; the other extra fields stay."""
    entry = read_entries(io.BytesIO(_archive()))[2]
    far = _moved(entry, LARGE)
    assert struct.pack("<HHQ", 1, 8, LARGE) in far
    moved = Entry(entry.name, far, entry.start, entry.end, entry.packed, entry.size)
    assert _moved(moved, entry.start)[46:] == entry.record[46:]


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


def _twice() -> bytes:
    buffer = io.BytesIO(_archive())
    target = io.BytesIO()
    writer = ArchiveWriter(target)
    first = read_entries(buffer)[0]
    writer.copy(buffer, first)
    writer._records.append(writer._records[0])
    writer.close()
    return target.getvalue()


REFUSED = {
    "two records of one member": (_twice(), "its members overlap"),
    "another name": (
        _replaced(_archive(), b"x/lib.so", b"x/lib.py"),
        "the header of x/lib.so is not that of the directory",
    ),
    "encrypted": (
        _replaced(_archive(), b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"),
        "x/lib.so is encrypted",
    ),
    "a wrong descriptor": (
        _replaced(_archive(pipe=True), b"PK\x07\x08", b"PK\x07\x09"),
        "what follows x/lib.so does not describe it",
    ),
    "no archive": (b"PK\5\6", "File is not a zip file"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED)
def test_ambiguous_archive_is_refused(data: bytes, problem: str) -> None:
    """Readers would make different things of it."""
    with pytest.raises(zipfile.BadZipFile, match=re.escape(problem)):
        read_entries(io.BytesIO(data))


def test_source_that_became_shorter_is_refused() -> None:
    """It was replaced while it was copied."""
    data = _archive()
    (first, *_) = read_entries(io.BytesIO(data))
    with pytest.raises(zipfile.BadZipFile, match="the archive ends within a member"):
        ArchiveWriter(io.BytesIO()).copy(io.BytesIO(data[:50]), first)
