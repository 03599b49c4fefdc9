"""Archives of unknown origin: what their headers state bounds what reading them costs."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest

from pip_variants.formats.archives import blocks, open_archive
from tests.support.archives import damaged, stating_size, with_directory

MIB = 1024 * 1024


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as found:
        for name, content in members:
            found.writestr(name, content)
    return file.getvalue()


def contents(data: bytes) -> dict[str, bytes]:
    """Return what is read of an archive."""
    with open_archive(io.BytesIO(data)) as found:
        return {entry.filename: b"".join(blocks(found, entry)) for entry in found.infolist()}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_is_read(method: int) -> None:
    """Members of any size, also empty ones."""
    large = bytes(range(256)) * 4096
    assert contents(archive(("a", b""), ("b", large), method=method)) == {"a": b"", "b": large}


LARGE = archive(("a", bytes(100 * MIB)))
# An archive, and why it is not read.
REFUSED: dict[str, tuple[bytes, str]] = {
    "size too small": (stating_size(LARGE, "a", 10), "Bad CRC-32"),
    "size of nothing": (stating_size(LARGE, "a", 0), "Bad CRC-32"),
    "bzip2": (archive(("a", b"x"), method=zipfile.ZIP_BZIP2), "neither stored nor deflated"),
    "LZMA": (archive(("a", b"x"), method=zipfile.ZIP_LZMA), "neither stored nor deflated"),
    "directory of 17 MiB": (
        with_directory(archive(("a", b"x")), 17 * MIB),
        "its directory is larger than 16 MiB",
    ),
    "name that is not UTF-8": (
        archive(("\u00e4", b"x")).replace("\u00e4".encode(), b"\xff\xff"),
        "its directory is damaged",
    ),
    "another name in the header": (
        archive(("\u00e4", b"x")).replace("\u00e4".encode(), b"\xff\xff", 1),
        "a file in it is damaged",
    ),
    "offset outside": (
        damaged(archive(("a", b"x")), 42, b"\xf0\xff\xff\x7f"),
        "Bad magic number|Truncated|Overlapped|is not a zip|Corrupt|damaged",
    ),
    "no archive": (b"x" * 100, "File is not a zip file"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED)
def test_archive_that_lies_costs_no_more_than_it_states(data: bytes, problem: str) -> None:
    """Each is a BadZipFile, found without much memory."""
    tracemalloc.start()
    with pytest.raises(zipfile.BadZipFile, match=problem):
        contents(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_size_that_is_too_large_reads_what_there_is() -> None:
    """The directory bounds what is read; nothing is allocated for it."""
    data = stating_size(archive(("a", b"x" * 100)), "a", 2_000_000_000)
    tracemalloc.start()
    assert contents(data) == {"a": b"x" * 100}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB
