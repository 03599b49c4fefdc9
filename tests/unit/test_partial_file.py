"""A file of which parts are at hand: what is fetched, when, and how much at most."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.formats.partial_file import PartialFile
from pip_variants.formats.wheel_archive import read_members

KIB = 1024
LEAD = 64 * KIB
NAMES = ("METADATA", "variant.json")


class Remote:
    """A file elsewhere; ``fetched`` are the spans that were fetched of it, in order."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.fetched: list[tuple[int, int]] = []

    def fetch(self, start: int, end: int) -> bytes:
        """Return the bytes between two offsets."""
        assert 0 <= start < end <= len(self.content)
        self.fetched.append((start, end))
        return self.content[start:end]

    def opened(self, *parts: tuple[int, int]) -> PartialFile:
        """Return the file with these spans of it."""
        file = PartialFile(len(self.content), self.fetch)
        for start, end in parts:
            file.add(start, self.content[start:end])
        return file


def test_file_moves_and_tells_its_position_as_any_other() -> None:
    """`zipfile` seeks from the start, from the position and from the end."""
    remote = Remote(b"0123456789")
    file = remote.opened((0, 10))
    assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
    assert file.read(3) == b"012"
    assert (file.tell(), file.seek(1, os.SEEK_CUR), file.read(2)) == (3, 4, b"45")
    assert (file.seek(-2, os.SEEK_END), file.read()) == (8, b"89")
    assert file.read(1) == b""
    assert (file.seek(20), file.read(), file.tell()) == (20, b"", 20)
    with pytest.raises(OSError, match="negative seek position"):  # on which zipfile relies
        file.seek(-1)
    assert remote.fetched == []


# Spans that are there, the span that is read, and what is fetched for it.
READS: dict[str, tuple[list[tuple[int, int]], tuple[int, int], list[tuple[int, int]]]] = {
    "there": ([(6, 10)], (7, 9), []),
    "missing": ([(8, 10)], (2, 4), [(2, 4)]),
    "missing up to the first part, with what is before": ([(4, 6), (8, 10)], (2, 5), [(0, 4)]),
    "missing up to another part": ([(0, 1), (4, 6)], (2, 5), [(2, 4)]),
    "missing after a part": ([(2, 4), (8, 10)], (3, 6), [(3, 6)]),
    "across a part": ([(0, 1), (3, 4), (8, 10)], (2, 6), [(2, 6)]),
    "in two parts that touch": ([(2, 4), (4, 6)], (3, 5), []),
    "in two parts that overlap": ([(2, 5), (4, 8)], (3, 7), []),
    "nothing there": ([], (2, 4), [(2, 4)]),
}


@pytest.mark.parametrize(("parts", "span", "fetched"), READS.values(), ids=READS)
def test_only_what_is_missing_is_fetched(
    parts: list[tuple[int, int]], span: tuple[int, int], fetched: list[tuple[int, int]]
) -> None:
    """What is read is the same, whatever was there, and is there from then on."""
    remote = Remote(b"0123456789")
    file = remote.opened(*parts)
    for _ in range(2):
        file.seek(span[0])
        assert file.read(span[1] - span[0]) == remote.content[slice(*span)]
        assert remote.fetched == fetched


def test_central_directory_is_fetched_with_what_is_before_it() -> None:
    """Wheels have their METADATA there; the directory reaches to what is there already."""
    remote = Remote(bytes(300 * KIB))
    file = remote.opened((200 * KIB, 300 * KIB))
    file.seek(150 * KIB)
    file.read(50 * KIB)
    assert remote.fetched == [(150 * KIB - LEAD, 200 * KIB)]


@pytest.mark.parametrize(
    ("spans", "fetched"),
    [
        ([], []),
        ([(8, 9)], []),
        ([(1, 2), (4, 5)], [(1, 5)]),
        ([(4, 5), (1, 2), (8, 9)], [(1, 5)]),
        ([(4, 9)], [(4, 8)]),
    ],
    ids=["nothing", "there", "two", "unordered", "in part"],
)
def test_several_spans_are_fetched_at_once(
    spans: list[tuple[int, int]], fetched: list[tuple[int, int]]
) -> None:
    """One request for METADATA and `variant.json`, with what is between them."""
    remote = Remote(b"0123456789")
    file = remote.opened((8, 10))
    file.ensure(spans)
    assert remote.fetched == fetched
    for start, end in spans:
        file.seek(start)
        assert file.read(end - start) == remote.content[start:end]
    assert remote.fetched == fetched


def test_more_than_64_mib_are_never_fetched() -> None:
    """A hostile archive may claim that its description is as large as itself."""
    size = 100 * KIB * KIB
    fetched: list[tuple[int, int]] = []

    def fetch(start: int, end: int) -> bytes:
        fetched.append((start, end))
        return bytes(end - start)

    file = PartialFile(size, fetch)
    file.read(32 * KIB * KIB)
    with pytest.raises(zipfile.BadZipFile, match="the description of its content is too large"):
        file.read(33 * KIB * KIB)
    assert fetched == [(0, 32 * KIB * KIB)]


@given(
    content=st.binary(min_size=1, max_size=60),
    spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6),
    reads=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8),
)
def test_reading_gives_what_the_whole_file_has(
    content: bytes, spans: Iterable[tuple[int, int]], reads: Iterable[tuple[int, int]]
) -> None:
    """Whichever parts are there, and in whatever order they came."""
    remote, known = Remote(content), io.BytesIO(content)
    file = remote.opened(*[(start, end) for start, end in spans if start < end <= len(content)])
    for start, size in reads:
        for each in (known, file):
            each.seek(start)
        assert file.read(size) == known.read(size)


def archive(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


METADATA = ("x-1.0.dist-info/METADATA", b"Name: x\n")
VARIANT = ("x-1.0.dist-info/variant.json", b"{}")
LARGE = ("x/lib.bin", bytes(500 * KIB))
EXPECTED = {"METADATA": METADATA[1], "variant.json": VARIANT[1]}


def with_tail(content: bytes, size: int = 128 * KIB) -> tuple[Remote, PartialFile]:
    """Return a file elsewhere, and the same with its end at hand."""
    remote = Remote(content)
    return remote, remote.opened((max(0, len(content) - size), len(content)))


def test_members_at_the_end_of_an_archive_need_nothing_more() -> None:
    """Wheels have their `*.dist-info` last."""
    remote, file = with_tail(archive(LARGE, METADATA, VARIANT))
    assert read_members(file, NAMES) == EXPECTED
    assert remote.fetched == []


@pytest.mark.parametrize("between", [b"", bytes(300 * KIB)], ids=["together", "apart"])
def test_members_elsewhere_are_fetched_at_once(between: bytes) -> None:
    """From the first to the end of the last, without the member that follows."""
    parts = [METADATA, ("x-1.0.dist-info/between", between), VARIANT, LARGE]
    remote, file = with_tail(archive(*parts))
    assert read_members(file, NAMES) == EXPECTED
    ((start, end),) = remote.fetched
    assert start == 0
    assert len(between) < end < len(between) + KIB


def test_large_central_directory_is_fetched_at_once() -> None:
    """A wheel of many files has more of a directory than the end that is there."""
    many = [(f"x/{number:05}/{'n' * 80}.py", b"") for number in range(3000)]
    remote, file = with_tail(archive(LARGE, *many, METADATA, VARIANT))
    assert read_members(file, NAMES) == EXPECTED
    assert len(remote.fetched) == 1


def zip64(content: bytes) -> bytes:
    """Return an archive whose directory is found by the records of ZIP64."""
    directory = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    count = struct.unpack_from("<H", content, end + 10)[0]
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, end - directory, directory
    )
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    classic = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0
    )
    return content[:end] + record + locator + classic


def test_archive_in_zip64_is_read_from_its_end() -> None:
    """Wheels of more than 4 GiB are such archives."""
    remote, file = with_tail(zip64(archive(LARGE, METADATA, VARIANT)))
    assert read_members(file, NAMES) == EXPECTED
    assert remote.fetched == []


def test_hostile_size_of_the_central_directory_is_an_error_at_once() -> None:
    """Nothing is fetched for a directory that is said to be larger than any."""
    content = bytearray(archive(METADATA))
    end = content.index(b"PK\x05\x06")
    struct.pack_into("<I", content, end + 12, 90 * KIB * KIB)
    size, fetched = 200 * KIB * KIB, []

    def fetch(start: int, stop: int) -> bytes:
        fetched.append((start, stop))
        return bytes(stop - start)

    file = PartialFile(size, fetch)
    file.add(size - len(content), bytes(content))
    with pytest.raises(zipfile.BadZipFile, match="its directory is larger than 16 MiB"):
        read_members(file, NAMES)
    assert fetched == []
