"""A wheel that brings what only its installer writes."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from pip._internal.operations.install.wheel import InstalledCSVRow, RecordPath

from patches.common._safety import changes

INFO = "x-1.0.dist-info"
SHIPPED = ("INSTALLER", "REQUESTED", "direct_url.json")
EMPTY = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def _row(name: str, digest: str = "h") -> InstalledCSVRow:
    return cast("RecordPath", name), digest, "4"


@pytest.mark.parametrize("written", [(), ("INSTALLER",), SHIPPED])
def test_only_what_pip_writes_is_installed_and_recorded(
    tmp_path: Path, written: tuple[str, ...]
) -> None:
    """Once, whether RECORD in the wheel has it or not."""
    folder = tmp_path / INFO
    folder.mkdir()
    for name in (*SHIPPED, "METADATA"):
        (folder / name).write_text("evil")
    info = changes.InfoFolder(str(tmp_path), INFO)
    assert info.cleared() == str(folder)
    assert [path.name for path in folder.iterdir()] == ["METADATA"]
    for name in written:
        (folder / name).touch()
    kept = [_row("x.py"), _row(f"{INFO}/METADATA")]
    rows = [*kept, *(_row(f"{INFO}/{name}") for name in (*SHIPPED, *SHIPPED))]
    assert info.rows(rows) == [*kept, *((f"{INFO}/{name}", EMPTY, "0") for name in written)]
    assert info.rows(kept) == info.rows(rows)


def test_folder_in_the_place_of_a_file_remains(tmp_path: Path) -> None:
    """It is no file that a wheel can have written instead of pip."""
    (tmp_path / INFO / "INSTALLER").mkdir(parents=True)
    changes.InfoFolder(str(tmp_path), INFO).cleared()
    assert (tmp_path / INFO / "INSTALLER").is_dir()
