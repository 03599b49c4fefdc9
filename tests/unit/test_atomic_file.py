"""A file is replaced atomically."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pip_variants.system.atomic_file import replace_file

CONTENTS = (b"a" * 1_000_000, b"b" * 2_000_000)


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
