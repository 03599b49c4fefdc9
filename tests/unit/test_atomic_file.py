"""A file is replaced atomically, and nothing is left of what a killed process was writing."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pip_variants.system import atomic_file
from pip_variants.system.atomic_file import replace_file, replacing

ROOT = Path(__file__).parents[2]
CONTENTS = (b"a" * 1_000_000, b"b" * 2_000_000)
NAME = f".0123456789abcdef{atomic_file._suffix()}"


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    """Let each test be a process that has not replaced anything."""
    atomic_file.sweep.cache_clear()
    yield
    atomic_file.sweep.cache_clear()


def test_reader_sees_the_old_or_the_new_file(tmp_path: Path) -> None:
    """While the file is replaced over and over, every reader gets a complete one."""
    path = tmp_path / "x-1.0-variants.json"
    path.write_bytes(CONTENTS[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(60):
        replace_file(path, CONTENTS[i % 2])
    done.set()
    reader.join()
    assert seen <= {*CONTENTS}
    assert [*tmp_path.iterdir()] == [path]


def test_failed_replacement_leaves_no_temporary_file(tmp_path: Path) -> None:
    """If the target cannot be replaced, nothing else is left in the folder."""
    path = tmp_path / "x-1.0-variants.json"
    (path / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match=r"directory|denied"):
        replace_file(path, b"{}")
    assert [*tmp_path.iterdir()] == [path]


def test_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    """A file in a folder that does not exist cannot be written."""
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "missing" / "x.json", b"{}")
    assert [*tmp_path.iterdir()] == []


WRITE = f"""\
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from pip_variants.system.atomic_file import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half"); file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_file_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    """The next one that writes anything in the folder."""
    subprocess.run([sys.executable, "-c", WRITE, tmp_path / "x"], check=False)
    assert len([*tmp_path.iterdir()]) == 1
    replace_file(tmp_path / "y", b"whole")
    assert [*tmp_path.iterdir()] == [tmp_path / "y"]


def _locked(path: Path) -> None:
    path.touch()
    fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX)


def _linked(path: Path) -> None:
    (path.parent / "target").touch()
    path.symlink_to("target")


LEFT: dict[str, tuple[str, Callable[[Path], object], bool]] = {
    "left": (NAME, Path.touch, False),
    "being written": (NAME, _locked, True),
    "of another host": (".0123456789abcdef-00000000.tmp", Path.touch, True),
    "another name": (f"0123456789abcdef{atomic_file._suffix()}", Path.touch, True),
    "folder": (NAME, Path.mkdir, True),
    "link": (NAME, _linked, True),
    "FIFO": (NAME, os.mkfifo, True),
}


@pytest.mark.parametrize(("name", "make", "stays"), LEFT.values(), ids=LEFT)
def test_only_files_that_nobody_writes_are_removed(
    tmp_path: Path, name: str, make: Callable[[Path], object], *, stays: bool
) -> None:
    """Regular ones of this host, and none that a process has still open for writing."""
    make(tmp_path / name)
    replace_file(tmp_path / "x", b"")
    assert (tmp_path / name).is_symlink() or (tmp_path / name).exists() == stays
    assert (tmp_path / "target").exists() == (make is _linked)


def test_file_of_another_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that several users share."""
    (tmp_path / NAME).touch()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    replace_file(tmp_path / "x", b"")
    assert (tmp_path / NAME).exists()


def test_folder_is_looked_at_once(tmp_path: Path) -> None:
    """A process that writes thousands of files reads the names in a folder once."""
    replace_file(tmp_path / "x", b"")
    (tmp_path / NAME).touch()
    replace_file(tmp_path / "x", b"")
    assert (tmp_path / NAME).exists()


def test_writer_that_was_swept_before_it_had_its_lock_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of the file is removed right after it was made."""
    swept: list[Path] = []

    def flock(*_: int) -> None:
        if not swept:
            (made,) = tmp_path.iterdir()
            made.unlink()
            swept.append(made)

    monkeypatch.setattr(fcntl, "flock", flock)
    with replacing(tmp_path / "x") as file:
        file.write(b"whole")
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert swept


def test_without_locks_a_file_is_replaced_and_nothing_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    (tmp_path / NAME).touch()
    monkeypatch.setattr(atomic_file, "fcntl", None)
    replace_file(tmp_path / "x", b"whole")
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, "x"]
