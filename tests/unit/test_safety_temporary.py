"""The folder of a run in a temporary folder: its lock, what it leaves, and what others left."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patches.common._safety import temporary

ROOT = Path(__file__).parents[2]
NAME = f"{temporary._prefix()}abcdefgh"


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    temporary.release()


def test_run_has_one_folder_in_each_parent(parent: Path, tmp_path: Path) -> None:
    """Its name is that of a run, and only its user can look into it."""
    folder = temporary.run_folder()
    assert temporary.run_folder() == folder
    assert [*parent.iterdir()] == [Path(folder)]
    assert Path(folder).name.startswith(temporary._prefix())
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    (tmp_path / "cache").mkdir()
    other = temporary.run_folder(str(tmp_path / "cache"))
    assert Path(other).parent == tmp_path / "cache"


def test_empty_folder_is_removed_at_the_end(parent: Path) -> None:
    """With files that were to be moved elsewhere."""
    folder = Path(temporary.run_folder())
    (folder / "file").touch()
    temporary.release()
    assert [*parent.iterdir()] == []


@pytest.mark.usefixtures("parent")
def test_what_pip_leaves_on_purpose_stays() -> None:
    """As with `--no-clean`: the next run does not remove it."""
    folder = Path(temporary.run_folder())
    (folder / "pip-install-x").mkdir()
    temporary.keep(str(folder / "pip-install-x"))
    temporary.release()
    assert sorted(path.name for path in folder.iterdir()) == ["kept", "pip-install-x"]
    assert Path(temporary.run_folder()) != folder
    assert (folder / "pip-install-x").is_dir()


def test_only_a_folder_of_a_run_is_marked(tmp_path: Path) -> None:
    """Folders that the user names, as with `--src`, are kept in any case."""
    (tmp_path / "src").mkdir()
    temporary.keep(str(tmp_path / "src"))
    temporary.keep(str(tmp_path / NAME / "pip-install-x"))
    assert [*tmp_path.rglob("*")] == [tmp_path / "src"]


@pytest.mark.parametrize("name", ["pip-uninstall-x", "pip-unpack-x"])
def test_what_an_interrupted_run_leaves_is_removed_by_the_next_run(parent: Path, name: str) -> None:
    """Files of the version that it was about to replace, or what it was about to remove."""
    folder = Path(temporary.run_folder())
    (folder / name).mkdir()
    temporary.release()
    assert (folder / name).is_dir()
    assert [*parent.iterdir()] == [folder]
    assert [temporary.run_folder()] == [*map(str, parent.iterdir())]
    assert not folder.exists()


@pytest.mark.usefixtures("parent")
def test_folder_that_somebody_removed_is_made_anew() -> None:
    """As tools do that clean /tmp."""
    folder = temporary.run_folder()
    shutil.rmtree(folder)
    assert Path(temporary.run_folder()).is_dir()
    assert temporary.run_folder() != folder


def test_missing_parent_is_an_error(parent: Path) -> None:
    """As it is for every temporary folder."""
    with pytest.raises(FileNotFoundError):
        temporary.run_folder(str(parent / "missing"))


RUN = f"""\
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from patches.common._safety.temporary import run_folder
print(run_folder(sys.argv[1]), flush=True)
os.makedirs(run_folder(sys.argv[1]) + "/pip-unpack-x/deep")
open(run_folder(sys.argv[1]) + "/pip-unpack-x/deep/file", "w").close()
print(flush=True)
sys.stdin.readline()
"""


def test_what_a_killed_run_left_is_removed_by_the_next(parent: Path) -> None:
    """Not before it has ended."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, parent],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        left = Path(run.stdout.readline().rstrip())
        run.stdout.readline()
        temporary.sweep(str(parent))
        assert (left / "pip-unpack-x" / "deep" / "file").exists()
        run.kill()
    own = Path(temporary.run_folder())
    assert [*parent.iterdir()] == [own]


def test_run_that_ends_without_a_command_leaves_nothing(parent: Path) -> None:
    """As tools do that use pip's internals."""
    code = RUN.replace(
        "sys.stdin", "__import__('shutil').rmtree(run_folder(sys.argv[1])) or sys.stdin"
    )
    subprocess.run([sys.executable, "-c", code, parent], input=b"", check=True, capture_output=True)
    code = RUN.partition("os.makedirs")[0]
    subprocess.run([sys.executable, "-c", code, parent], check=True, capture_output=True)
    assert [*parent.iterdir()] == []


def _full(path: Path) -> None:
    inner = path / "folder" / "read-only"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    (path / "link").symlink_to(path.parent.parent)
    (path / "broken").symlink_to("nowhere")
    inner.chmod(0o500)


def _locked(path: Path) -> None:
    path.mkdir()
    fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX)


def _kept(path: Path) -> None:
    path.mkdir()
    (path / "kept").touch()


def _linked(path: Path) -> None:
    target = path.parent.parent / "precious"
    target.mkdir()
    (target / "file").touch()
    path.symlink_to(target)


# Name, how it is made, and whether it stays.
LEFT: dict[str, tuple[str, Callable[[Path], object], bool]] = {
    "empty": (NAME, Path.mkdir, False),
    "full": (NAME, _full, False),
    "of a run that lives": (NAME, _locked, True),
    "kept on purpose": (NAME, _kept, True),
    "of another host": ("pip-run-00000000-abcdefgh", Path.mkdir, True),
    "of a stock pip": ("pip-unpack-abcdefgh", Path.mkdir, True),
    "link": (NAME, _linked, True),
    "file": (NAME, Path.touch, True),
    "FIFO": (NAME, os.mkfifo, True),
}


@pytest.mark.parametrize(("name", "make", "stays"), LEFT.values(), ids=LEFT)
def test_only_folders_of_ended_runs_are_removed(
    parent: Path, tmp_path: Path, name: str, make: Callable[[Path], object], *, stays: bool
) -> None:
    """Nothing outside of them, to which links may lead."""
    make(parent / name)
    temporary.run_folder()
    assert os.path.lexists(parent / name) == stays
    assert (tmp_path / "precious" / "file").exists() == (make is _linked)


def test_folder_of_another_user_stays(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In /tmp there are those of all users."""
    (parent / NAME).mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    temporary.run_folder()
    assert (parent / NAME).exists()


def test_folder_that_takes_the_place_of_another_is_not_emptied(
    parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may rename what is in a folder that all may write."""
    (parent / NAME).mkdir()
    (parent / NAME / "left").touch()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    flock = fcntl.flock

    def swap(descriptor: int, operation: int) -> None:
        flock(descriptor, operation)
        if (parent / NAME / "left").exists():
            (parent / NAME).rename(tmp_path / "away")
            (tmp_path / "precious").rename(parent / NAME)

    monkeypatch.setattr(fcntl, "flock", swap)
    temporary.sweep(str(parent))
    assert (parent / NAME / "file").exists()
    assert [*(tmp_path / "away").iterdir()] == []


def _no_locks(*_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def test_without_locks_all_is_as_in_a_stock_pip(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system of a network; nothing else is made or removed there."""
    (parent / NAME).mkdir()
    monkeypatch.setattr(fcntl, "flock", _no_locks)
    assert temporary.run_folder() == str(parent)
    assert [*parent.iterdir()] == [parent / NAME]


def test_without_the_module_for_locks_too(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(temporary, "fcntl", None)
    assert temporary.run_folder() == str(parent)
    assert [*parent.iterdir()] == []


def test_run_whose_folder_was_swept_before_it_had_its_lock_makes_another(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed before it is opened, and between that and the lock."""
    swept: list[Path] = []
    flock, make = fcntl.flock, tempfile.mkdtemp

    def mkdtemp(**arguments: str) -> str:
        path = make(**arguments)
        if not swept:
            swept.append(Path(path))
            Path(path).rmdir()
        return path

    def late(descriptor: int, operation: int) -> None:
        flock(descriptor, operation)
        if len(swept) == 1:
            (path,) = parent.iterdir()
            swept.append(path)
            path.rmdir()

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    monkeypatch.setattr(fcntl, "flock", late)
    folder = Path(temporary.run_folder())
    assert folder not in swept
    assert [*parent.iterdir()] == [folder]
    assert len(swept) == 2


@pytest.mark.usefixtures("parent")
def test_file_on_its_way_to_the_cache_is_removed_if_it_is_not_whole(tmp_path: Path) -> None:
    """As on a full disk."""
    cache = tmp_path / "cache"
    (cache / "a").mkdir(parents=True)
    with temporary.new_file(str(cache / "a" / "x"), str(cache)) as file:
        file.write(b"whole")
    Path(file.name).replace(cache / "a" / "x")
    with (
        pytest.raises(OSError, match="full"),
        temporary.new_file(str(cache / "a" / "x"), str(cache)),
    ):
        raise OSError("full")
    temporary.release()
    assert [*cache.iterdir()] == [cache / "a"]
    assert (cache / "a" / "x").read_bytes() == b"whole"
