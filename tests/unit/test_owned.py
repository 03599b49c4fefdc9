"""Files in folders that others share: what is opened, and what may decide something."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.system import owned
from pip_variants.system.owned import open_regular, read_limited, read_own, resolve_own, seal
from tests.support.owners import GiveAway, give_away
from tests.support.waiting import within

__all__ = ["give_away"]

grp, pwd = pytest.importorskip("grp"), pytest.importorskip("pwd")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such owners and modes")

LIMIT = 10


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(path.parent, os.O_RDONLY)
        # The names of sockets are short.
        before = os.open(".", os.O_RDONLY)
        try:
            os.fchdir(folder)
            server.bind(path.name)
        finally:
            os.fchdir(before)
            os.close(before)
            os.close(folder)


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _linked_fifo(path: Path) -> None:
    os.mkfifo(f"{path}.fifo")
    path.symlink_to(f"{path}.fifo")


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


# What lies in the place of a file in a cache, none of which is read.
NO_FILES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "FIFO": os.mkfifo,
    "folder": Path.mkdir,
    "socket": _socket,
    "link to a FIFO": _linked_fifo,
    "link to a device": _link("/dev/zero"),
    "link to nothing": _link("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "too large": lambda path: path.write_bytes(b"x" * (LIMIT + 1)),
    "huge and sparse": _sparse,
}


@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
@pytest.mark.parametrize("read", [read_limited, read_own])
def test_only_regular_files_of_limited_size_are_read(
    tmp_path: Path, make: Callable[[Path], object], read: Callable[[Path, int], bytes | None]
) -> None:
    """Whatever another user puts into a cache, reading it neither waits nor fails."""
    path = tmp_path / "entry"
    make(path)
    with within(10):
        assert read(path, LIMIT) is None


def test_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    """A byte more is too much."""
    path = tmp_path / "entry"
    path.write_bytes(b"x" * LIMIT)
    assert read_limited(path, LIMIT) == read_own(path, LIMIT) == b"x" * LIMIT
    assert read_limited(path, LIMIT - 1) is None


def test_name_that_no_file_can_have_is_not_read(tmp_path: Path) -> None:
    """It is not there, which is no error."""
    assert read_limited(tmp_path / "a\0b", LIMIT) is None
    assert read_limited(tmp_path / ("x" * 300), LIMIT) is None


@pytest.mark.parametrize("follow", [True, False])
def test_fifo_is_an_error_at_once(tmp_path: Path, follow: bool) -> None:
    """With the name of the file, as every error of the system has it."""
    os.mkfifo(tmp_path / "x.whl")
    with pytest.raises(OSError, match="Not a regular file") as caught:
        open_regular(tmp_path / "x.whl", follow=follow)
    assert caught.value.filename == str(tmp_path / "x.whl")


def test_link_is_followed_where_it_is_the_users(tmp_path: Path) -> None:
    """A folder of wheels may have links to them."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="Not a regular file"):
        open_regular(tmp_path / "link", follow=False)
    assert read_limited(tmp_path / "link", LIMIT) is None


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return the path of a file in a folder to which others can get, by a folder they share."""
    tmp_path.chmod(0o755)
    for folder in (tmp_path / "shared", tmp_path / "shared/cache"):
        folder.mkdir()
        folder.chmod(0o755)
    file = tmp_path / "shared/cache/file"
    file.write_bytes(b"x")
    file.chmod(0o644)
    return file


@pytest.fixture(autouse=True)
def _public_above(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let others get to the folders of tests, which pytest prevents, and let no group be shared."""
    real = owned._check

    def check(path: Path, found: os.stat_result, *, is_private: bool, sticks: bool = True) -> bool:
        private = real(path, found, is_private=is_private, sticks=sticks)
        return private and path not in tmp_path.parents

    monkeypatch.setattr(owned, "_check", check)


def _chmod(name: str, mode: int) -> Callable[[Path], None]:
    return lambda cache: (cache.parents[1] / name).chmod(mode)


# How the file, or a folder above it, can be changed by others, and what is blamed.
OPEN_TO_OTHERS = {
    "file": (_chmod("cache/file", 0o646), "cache/file"),
    "its folder": (_chmod("cache", 0o757), "cache"),
    "folder above": (_chmod(".", 0o777), "."),
}


@pytest.mark.parametrize(("change", "blamed"), OPEN_TO_OTHERS.values(), ids=OPEN_TO_OTHERS)
def test_what_others_may_write_is_not_trusted(
    cache: Path, change: Callable[[Path], None], blamed: str
) -> None:
    """All the way up: who can write a folder can replace what is in it."""
    assert read_own(cache, LIMIT) == b"x"
    change(cache)
    assert read_own(cache, LIMIT) is None
    with pytest.raises(PermissionError) as caught:
        resolve_own(cache)
    assert str(caught.value) == f"{cache.parents[1] / blamed} can be written by others"


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["file", "its folder", "folder above"])
def test_what_belongs_to_another_user_is_not_trusted(
    cache: Path, depth: int, give_away: GiveAway
) -> None:
    """Who owns a folder can replace what is in it, even if its mode forbids it now."""
    path = [cache, *cache.parents][depth]
    give_away(path)
    assert read_own(cache, LIMIT) is None
    with pytest.raises(PermissionError) as caught:
        resolve_own(cache)
    assert str(caught.value) == f"{path} belongs to another user"


def _private_above(cache: Path) -> None:
    cache.parent.chmod(0o777)
    cache.parents[1].chmod(0o700)


# Changes that let nobody else replace the file.
HARMLESS: dict[str, Callable[[Path], None]] = {
    "sticky folder above": _chmod(".", 0o1777),
    "readable by all": _chmod("cache/file", 0o444),
    "private folder above one that all may write": _private_above,
    "executable": _chmod("cache/file", 0o755),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_only_this_user_can_replace_is_trusted(
    cache: Path, change: Callable[[Path], None]
) -> None:
    """As /tmp is, and a home folder that nobody else can enter."""
    change(cache)
    assert read_own(cache, LIMIT) == b"x"
    assert resolve_own(cache) == cache


def test_sticky_folder_is_not_trusted_itself(cache: Path) -> None:
    """Others can add to it: modules, to a folder of code."""
    cache.parent.chmod(0o1777)
    assert resolve_own(cache) == cache
    with pytest.raises(PermissionError):
        resolve_own(cache.parent)


GROUPS = {
    "of this user alone": ("me", [], [], True),
    "with this user as its member": ("me", ["me"], [], True),
    "with another member": ("me", ["me", "other"], [], False),
    "of another name": ("users", [], [], False),
    "and an access list": ("me", [], ["user.x", "system.posix_acl_access"], False),
}


@pytest.mark.parametrize(("name", "members", "attributes", "trusted"), GROUPS.values(), ids=GROUPS)
def test_group_of_the_user_alone_may_write(
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    members: list[str],
    attributes: list[str],
    trusted: bool,
) -> None:
    """Many systems give each user a group of his own, and let that write what he makes."""
    gid = cache.stat().st_gid
    monkeypatch.setattr(
        pwd, "getpwuid", lambda _: pwd.struct_passwd(("me", "", 0, gid, "", "", ""))
    )
    monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group((name, "", gid, members)))
    monkeypatch.setattr(os, "listxattr", lambda _: attributes, raising=False)
    cache.parent.chmod(0o775)
    assert (read_own(cache, LIMIT) is not None) is trusted


def test_group_that_nobody_knows_is_shared(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have no list of users."""

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    cache.parent.chmod(0o775)
    assert read_own(cache, LIMIT) is None


def test_own_link_is_resolved_and_what_it_points_to_counts(
    cache: Path, tmp_path: Path, give_away: GiveAway
) -> None:
    """A cache may lie on another disk, by a link of the user or of the system."""
    for name, target in (("absolute", cache.parent), ("relative", Path("x/../shared/cache"))):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "x").mkdir()
    for name in ("absolute", "relative"):
        assert resolve_own(tmp_path / name / "file") == cache
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        resolve_own(tmp_path / "loop" / "file")
    give_away(tmp_path / "absolute")
    with pytest.raises(PermissionError, match="absolute belongs to another user"):
        resolve_own(tmp_path / "absolute" / "file")
    cache.parents[1].chmod(0o777)
    with pytest.raises(PermissionError, match="shared can be written by others"):
        resolve_own(tmp_path / "relative" / "file")


def test_missing_file_is_not_trusted(cache: Path) -> None:
    """It is missing, which is no question of trust."""
    with pytest.raises(FileNotFoundError):
        resolve_own(cache.with_name("missing"))
    assert read_own(cache.with_name("missing"), LIMIT) is None


def test_sealed_folder_can_be_written_by_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask was; what a link points to stays as it is."""
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o666)
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a/file").touch()
    (folder / "link").symlink_to(outside)
    for path in (folder, folder / "a", folder / "a/file"):
        path.chmod(0o777)
    seal(folder)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*a*"))]
    assert modes == [0o755, 0o755]
    assert stat.S_IMODE((folder / "a/file").stat().st_mode) == 0o755
    assert stat.S_IMODE(outside.stat().st_mode) == 0o666
