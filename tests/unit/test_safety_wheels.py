"""What pip reads of a wheel: bounded by what the archive states, and that is bounded as well."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError, UnsupportedWheel

from patches.common._safety import wheels
from patches.common._safety.wheels import WheelArchive, read_member, unpacking
from pip_variants.core import limits
from tests.support.archives import damaged, stating_size, with_directory

NAME = "x-1.0-py3-none-any.whl"
INFO = "x-1.0.dist-info"
MIB = 1024 * 1024


def write(folder: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a wheel with these members and return its path."""
    path = folder / NAME
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_limits_are_those_of_the_engine() -> None:
    """Pip reads no more of a wheel than the engine."""
    assert wheels.MAX_BYTES == limits.MAX_BYTES == limits.DIRECTORY_BYTES


OTHER_METHOD = "a file in it is packed with bzip2 or LZMA"
# Members, method of compression, what is wrong.
UNSUPPORTED: dict[str, tuple[tuple[str, int], int, str]] = {
    "METADATA": ((f"{INFO}/METADATA", 4 * MIB + 1), 8, "its METADATA is larger than 4 MiB"),
    "WHEEL": ((f"{INFO}/WHEEL", MIB + 1), 8, "its WHEEL is larger than 1 MiB"),
    "RECORD": ((f"{INFO}/RECORD", 16 * MIB + 1), 8, "its RECORD is larger than 16 MiB"),
    "folder": ((f"{INFO}/sboms/a", 65 * MIB), 8, "its dist-info folder is larger than 64 MiB"),
    "bzip2": (("x.py", 64 * MIB + 1), 12, f"{OTHER_METHOD} and larger than 64 MiB"),
    "LZMA": (("x.py", 64 * MIB + 1), 14, f"{OTHER_METHOD} and larger than 64 MiB"),
}


@pytest.mark.parametrize(("member", "method", "problem"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_wheel_that_costs_too_much_is_unsupported(
    tmp_path: Path, member: tuple[str, int], method: int, problem: str
) -> None:
    """The error names the wheel and the limit."""
    name, size = member
    path = write(tmp_path, (name, b"x"), method=method)
    path.write_bytes(stating_size(path.read_bytes(), name, size))
    with pytest.raises(UnsupportedWheel) as caught:
        WheelArchive(str(path))
    assert str(caught.value) == f"{NAME} is not supported: {problem}"


def test_directory_of_a_million_entries_is_not_read(tmp_path: Path) -> None:
    """Zipfile reads a directory at once and makes an object of each entry."""
    path = write(tmp_path, ("x.py", b""))
    path.write_bytes(with_directory(path.read_bytes(), 17 * MIB))
    tracemalloc.start()
    with pytest.raises(UnsupportedWheel, match="its directory is larger than 16 MiB"):
        WheelArchive(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MIB


def test_ordinary_wheel_is_read(tmp_path: Path) -> None:
    """Large files outside of the dist-info folder are none of its business."""
    path = write(tmp_path, ("x.bin", bytes(65 * MIB)), (f"{INFO}/METADATA", b"Name: x"))
    with WheelArchive(str(path)) as archive:
        assert archive.filename == str(path)
        assert read_member(archive, f"{INFO}/METADATA") == b"Name: x"
        with pytest.raises(KeyError):
            read_member(archive, f"{INFO}/WHEEL")
    assert archive.fp is None
    with WheelArchive(io.BytesIO(path.read_bytes())) as archive:
        assert len(archive.namelist()) == 2


OTHER_METHODS = pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])


@OTHER_METHODS
@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 4096], ids=len)
def test_bzip2_and_lzma_are_read(tmp_path: Path, method: int, content: bytes) -> None:
    """Pip installs such wheels."""
    with WheelArchive(str(write(tmp_path, ("x.py", content), method=method))) as archive:
        assert archive.read("x.py") == content
        with archive.open(archive.getinfo("x.py")) as file:
            assert file.read(1) == content[:1]


@OTHER_METHODS
def test_damaged_bzip2_and_lzma_are_a_bad_zip_file(tmp_path: Path, method: int) -> None:
    """Whatever is damaged in them: the start, the properties, what is packed, or the checksum."""
    content = write(tmp_path, ("x.py", b"y" * 99), method=method).read_bytes()
    start = 30 + len("x.py")
    for at in range(start, content.index(b"PK\x01\x02")):
        changed = bytes([*content[:at], content[at] ^ 0xFF, *content[at + 1 :]])
        with WheelArchive(io.BytesIO(changed)) as archive:
            try:
                assert archive.read("x.py") == b"y" * 99
            except zipfile.BadZipFile:
                continue


def test_unknown_method_is_unsupported(tmp_path: Path) -> None:
    """The tenth byte of an entry of the directory."""
    path = write(tmp_path, ("x.py", b"x"))
    path.write_bytes(damaged(path.read_bytes(), 10, b"\x63"))
    with pytest.raises(UnsupportedWheel, match="a file in it is packed with an unknown method"):
        WheelArchive(str(path))


@pytest.mark.parametrize("method", [8, 12, 14], ids=["deflated", "bzip2", "LZMA"])
def test_no_more_is_inflated_than_the_directory_states(tmp_path: Path, method: int) -> None:
    """The checksum shows then that the directory does not tell the truth."""
    member = f"{INFO}/METADATA"
    path = write(tmp_path, (member, bytes(9 * MIB)), method=method)
    path.write_bytes(stating_size(path.read_bytes(), member, 20))
    tracemalloc.start()
    with WheelArchive(str(path)) as archive, pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        read_member(archive, member)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * MIB


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "a newer format": lambda data: damaged(data, 6, b"\xff\x00"),
    "no archive": lambda _: b"x" * 100,
    "name that is not UTF-8": lambda data: data.replace("ä.py".encode(), b"\xff\xff.py"),
    "offset outside of the file": lambda data: damaged(data, 42, b"\xf0\xff\xff\x7f"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_damaged_archive_is_a_bad_zip_file(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """Pip reports such a wheel as invalid; other errors would be tracebacks."""
    path = write(tmp_path, ("ä.py", b"x"))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(zipfile.BadZipFile), WheelArchive(str(path)) as archive:
        read_member(archive, "ä.py")


def test_damage_that_is_found_while_unpacking_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    """Zipfile compares checksums only at the end of a file."""
    with pytest.raises(InstallationError) as caught, unpacking(str(tmp_path / NAME)):
        raise zipfile.BadZipFile("Bad CRC-32 for file 'x.py'")
    assert str(caught.value) == f"{NAME} cannot be unpacked: Bad CRC-32 for file 'x.py'"
    with pytest.raises(OSError, match="full"), unpacking(NAME):
        raise OSError("full")
