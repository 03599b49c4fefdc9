"""A file is replaced at once, and the user is told what takes long."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from pip_variants.commands import index
from pip_variants.storing import replace_file

TEXTS = (b"a" * 1_000_000, b"b" * 2_000_000)


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


@pytest.mark.parametrize(("patience", "told"), [(-1.0, True), (60.0, False)], ids=["slow", "fast"])
def test_progress(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    patience: float,
    told: bool,
) -> None:
    """Only what takes a while is announced, in pip's way."""
    monkeypatch.setattr(index, "_PATIENCE", patience)
    caplog.set_level(logging.INFO, "pip")
    with index._progress() as tell:
        tell()
        tell()
    said = [
        "Reading the metadata of wheels: started",
        "Reading the metadata of wheels: finished with status 'done'",
    ]
    assert [record.getMessage() for record in caplog.records] == (said if told else [])
