"""The content-addressed cache returns the content of a hash, or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pip_variants.system.content_cache import ContentCache

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


def test_folder_that_cannot_be_written_caches_nothing(tmp_path: Path) -> None:
    """Without a folder there is no cache, and no error either."""
    (tmp_path / "file").touch()
    cache = ContentCache(tmp_path / "file" / "cache")
    cache.put(SHA256, CONTENT)
    assert cache.get(SHA256) is None
