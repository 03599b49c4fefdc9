"""A file is replaced at once; what is kept under its hash is never wrong."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from pip_variants.storing import Kept, replace_file

TEXTS = (b"a" * 1_000_000, b"b" * 2_000_000)
SHA256 = hashlib.sha256(TEXTS[0]).hexdigest()


def test_a_reader_sees_one_file_or_the_other(tmp_path: Path) -> None:
    """While the file is replaced over and over, every reader gets a whole one."""
    path = tmp_path / "x-1.0-variants.json"
    path.write_bytes(TEXTS[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(60):
        replace_file(path, TEXTS[i % 2])
    done.set()
    reader.join()
    assert seen <= {*TEXTS}
    assert [*tmp_path.iterdir()] == [path]


def test_kept(tmp_path: Path) -> None:
    """What was put in comes out, also for whoever opens the folder later."""
    kept = Kept(tmp_path / "a" / "b")
    assert kept.get(SHA256) is None
    kept.put(SHA256, TEXTS[0])
    assert Kept(tmp_path / "a" / "b").get(SHA256) == TEXTS[0]
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [SHA256]


@pytest.mark.parametrize("content", [b"", TEXTS[0][:-1], TEXTS[1]], ids=["empty", "cut", "other"])
def test_damaged(tmp_path: Path, content: bytes) -> None:
    """A file that does not have the hash in its name is not here, until it is put in again."""
    kept = Kept(tmp_path)
    (tmp_path / SHA256).write_bytes(content)
    assert kept.get(SHA256) is None
    kept.put(SHA256, TEXTS[0])
    assert kept.get(SHA256) == TEXTS[0]


@pytest.mark.parametrize("name", ["", "../x", SHA256[:-1], f"{SHA256}0", SHA256.upper(), "x" * 64])
def test_what_is_no_hash(tmp_path: Path, name: str) -> None:
    """A page may call anything a hash: it becomes no path."""
    (tmp_path / "x").write_bytes(TEXTS[0])
    kept = Kept(tmp_path / "kept")
    kept.put(name, TEXTS[0])
    assert kept.get(name) is None
    assert [path.name for path in tmp_path.rglob("*")] == ["x"]


def test_no_folder(tmp_path: Path) -> None:
    """Where nothing can be written, nothing is kept, and nothing is said."""
    (tmp_path / "file").touch()
    kept = Kept(tmp_path / "file" / "kept")
    kept.put(SHA256, TEXTS[0])
    assert kept.get(SHA256) is None
