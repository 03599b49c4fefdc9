"""PKG-INFO of source distributions, sound and broken."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from pip_variants.core.errors import ArchiveError
from pip_variants.publish import sdist
from pip_variants.publish.sdist import read_pkg_info

TEXT = b"Requires-Python: >=3.9\n"


def write_sdist(path: Path, *members: tuple[str, bytes]) -> Path:
    """Write a source distribution with these members and return its path."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in members:
                archive.writestr(name, text)
        return path
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return path


@pytest.mark.parametrize("name", ["x-1.0.tar.gz", "x-1.0.zip"])
def test_pkg_info_is_that_at_the_top(tmp_path: Path, name: str) -> None:
    """Not one of a package that lies in it."""
    members = (("x-1.0/inner/PKG-INFO", b"no"), ("PKG-INFO", b"no"), ("x-1.0/PKG-INFO", TEXT))
    assert read_pkg_info(write_sdist(tmp_path / name, *members)) == TEXT


@pytest.mark.parametrize("name", ["x-1.0.tar.gz", "x-1.0.zip"])
def test_archive_without_pkg_info_is_an_error(tmp_path: Path, name: str) -> None:
    """It is another kind of archive, or damaged."""
    path = write_sdist(tmp_path / name, ("x-1.0/setup.py", b""))
    with pytest.raises(ArchiveError, match=f"^{re.escape(name)}: there is no PKG-INFO in it$"):
        read_pkg_info(path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(ArchiveError, match=f"^{re.escape(name)}: "):
        read_pkg_info(path)


def test_error_about_a_foreign_name_is_short_and_printable(tmp_path: Path) -> None:
    """What `zipfile` and `tarfile` report has names of members, of any length."""
    path = write_sdist(tmp_path / "x-1.0.zip", (f"x-1.0{'y' * 20_000}/PKG-INFO", TEXT))
    path.write_bytes(path.read_bytes().replace(b"y", b"\x1b", 1))
    with pytest.raises(ArchiveError) as caught:
        read_pkg_info(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_decompressing_stops_at_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive can inflate to a thousand times its size."""
    monkeypatch.setattr(sdist, "_MOST", 1_000_000)
    path = write_sdist(
        tmp_path / "x-1.0.tar.gz", ("x-1.0/bomb", bytes(2_000_000)), ("x-1.0/PKG-INFO", TEXT)
    )
    with pytest.raises(ArchiveError, match="it is too large"):
        read_pkg_info(path)


def test_file_of_too_many_lines_is_not_read(tmp_path: Path) -> None:
    """Each would become a field."""
    path = tmp_path / "x-1.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x-1.0/PKG-INFO", b"A:\n" * 50_001)
    with pytest.raises(ArchiveError, match=r"x-1\.0\.zip: its PKG-INFO has more than 50,000 lines"):
        read_pkg_info(path)


def test_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    """PKG-INFO is a document, and what precedes a member is not larger than one."""
    large = b"Name: x\n" + b" " * (16 * 1024 * 1024)
    path = tmp_path / "x-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("x-1.0/PKG-INFO")
        member.size = len(large)
        archive.addfile(member, io.BytesIO(large))
    with pytest.raises(ArchiveError, match="its PKG-INFO is larger than 16 MiB"):
        read_pkg_info(path)
    path = tmp_path / "x-2.0.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("x" * (2 * 1024 * 1024)))
    with pytest.raises(ArchiveError, match="it has a header that is too large"):
        read_pkg_info(path)
    path = tmp_path / "x-3.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x-3.0/PKG-INFO", large)
    with pytest.raises(ArchiveError, match="its PKG-INFO is larger than 16 MiB"):
        read_pkg_info(path)
