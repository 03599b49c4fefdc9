"""The files of a mirror: which are there, which are fetched, and what is left after a failure."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.utils.hashes import Hashes
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.pip_adapter.downloads import Downloads
from pip_variants.pip_adapter.links import remote_file
from pip_variants.pip_adapter.mirror_files import Mirror, NeededFile, needed_files
from pip_variants.pip_adapter.transport import PipTransport
from pip_variants.pip_adapter.wheel_files import use_arrived
from pip_variants.publish.known_files import KnownFiles
from pip_variants.remote.transport import RemoteFile
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.edge import (
    GPU_JSON,
    FakeFinder,
    FakeServer,
    dump,
    link_to,
    logged,
    only,
    requirement,
    run_state,
    session_with,
)

NAME = "x_y-1.0-py3-none-any.whl"
URL = f"https://example.org/files/{NAME}"
SIZE = 300_000


@pytest.fixture(autouse=True)
def temporary_folders() -> Iterator[None]:
    """Remove temporary folders, as pip does when it ends."""
    with global_tempdir_manager():
        yield


@pytest.fixture
def wheel(tmp_path: Path) -> bytes:
    """Return a wheel so large that it arrives in pieces."""
    payload = hashlib.shake_128(b"x").digest(SIZE)
    return write_wheel(tmp_path / "wheel", NAME, files={"x.bin": payload}).read_bytes()


def mirror(root: Path) -> Mirror:
    """Return the mirror in the folder `m`, which need not exist."""
    return Mirror(root / "m", KnownFiles(root / "m", hashing=True))


def hashes(content: bytes, name: str = "sha256") -> dict[str, str]:
    """Return the hash of a file."""
    return {name: hashlib.new(name, content, usedforsecurity=False).hexdigest()}


def needed(
    stated: Mapping[str, str], *, path: Path | None = None, size: int | None = None
) -> NeededFile:
    """Return the wheel as a page lists it with these hashes, or as it lies on this machine."""
    page = "https://example.org/simple/x-y/"
    file = RemoteFile(NAME, URL, URL, page, stated, path, size=size)
    return NeededFile("x-y", file, Hashes({name: [value] for name, value in stated.items()}), path)


def fetch(root: Path, server: FakeServer, *files: NeededFile) -> Mirror:
    """Fetch files and return the mirror."""
    own = mirror(root)
    own.fetch(files, Downloads(PipTransport(session_with(server)), 2, 0, "off"))
    return own


def tree(root: Path) -> list[str]:
    """Return the paths of all files of the mirror."""
    found = (root / "m").rglob("*")
    return sorted(str(path.relative_to(root / "m")) for path in found if path.is_file())


def put(root: Path, folder: str, content: bytes) -> Path:
    """Write the wheel into a folder of the mirror."""
    path = root / "m" / folder / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


# What a page states of the wheel, and whether the wheel that is there is the same.
KNOWN: dict[str, tuple[str, bool]] = {
    "no hash": ("", True),
    "SHA-256": ("sha256", True),
    "MD5": ("md5", True),
    "another SHA-256": ("sha256", False),
    "another MD5": ("md5", False),
}


@pytest.mark.parametrize(("algorithm", "same"), KNOWN.values(), ids=KNOWN)
def test_file_that_is_there_counts_if_its_hash_is_right(
    tmp_path: Path, wheel: bytes, caplog: pytest.LogCaptureFixture, algorithm: str, *, same: bool
) -> None:
    """What the page states now decides; METADATA is read of it only by its SHA-256."""
    content = wheel if same else b"other"
    file = needed(hashes(content, algorithm) if algorithm else {})
    assert not mirror(tmp_path).has(file)
    assert mirror(tmp_path).find(file.file) is None
    path = put(tmp_path, "x-y", wheel)
    assert mirror(tmp_path).has(file) == same
    assert mirror(tmp_path).find(file.file) == (path if same and algorithm != "md5" else None)
    again = f"{NAME} has another hash than its page states now, and is fetched again"
    assert logged(caplog) == ([] if same else [("INFO", again)])


def test_damaged_file_is_fetched_again(tmp_path: Path, wheel: bytes) -> None:
    """A file that is no archive has no hash, and is replaced."""
    put(tmp_path, "x-y", b"damaged")
    file = needed(hashes(wheel))
    assert not mirror(tmp_path).has(file)
    own = fetch(tmp_path, FakeServer({URL: wheel}), file)
    assert (own.new, own.size) == (1, len(wheel))
    assert mirror(tmp_path).has(file)
    assert tree(tmp_path) == [f"x-y/{NAME}"]


# What has arrived in an earlier run, what the page states, and the ranges that are requested.
PARTS: dict[str, tuple[str, bool, list[str | None]]] = {
    "nothing": ("", True, [None]),
    "a part": ("part", True, ["bytes=200000-"]),
    "a part of another file": ("other", True, ["bytes=200000-", None]),
    "a part, and no hash": ("part", False, [None]),
    "all of it": ("whole", True, []),
    "all of it, and no hash": ("whole", False, [None]),
    "more than all of it": ("long", True, [None]),
}


@pytest.mark.parametrize(("arrived", "hashed", "ranges"), PARTS.values(), ids=PARTS)
def test_download_goes_on_where_an_earlier_run_ended(
    tmp_path: Path, wheel: bytes, arrived: str, ranges: list[str | None], *, hashed: bool
) -> None:
    """A part is used if a hash shows in the end that it was the same file."""
    parts = {"part": wheel[:200_000], "other": b"x" * 200_000, "whole": wheel, "long": wheel * 2}
    if arrived:
        put(tmp_path, ".partial", parts[arrived])
    server = FakeServer({URL: wheel}, ranges=True)
    fetch(tmp_path, server, needed(hashes(wheel) if hashed else {}, size=len(wheel)))
    assert (tmp_path / "m" / "x-y" / NAME).read_bytes() == wheel
    assert tree(tmp_path) == [f"x-y/{NAME}"]
    assert [dict(request.headers or {}).get("Range") for request in server.sent] == ranges


def _fifo(part: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFO here")
    os.mkfifo(part)


@pytest.mark.parametrize(
    "make",
    [_fifo, Path.mkdir, lambda part: part.symlink_to("/dev/full")],
    ids=["FIFO", "folder", "link"],
)
def test_what_is_no_part_of_a_file_is_not_continued(
    tmp_path: Path, wheel: bytes, make: Callable[[Path], object]
) -> None:
    """Neither waited for nor followed."""
    (tmp_path / "m/.partial").mkdir(parents=True)
    make(tmp_path / "m/.partial" / NAME)
    fetch(tmp_path, FakeServer({URL: wheel}), needed(hashes(wheel)))
    assert tree(tmp_path) == [f"x-y/{NAME}"]


def test_file_with_another_hash_is_an_error(tmp_path: Path, wheel: bytes) -> None:
    """Nothing of it stays."""
    with pytest.raises(InstallationError) as caught:
        fetch(tmp_path, FakeServer({URL: wheel}), needed(hashes(b"other")))
    assert str(caught.value) == f"{URL} has another hash than its page or a requirement states"
    assert tree(tmp_path) == []


def test_file_of_this_machine_is_copied(
    tmp_path: Path, wheel: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Its hash is checked as well."""
    path = tmp_path / "wheel" / NAME
    fetch(tmp_path, FakeServer(), needed(hashes(wheel), path=path))
    assert (tmp_path / "m" / "x-y" / NAME).read_bytes() == path.read_bytes() == wheel
    assert logged(caplog) == [("INFO", f"Copying {path}")]
    with pytest.raises(InstallationError, match="has another hash than"):
        fetch(tmp_path, FakeServer(), needed(hashes(b"other"), path=path))


def test_too_little_space_is_an_error_before_anything_is_fetched(
    tmp_path: Path, wheel: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has arrived already is not needed twice."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50_000))
    server = FakeServer({URL: wheel}, ranges=True)
    found = needed(hashes(wheel), size=len(wheel))
    with pytest.raises(InstallationError) as caught:
        fetch(tmp_path, server, found)
    assert str(caught.value) == (
        f"There is not enough space in {tmp_path / 'm'}: {(len(wheel) - 50_000) / 1000:.0f} kB are"
        " missing. What has arrived is kept."
    )
    assert server.requests == []
    (tmp_path / "m" / ".partial" / NAME).write_bytes(wheel[:-40_000])
    fetch(tmp_path, server, found)
    assert tree(tmp_path) == [f"x-y/{NAME}"]


def test_folder_that_cannot_be_written_is_an_error(tmp_path: Path, wheel: bytes) -> None:
    """It is one sentence with the reason of the system."""
    (tmp_path / "m").touch()
    with pytest.raises(InstallationError) as caught:
        fetch(tmp_path, FakeServer({URL: wheel}), needed({}))
    assert str(caught.value) == f"{tmp_path / 'm'} cannot be written: Not a directory"


def test_metadata_of_the_index_and_reasons_of_yanked_files_stay_beside_wheels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Metadata that does not describe all wheels there is not written: theirs is merged."""
    folder = tmp_path / "m" / "torch"
    name = "torch-2.8.0-py3-none-any-fast.whl"
    write_wheel(folder, name, variant_json=GPU_JSON)
    file = NeededFile("torch", RemoteFile(name, URL, URL, URL), Hashes(), document=dump(GPU_JSON))
    document = folder / "torch-2.8.0-variants.json"
    mirror(tmp_path).complete([NeededFile(*_fields(file), yanked="broken", document=b"{")])
    assert not document.exists()
    assert (folder / f"{name}.yanked").read_text() == "broken"
    mirror(tmp_path).complete([NeededFile(*_fields(file), document=dump(only("slow")))])
    assert not document.exists()
    for _ in range(2):
        mirror(tmp_path).complete([file])
    assert document.read_bytes() == dump(GPU_JSON)
    assert tree(tmp_path) == [f"torch/{name}", f"torch/{document.name}"]
    assert logged(caplog) == [("INFO", f"Wrote {document}")]


def _fields(file: NeededFile) -> tuple[str, RemoteFile, Hashes]:
    return file.project, file.file, file.hashes


@pytest.mark.parametrize("name", ["main.zip", "torch-2.8.0.tar.bz2", "other-2.8.0.tar.gz"])
def test_file_that_no_index_can_have_is_an_error(name: str) -> None:
    """It names the requirement, and what to do."""
    req = requirement("torch", link_to(name))
    with pytest.raises(InstallationError) as caught:
        needed_files(run_state(), FakeFinder(FakeServer()), [req])
    assert str(caught.value).endswith(
        " is not a wheel or a source distribution (.tar.gz, .zip), which an index could have:"
        " build a wheel of it, and mirror that"
    )


def test_wheel_of_the_mirror_is_not_downloaded_for_its_metadata_or_hash(
    tmp_path: Path, wheel: bytes
) -> None:
    """With --require-hashes pip gets the file itself, and checks it."""
    path = put(tmp_path, "x-y", wheel)
    state, server = run_state(), FakeServer()
    state.wheels.find = mirror(tmp_path).find
    link = link_to(NAME, hashes=hashes(wheel))
    transport = PipTransport(session_with(server))
    assert "METADATA" in state.wheels.members(remote_file(link), transport)
    for require_hashes, downloaded in ((False, {}), (True, {link.url: str(path)})):
        preparer: Any = SimpleNamespace(require_hashes=require_hashes, _downloaded={})
        assert use_arrived(state, requirement("x-y", link), preparer) == require_hashes
        assert preparer._downloaded == downloaded
    assert server.requests == []
