"""Files of installed distributions, and of pip's cache, that are not what they should be."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from patches.common._safety import installed
from patches.common._safety.limits import MAX_DOCUMENT

RECORDS = {
    "as pip writes it": (b"a.py,sha256=x,1\nb.py,,\n", "a.py,sha256=x,1\nb.py,,\n"),
    "of Windows": (b"a.py,,\r\nb.py,,\r\n", "a.py,,\nb.py,,\n"),
    "paths alone": (b"a.py\n", "a.py\n"),
    "a path that is not UTF-8": (b"\xff.py,,\n", "\udcff.py,,\n"),
    "empty": (b"", ""),
    "a row of nothing": (b"a.py,,\n\nb.py,,\n", None),
    "a field without end": (b"a" * 200_000, None),
    "quotes that are not closed": (b'"' + b"a\n" * 200_000, None),
    "a null character": (b"a\0,,\n", None),
}


@pytest.mark.parametrize(("data", "text"), RECORDS.values(), ids=RECORDS)
def test_a_record_that_is_no_table_counts_as_missing(
    tmp_path: Path, data: bytes, text: str | None
) -> None:
    """Of others each path is kept, whatever its bytes are."""
    (tmp_path / "RECORD").write_bytes(data)
    assert installed.Installed(tmp_path).read_text("RECORD") == text


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_DOCUMENT + 1)


PLACES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a folder": Path.mkdir,
    "a FIFO": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a file of a gigabyte": _sparse,
}


@pytest.mark.skipif(os.name == "nt", reason="there is no FIFO")
@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("name", ["METADATA", "RECORD", "INSTALLER", "entry_points.txt"])
def test_what_is_no_document_counts_as_missing(
    tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    """Nothing is waited for, and nothing is read without end."""
    info = tmp_path / "x-1.0.dist-info"
    info.mkdir()
    make(info / name)
    dist = installed.readable(Distribution.at(info))
    assert dist.read_text(name) is None
    assert ("Name" in dist.metadata, [*dist.entry_points]) == (False, [])


@pytest.mark.skipif(os.name == "nt", reason="there is no FIFO")
@pytest.mark.parametrize("case", [*PLACES, "an archive"])
def test_where_distributions_are_looked_for(tmp_path: Path, case: str) -> None:
    """importlib.metadata opens whatever is no folder as an archive."""
    place = tmp_path / "site"
    {**PLACES, "an archive": Path.touch}[case](place)
    expected = case in {"a folder", "an archive", "a file of a gigabyte"}
    assert installed.is_searched(str(place)) == expected


def test_distributions_are_looked_for_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As sys.path has it."""
    monkeypatch.chdir(tmp_path)
    assert installed.is_searched("")


def test_metadata_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    """As that of old packages, with the name of a person in another encoding."""
    (tmp_path / "METADATA").write_bytes(b"Name: x\nAuthor: Ren\xe9\n")
    dist = installed.readable(Distribution.at(tmp_path))
    assert (dist.metadata["Name"], dist.metadata["Author"]) == ("x", "Ren\ufffd")


def test_what_is_not_in_a_folder_is_left_to_pip(tmp_path: Path) -> None:
    """As a distribution in a zip archive."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x-1.0.dist-info/METADATA", "Name: x\n")
    (dist,) = distributions(path=[str(tmp_path / "x.zip")])
    assert installed.readable(dist) is dist


# What an entry and its body are, and whether they are a response.
ENTRIES: dict[str, tuple[Callable[[Path], object], Callable[[Path], object], bool]] = {
    "files": (Path.touch, Path.touch, True),
    "a large body": (Path.touch, _sparse, True),
    "a large entry": (_sparse, Path.touch, False),
    "a FIFO as entry": (os.mkfifo, Path.touch, False),
    "a FIFO as body": (Path.touch, os.mkfifo, False),
    "a folder as body": (Path.touch, Path.mkdir, False),
    "no body": (Path.touch, lambda _: None, False),
}


@pytest.mark.skipif(os.name == "nt", reason="there is no FIFO")
@pytest.mark.parametrize("case", ENTRIES)
def test_what_is_in_the_cache(tmp_path: Path, case: str) -> None:
    """Only regular files, and an entry of which the headers of no response are larger."""
    entry, body, expected = ENTRIES[case]
    entry(tmp_path / "entry")
    body(tmp_path / "body")
    found = installed.is_cached(str(tmp_path / "entry"), str(tmp_path / "body"))
    assert found is expected
