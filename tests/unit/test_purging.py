"""What lies in a folder is removed, whatever it is, and nothing that lies elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.system.purging import (
    files_below,
    links_below,
    remove,
    remove_files,
    without_linked,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="makes links and FIFOs")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a folder with a file, which must stay."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").touch()
    return folder


def _purge(folder: Path) -> list[str]:
    failed: list[str] = []
    gone, _ = remove_files(files_below(folder), lambda file, _: failed.append(file))
    assert failed == []
    return sorted(str(Path(file).relative_to(folder.parent)) for file in gone)


def test_all_but_folders_is_removed(tmp_path: Path, outside: Path) -> None:
    """Links to files and folders, to nothing and to themselves, and what is no file."""
    cache = tmp_path / "variants"
    (cache / "a/b").mkdir(parents=True)
    (cache / "a/b/file").write_bytes(b"x" * 5)
    for name, target in (
        ("folder", outside),
        ("file", outside / "file"),
        ("nothing", Path("nowhere")),
        ("loop", Path("loop")),
    ):
        (cache / "a" / name).symlink_to(target)
    os.mkfifo(cache / "fifo")
    names = ["folder", "file", "nothing", "loop", "b/file"]
    assert _purge(cache) == sorted(["variants/fifo", *(f"variants/a/{name}" for name in names)])
    assert (outside / "file").exists()
    assert files_below(cache) == []


@pytest.mark.parametrize("kind", ["link", "dangling link", "file", "FIFO"])
def test_what_is_in_the_place_of_the_folder_is_removed_itself(
    tmp_path: Path, outside: Path, kind: str
) -> None:
    """A link is, and not what it points to."""
    cache = tmp_path / "variants"
    if kind == "FIFO":
        os.mkfifo(cache)
    elif kind == "file":
        cache.touch()
    else:
        cache.symlink_to(outside if kind == "link" else "nowhere")
    assert _purge(cache) == ["variants"]
    assert not os.path.lexists(cache)
    assert (outside / "file").exists()


def test_what_a_link_in_the_cache_leads_to_is_no_file_of_it(tmp_path: Path, outside: Path) -> None:
    """The link is, where pip has a cache; one that leads to the cache is the user's."""
    cache = tmp_path / "cache"
    (tmp_path / "real/http/a").mkdir(parents=True)
    cache.symlink_to(tmp_path / "real")
    (cache / "wheels").symlink_to(outside)
    (cache / "http-v2").symlink_to("nowhere")
    (cache / "http/b").symlink_to(outside)
    for name in ("http/a/file", "http/file"):
        (cache / name).touch()
    files = ["http/a/file", "http/file", "http/b", "wheels", "wheels/file", "http/b/file", "gone/x"]
    found = without_linked(cache, [str(cache / name) for name in files])
    assert found == [str(cache / name) for name in files[:4]]
    links = links_below(cache, ("http", "http-v2", "wheels"))
    assert links == [str(cache / name) for name in ("http-v2", "wheels")]


def test_folder_that_is_missing_has_no_files(tmp_path: Path) -> None:
    """Nothing has been cached."""
    assert files_below(tmp_path / "variants") == []


def test_other_disk_that_is_mounted_there_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has another device."""
    for name in ("own", "mounted"):
        (tmp_path / "variants" / name).mkdir(parents=True)
        (tmp_path / "variants" / name / "file").touch()
    real = os.scandir

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.entry, self.path = entry, entry.path

        def is_dir(self, *, follow_symlinks: bool) -> bool:
            return self.entry.is_dir(follow_symlinks=follow_symlinks)

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            found = [*self.entry.stat(follow_symlinks=follow_symlinks)]
            found[2] += self.path.endswith("mounted")
            return os.stat_result(found)

    class Entries:
        def __init__(self, path: Path) -> None:
            self.entries = real(path)

        def __enter__(self) -> map[Entry]:
            return map(Entry, self.entries)

        def __exit__(self, *_: object) -> None:
            self.entries.close()

    monkeypatch.setattr(os, "scandir", Entries)
    assert files_below(tmp_path / "variants") == [str(tmp_path / "variants/own/file")]


def test_file_that_cannot_be_removed_is_reported_and_the_others_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is gone already is not."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"12")
    real = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    failed: list[tuple[str, str | None]] = []
    files = [str(tmp_path / name) for name in ("a", "b", "c", "gone")]
    found = remove_files(files, lambda file, error: failed.append((file, error.strerror)))
    assert found == ([files[0], files[2]], 4)
    assert failed == [(files[1], "Permission denied")]


def _deep(folder: Path) -> None:
    """Make a tree that is deeper than a path may be long, and than Python calls itself."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _ in range(2000):
            Path("deeper").mkdir()
            os.chdir("deeper")
        Path("file").touch()
    finally:
        os.fchdir(before)
        os.close(before)


def _closed(folder: Path) -> None:
    (folder / "a/b").mkdir(parents=True)
    for path in (folder / "a/b", folder / "a", folder):
        path.chmod(0)


def _links(folder: Path) -> None:
    (folder / "outside").symlink_to(folder.parent / "outside")
    (folder / "loop").symlink_to("loop")
    (folder / "a").mkdir()
    (folder / "a/outside").symlink_to(folder.parent / "outside")
    os.mkfifo(folder / "a/fifo")


TREES: dict[str, Callable[[Path], object]] = {
    "empty": lambda _: None,
    "deep": _deep,
    "without any rights": _closed,
    "links and a FIFO": _links,
}


@pytest.mark.parametrize("case", TREES)
def test_folder_is_removed_with_all_in_it(tmp_path: Path, outside: Path, case: str) -> None:
    """Whatever a plugin has made of it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    TREES[case](folder)
    remove(folder)
    assert sorted(tmp_path.iterdir()) == [outside]
    assert (outside / "file").exists()


def test_what_cannot_be_removed_keeps_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays, and so do the folders around it alone."""
    folder = tmp_path / "folder"
    for name in ("a/stays", "a/goes", "b/goes", "goes"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    inherited = Path.unlink

    def unlink(path: Path, **options: bool) -> None:
        if path.name == "stays":
            raise PermissionError
        inherited(path, **options)

    monkeypatch.setattr(Path, "unlink", unlink)
    remove(folder)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == ["a", "a/stays"]


def test_file_link_or_nothing_is_removed(tmp_path: Path, outside: Path) -> None:
    """A link to a folder is no folder."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(outside)
    for name in ("file", "link", "nothing"):
        remove(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == [outside]
    assert (outside / "file").exists()
