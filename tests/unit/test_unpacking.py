"""Wheels unpacked side by side: what arrives, what is left to the installer, and the end."""

from __future__ import annotations

import collections
import importlib.util
import marshal
import os
import shutil
import struct
import threading
import types
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pip_variants.system import unpacking
from pip_variants.system.unpacking import (
    DiskFullError,
    Unpacked,
    Unpacking,
    replace_by_outline,
)
from tests.support.waiting import within

INFO = "project-1.0.dist-info"
MEMBERS = {
    "project/__init__.py": b"x = 1\n",
    "project/deep/er/module.py": b"y = 2\n",
    "project/empty.py": b"",
    "project/data.bin": bytes(range(256)) * 100,
    "project-1.0.data/scripts/run": b"#!python\n",
    "project-1.0.data/purelib/moved.py": b"z = 3\n",
    f"{INFO}/METADATA": b"Name: project\n",
    f"{INFO}/RECORD": b"",
}
FINAL = "/usr/lib/python/site-packages"


def write_archive(
    path: Path, members: Mapping[str, bytes] = MEMBERS, method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write an archive with a folder besides these members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("project/", b"")
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def damage(path: Path, member: str) -> None:
    """Change one byte in the middle of a member's data."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(member)
    data = bytearray(path.read_bytes())
    data[entry.header_offset + 30 + len(member) + entry.compress_size // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive of all kinds of members."""
    return write_archive(tmp_path / "project.whl")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Unpacked | None]]:
    """Return a function that unpacks an archive with two threads and waits for it."""
    own = Unpacking(2, lambda _: None)

    def unpack(archive: Path, final_folder: str | None = FINAL) -> Unpacked | None:
        own.add(archive, tmp_path / f"{archive.name}.files", final_folder)
        return own.wait(archive)

    yield unpack
    own.close()


Start = Callable[..., Unpacked | None]


def contents(wheel: Unpacked | None) -> dict[str, bytes]:
    """Return the files of an unpacked wheel with their contents."""
    assert wheel is not None
    return {name: path.read_bytes() for name, path in wheel.files.items()}


def test_all_members_arrive(start: Start, archive: Path) -> None:
    """Every file is there, folders are not, and the modules have bytecode."""
    wheel = start(archive)
    assert contents(wheel) == MEMBERS
    assert wheel is not None
    assert wheel.complete
    modules = ("__init__.py", "deep/er/module.py", "empty.py")
    assert set(wheel.bytecode) == {f"{FINAL}/project/{name}" for name in modules}


def test_bytecode_belongs_to_the_file_and_names_its_place(start: Start, archive: Path) -> None:
    """It has the time and size of the file, which keeps both when it is moved."""
    wheel = start(archive)
    assert wheel is not None
    source = wheel.files["project/deep/er/module.py"].stat()
    data = wheel.bytecode[f"{FINAL}/project/deep/er/module.py"].read_bytes()
    code: types.CodeType = marshal.loads(data[16:])  # noqa: S302 - our own file
    assert code.co_filename == f"{FINAL}/project/deep/er/module.py"
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert struct.unpack("<III", data[4:16]) == (0, int(source.st_mtime), source.st_size)


def test_nothing_is_compiled_without_a_final_folder(start: Start, archive: Path) -> None:
    """That is `--no-compile`, or a place that is not known yet."""
    wheel = start(archive, None)
    assert contents(wheel) == MEMBERS
    assert wheel is not None
    assert wheel.bytecode == {}


def test_files_have_the_mode_that_the_umask_leaves(start: Start, archive: Path) -> None:
    """The installer makes files executable; here all have the mode of a new file."""
    plain = archive.with_name("plain")
    plain.touch()
    wheel = start(archive)
    assert wheel is not None
    assert {path.stat().st_mode for path in wheel.files.values()} == {plain.stat().st_mode}


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_damaged_member_is_left_to_the_installer(start: Start, tmp_path: Path, method: int) -> None:
    """Whatever the method raises, nothing hangs, and the archive has to be kept."""
    data = os.urandom(50_000) + bytes(50_000)
    members = {**MEMBERS, "project/damaged.bin": data}
    archive = write_archive(tmp_path / "damaged.whl", members, method)
    damage(archive, "project/damaged.bin")
    wheel = start(archive)
    assert wheel is not None
    assert not wheel.complete
    assert "project/damaged.bin" not in wheel.files


def test_offset_behind_the_end_is_left_to_the_installer(start: Start, tmp_path: Path) -> None:
    """A central directory may say anything about where a member begins."""
    archive = write_archive(tmp_path / "offset.whl", {"a": b"1"})
    data = archive.read_bytes()
    central = data.rindex(b"PK\x01\x02")
    archive.write_bytes(data[: central + 42] + b"\xff\xff\xff\x7f" + data[central + 46 :])
    wheel = start(archive)
    assert wheel is not None
    assert (wheel.complete, wheel.files) == (False, {})


@pytest.mark.parametrize(
    ("flag", "method"),
    [pytest.param(1, None, id="encrypted"), pytest.param(0, 97, id="unknown method")],
)
def test_member_that_cannot_be_read_is_left_to_the_installer(
    start: Start, tmp_path: Path, flag: int, method: int | None
) -> None:
    """An encrypted member, or one with a method that Python does not know."""
    archive = write_archive(tmp_path / "odd.whl", {"a": b"1" * 100})
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rindex(signature) + offset
        data[at] |= flag
        if method is not None:
            data[at + 2 : at + 4] = struct.pack("<H", method)
    archive.write_bytes(data)
    wheel = start(archive)
    assert wheel is not None
    assert (wheel.complete, wheel.files) == (False, {})


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_that_occurs_twice_is_left_to_the_installer(start: Start, tmp_path: Path) -> None:
    """Which of the two counts is its business; bytecode of the wrong one would be valid."""
    path = tmp_path / "twice.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for text in (b"x = 1\n", b"x = 2\n"):
            archive.writestr("project/twice.py", text)
        archive.writestr("project/once.py", b"")
    wheel = start(path)
    assert wheel is not None
    assert (wheel.complete, list(wheel.files)) == (False, ["project/once.py"])
    assert list(wheel.bytecode) == [f"{FINAL}/project/once.py"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06"])
def test_what_is_no_archive_is_left_to_the_installer(
    start: Start, tmp_path: Path, content: bytes
) -> None:
    """It is not added, which is no error here."""
    path = tmp_path / "none.whl"
    path.write_bytes(content)
    assert start(path) is None
    assert start(tmp_path / "missing.whl") is None


def test_archive_without_files_is_complete(start: Start, tmp_path: Path) -> None:
    """There is nothing to wait for."""
    wheel = start(write_archive(tmp_path / "empty.whl", {}))
    assert wheel is not None
    assert (wheel.complete, wheel.files) == (True, {})


def test_error_of_the_owner_does_not_hang(tmp_path: Path, archive: Path) -> None:
    """Whoever waits goes on if `finished` raises."""
    empty = write_archive(tmp_path / "empty.whl", {})

    def finished(_: Unpacked) -> None:
        raise OSError

    own = Unpacking(2, finished)
    with pytest.raises(OSError):  # noqa: PT011 - its own
        own.add(empty, tmp_path / "files", None)
    assert own.wait(empty) is not None
    own.close()
    assert archive not in own


def test_finished_is_called_once_for_each(tmp_path: Path) -> None:
    """Before anybody who waits goes on, when every file is there."""
    told: list[tuple[str, int]] = []
    own = Unpacking(2, lambda wheel: told.append((wheel.archive.name, len(wheel.files))))
    archives = [write_archive(tmp_path / f"{number}.whl") for number in range(4)]
    for archive in archives:
        own.add(archive, tmp_path / f"{archive.name}.files", FINAL)
    for archive in archives:
        own.wait(archive)
    assert sorted(told) == [(f"{number}.whl", len(MEMBERS)) for number in range(4)]
    own.close()


def test_full_disk_is_noticed_before_anything_is_written(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being unpacked counts, too: the second of two archives does not fit."""
    size = sum(map(len, MEMBERS.values()))
    usage = collections.namedtuple("usage", "free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(size + 10))
    own = Unpacking(2, lambda _: None)
    monkeypatch.setattr(own._workers, "add", lambda _: None)  # nothing is ever finished
    own.add(archive, tmp_path / "first", None)
    second = shutil.copy(archive, tmp_path / "second.whl")
    with pytest.raises(DiskFullError) as caught:
        own.add(Path(second), tmp_path / "second", None)
    assert (caught.value.folder, caught.value.missing) == (tmp_path, size - 10)
    assert str(caught.value) == f"{tmp_path}: {size - 10} bytes are missing"
    assert not (tmp_path / "second").exists()
    own.close()


def test_files_of_the_same_name_in_other_archives_are_apart(start: Start, tmp_path: Path) -> None:
    """Each archive has a folder of its own."""
    first = start(write_archive(tmp_path / "1.whl", {"a/b": b"1"}))
    second = start(write_archive(tmp_path / "2.whl", {"a/b": b"2"}))
    assert (contents(first), contents(second)) == ({"a/b": b"1"}, {"a/b": b"2"})


def test_paths_in_an_archive_lead_nowhere(start: Start, tmp_path: Path) -> None:
    """Files are numbered here; what their names mean is checked where they are installed."""
    members = {"../out": b"1", "/abs": b"2", "c:\\x": b"3", "a/../../b": b"4"}
    archive = write_archive(tmp_path / "paths.whl", members)
    wheel = start(archive)
    assert wheel is not None
    assert {path.parent for path in wheel.files.values()} == {wheel.folder}


def test_close_ends_threads_and_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of large files, soon, and nothing is finished any more."""
    large = {f"{number}.bin": bytes(30_000_000) for number in range(4)}
    archive = write_archive(tmp_path / "large.whl", large)
    told: list[Unpacked] = []
    own = Unpacking(2, told.append)
    modules = write_archive(tmp_path / "modules.whl")
    own.add(modules, tmp_path / "modules", FINAL)
    own.wait(modules)
    children = own._compilers._all[:]
    begun = threading.Event()
    write = own._write

    def watched(*args: object) -> None:
        begun.set()
        write(*args)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(own, "_write", watched)
    own.add(archive, tmp_path / "files", FINAL)
    assert begun.wait(10)
    with within(4):
        own.close()
    assert not any(thread.is_alive() for thread in own._workers._threads)
    assert [child.process.poll() is None for child in children] == [False] * len(children)
    assert children
    assert [wheel.archive for wheel in told] == [modules]


def test_outline_has_what_describes_the_wheel(start: Start, archive: Path) -> None:
    """It can be opened and lists every member, of which those in dist-info can be read."""
    wheel = start(archive)
    assert wheel is not None
    size = archive.stat().st_size
    replace_by_outline(wheel)
    assert archive.stat().st_size == size
    with zipfile.ZipFile(archive) as opened:
        assert [item.filename for item in opened.infolist()] == ["project/", *MEMBERS]
        for name in (f"{INFO}/METADATA", f"{INFO}/RECORD"):
            assert opened.read(name) == MEMBERS[name]
    assert [path.name for path in archive.parent.glob("*.outline")] == []


def test_outline_takes_less_space(tmp_path: Path) -> None:
    """What is unpacked is a hole in it, where the file system knows holes."""
    holes = tmp_path / "holes"
    with holes.open("wb") as file:
        file.seek(4_000_000)
        file.write(b"1")
    if not hasattr(holes.stat(), "st_blocks") or holes.stat().st_blocks * 512 > 1_000_000:
        pytest.skip("this file system knows no holes")
    members = {"data.bin": os.urandom(4_000_000), f"{INFO}/METADATA": b"Name: project\n"}
    archive = write_archive(tmp_path / "large.whl", members)
    before = archive.stat()
    replace_by_outline(Unpacked(archive, tmp_path, None))
    after = archive.stat()
    assert (after.st_size, after.st_blocks < before.st_blocks / 4) == (before.st_size, True)
    assert zipfile.ZipFile(archive).read(f"{INFO}/METADATA") == b"Name: project\n"


def test_outline_of_an_archive_without_members_is_the_archive(tmp_path: Path) -> None:
    """There is nothing to leave out."""
    empty = tmp_path / "empty.whl"
    zipfile.ZipFile(empty, "w").close()
    before = empty.read_bytes()
    replace_by_outline(Unpacked(empty, tmp_path, None))
    assert empty.read_bytes() == before


def test_outline_reads_no_more_than_there_is(archive: Path, tmp_path: Path) -> None:
    """Folders are not unpacked, so nothing else has seen where they claim to be."""
    with zipfile.ZipFile(archive, "a") as opened:
        opened.mkdir(f"{INFO}/") if hasattr(opened, "mkdir") else opened.writestr(f"{INFO}/", b"")
    data = bytearray(archive.read_bytes())
    record = data.rfind(b"PK\x01\x02")
    data[record + 42 : record + 46] = struct.pack("<L", 0x7FFF_FFFF)
    archive.write_bytes(data)
    replace_by_outline(Unpacked(archive, tmp_path, None))
    assert zipfile.ZipFile(archive).read(f"{INFO}/METADATA") == MEMBERS[f"{INFO}/METADATA"]


def test_outline_leaves_other_names_of_the_file(archive: Path) -> None:
    """A cache that has the file by a hard link keeps all of it."""
    cached = archive.with_name("cached")
    try:
        os.link(archive, cached)
    except OSError:
        pytest.skip("this file system knows no hard links")
    content = archive.read_bytes()
    replace_by_outline(Unpacked(archive, archive.parent, None))
    assert cached.read_bytes() == content != archive.read_bytes()


def test_outline_of_what_is_no_archive_is_nothing(tmp_path: Path) -> None:
    """The file stays as it is."""
    path = tmp_path / "none.whl"
    path.write_bytes(b"no archive")
    replace_by_outline(Unpacked(path, tmp_path, None))
    replace_by_outline(Unpacked(tmp_path / "missing.whl", tmp_path, None))
    assert path.read_bytes() == b"no archive"


def test_batches_have_every_entry_once_and_the_large_ones_first() -> None:
    """What takes long begins first; small files come many at a time."""
    entries = [zipfile.ZipInfo(str(number)) for number in range(1000)]
    for number, entry in enumerate(entries):
        entry.file_size = 20_000_000 if number == 777 else number
    batches = list(unpacking._batches(entries))
    assert batches[0] == [(777, entries[777])]
    assert [len(batch) for batch in batches] == [1, 200, 200, 200, 200, 199]
    assert sorted(number for batch in batches for number, _ in batch) == list(range(1000))
