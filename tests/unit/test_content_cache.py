"""The content-addressed cache returns the content of a hash, or nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_variants.core.limits import MAX_BYTES
from pip_variants.system.content_cache import ContentCache
from tests.support.owners import GiveAway, give_away

__all__ = ["give_away"]

CONTENT = b"a" * 1_000_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_cached_content_is_found_by_its_hash(tmp_path: Path) -> None:
    """What was put in comes out, also of a cache opened later."""
    cache = ContentCache(tmp_path / "a" / "b")
    assert cache.get(SHA256) is None
    cache.put(SHA256, CONTENT)
    assert ContentCache(tmp_path / "a" / "b").get(SHA256) == CONTENT
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [SHA256]


@pytest.mark.parametrize(
    "content", [b"", CONTENT[:-1], b"b" * 2_000_000], ids=["empty", "truncated", "other"]
)
def test_damaged_entry_is_ignored_until_replaced(tmp_path: Path, content: bytes) -> None:
    """A file whose content does not match its name is not returned."""
    cache = ContentCache(tmp_path)
    (tmp_path / SHA256).write_bytes(content)
    assert cache.get(SHA256) is None
    cache.put(SHA256, CONTENT)
    assert cache.get(SHA256) == CONTENT


@pytest.mark.parametrize("name", ["", "../x", SHA256[:-1], f"{SHA256}0", SHA256.upper(), "x" * 64])
def test_invalid_hash_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    """A page may give any text as a hash: nothing is read or written for it."""
    (tmp_path / "x").write_bytes(CONTENT)
    cache = ContentCache(tmp_path / "cache")
    cache.put(name, CONTENT)
    assert cache.get(name) is None
    assert [path.name for path in tmp_path.rglob("*")] == ["x"]


def _fifo(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFO here")
    os.mkfifo(path)


def _sparse(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)


# What lies in the place of an entry.
ENTRIES: dict[str, Callable[[Path], object]] = {
    "FIFO": _fifo,
    "folder": Path.mkdir,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "without an end": lambda path: _sparse(path, 1 << 40),
    "larger than any document": lambda path: _sparse(path, MAX_BYTES + 1),
}


@pytest.mark.parametrize("make", ENTRIES.values(), ids=ENTRIES)
def test_what_another_user_put_there_neither_hangs_nor_fails(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    """It is not cached, and replaced where that is possible."""
    cache = ContentCache(tmp_path)
    make(tmp_path / SHA256)
    assert cache.get(SHA256) is None
    cache.put(SHA256, CONTENT)
    assert cache.get(SHA256) == (None if (tmp_path / SHA256).is_dir() else CONTENT)


def test_what_is_too_large_to_be_read_again_is_not_cached(tmp_path: Path) -> None:
    """No document is that large."""
    data = bytes(MAX_BYTES + 1)
    ContentCache(tmp_path).put(hashlib.sha256(data).hexdigest(), data)
    assert list(tmp_path.iterdir()) == []


def _cached(folder: Path) -> list[Path]:
    ContentCache(folder).put(SHA256, CONTENT)
    return list(folder.iterdir())


@pytest.mark.parametrize("name", ["variants", "variants/metadata"])
def test_nothing_is_written_where_the_link_of_another_user_points_to(
    tmp_path: Path, give_away: GiveAway, name: str
) -> None:
    """Into a cache that others may write; the user's own link is his word."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to(outside)
    folder = tmp_path / "variants/metadata"
    folder.mkdir(exist_ok=True)
    assert _cached(folder) == [folder / SHA256]
    (folder / SHA256).unlink()
    give_away(tmp_path / name)
    assert _cached(folder) == []


def test_folder_that_cannot_be_written_caches_nothing(tmp_path: Path) -> None:
    """Without a folder there is no cache, and no error either."""
    (tmp_path / "file").touch()
    cache = ContentCache(tmp_path / "file" / "cache")
    cache.put(SHA256, CONTENT)
    assert cache.get(SHA256) is None
