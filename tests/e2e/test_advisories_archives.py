"""Archives whose members leave the folder to which they belong, and archives of two formats."""

from __future__ import annotations

import copy
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.attacks import (
    evil_wheel,
    files_below,
    into,
    member,
    sdist_files,
    tar_bytes,
    zip_bytes,
)
from tests.e2e.pips import LEGACY_RESOLVER, PARTIAL_INSTALLS, Output, Pip, status_of
from tests.support.stand_in import IndexServer, Reply

pytestmark = pytest.mark.every_release

Member = tuple[tarfile.TarInfo, bytes]

NO_FILTER = """\
import runpy, sys, tarfile
vars(tarfile).pop("data_filter", None)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""Runs pip as on a Python before 3.10.12 and 3.11.4."""


def installed(prefix: Path) -> list[str]:
    """Return the text of the module that was installed, in a list that is otherwise empty."""
    return [path.read_text() for path in prefix.rglob("evil.py")]


# A member of a wheel, relative to site-packages if it is not absolute; OUT is a folder outside.
WHEEL_MEMBERS = {
    "folder that begins like site-packages": "../site-packages_x/evil.txt",
    "file that begins like site-packages": "../site-packages.pth",
    "parent folder": "../evil.txt",
    "absolute path": "OUT/evil.txt",
    "up in the middle": "evil/../../site-packages_x/evil.txt",
    "purelib that begins like it": "evil-1.0.data/purelib/../../../site-packages_x/evil.txt",
    "scripts that begin like bin": "evil-1.0.data/scripts/../../../../../bin_x/evil.txt",
    "data that begins like the prefix": "evil-1.0.data/data/../../../venv_x/evil.txt",
}


@pytest.mark.parametrize("name", WHEEL_MEMBERS.values(), ids=WHEEL_MEMBERS)
def test_wheel_member_outside_the_target_is_not_written(
    pip: Pip, tmp_path: Path, upstream: str, name: str
) -> None:
    """No file is written outside of the environment, and none in it."""
    wheel = evil_wheel(tmp_path, {name.replace("OUT", str(tmp_path)): b"evil"})
    before = files_below(tmp_path)
    output = pip.run(*into(tmp_path / "venv"), wheel, status=1)
    created = files_below(tmp_path) - before
    assert [path for path in created if "evil.txt" in path or not path.startswith("venv/")] == []
    assert not created or upstream in PARTIAL_INSTALLS
    assert output.stderr.startswith("ERROR: ")
    assert len(output.stderr.strip().splitlines()) == 1


@pytest.fixture
def download_sdist(pip: Pip, tmp_path: Path) -> Callable[..., Output]:
    """Return a function that lets pip unpack an sdist, with or without tarfile's filter.

    It asserts that no file is left outside of the folder in which pip runs.
    """
    folder = tmp_path / "sdist"
    folder.mkdir()

    def download(name: str, data: bytes, *, has_filter: bool = True, status: int = 1) -> Output:
        (folder / name).write_bytes(data)
        before = files_below(tmp_path)
        start = ("-m", "pip") if has_filter else ("-c", NO_FILTER)
        # This resolver unpacks to a folder named after the project alone.
        options = (LEGACY_RESOLVER, "--no-index", "--no-deps", "--find-links", folder)
        command = (*start, "download", "--dest", "wheels", *options, "evil")
        temp = tmp_path / "temp"
        temp.mkdir()
        output = pip.run_python(*command, TMPDIR=str(temp), status=status)
        assert {path for path in files_below(tmp_path) if not path.startswith("workdir/")} == {
            path for path in before if not path.startswith("workdir/")
        }
        return output

    return download


# A member of an sdist, which is unpacked to a folder `evil`; OUT is a folder outside.
SDIST_MEMBERS = {
    "folder that begins like the target": "evil-1.0/../evil_x/evil.txt",
    "parent folder": "evil-1.0/../evil.txt",
    "absolute path": "evil-1.0/OUT/evil.txt",
}
UNPACKING = {
    "zip": (zip_bytes, "zip", True),
    "tar": (tar_bytes, "tar.gz", True),
    "tar without filter": (tar_bytes, "tar.gz", False),
}


@pytest.mark.parametrize(("pack", "kind", "has_filter"), UNPACKING.values(), ids=UNPACKING)
@pytest.mark.parametrize("name", SDIST_MEMBERS.values(), ids=SDIST_MEMBERS)
def test_sdist_member_outside_the_target_is_refused(
    download_sdist: Callable[..., Output],
    tmp_path: Path,
    name: str,
    pack: Callable[[dict[str, bytes]], bytes],
    kind: str,
    *,
    has_filter: bool,
) -> None:
    """A file of an sdist is not written beside the folder to which pip unpacks it."""
    files = {**sdist_files(), name.replace("OUT", str(tmp_path)): b"evil"}
    # tarfile's filter takes the slash off an absolute path, and then it stays inside.
    status = 0 if name.startswith("evil-1.0/OUT") and kind == "tar.gz" and has_filter else 1
    output = download_sdist(f"evil-1.0.{kind}", pack(files), has_filter=has_filter, status=status)
    assert ("outside" in output.stderr) == (status == 1)


LINKS: dict[str, list[Member]] = {
    "symbolic link to a parent folder": [
        (member("evil-1.0/out", tarfile.SYMTYPE, "../.."), b""),
    ],
    "file through a link to a parent folder": [
        (member("evil-1.0/out", tarfile.SYMTYPE, "../../../stolen"), b""),
        (member("evil-1.0/out/evil.txt"), b"evil"),
    ],
    "file through an absolute link": [
        (member("evil-1.0/out", tarfile.SYMTYPE, "OUT"), b""),
        (member("evil-1.0/out/evil.txt"), b"evil"),
    ],
    "file in place of a link": [
        (member("evil-1.0/out", tarfile.SYMTYPE, "OUT/evil.txt"), b""),
        (member("evil-1.0/out"), b"evil"),
    ],
    "link through a link": [
        (member("evil-1.0/up/again", tarfile.SYMTYPE, ".."), b""),
        (member("evil-1.0/down", tarfile.SYMTYPE, "up/again/../../stolen"), b""),
        (member("evil-1.0/down/evil.txt"), b"evil"),
    ],
    "link that a later one turns": [
        (member("evil-1.0/a", tarfile.SYMTYPE, "b/../stolen"), b""),
        (member("evil-1.0/b", tarfile.SYMTYPE, "."), b""),
        (member("evil-1.0/a/evil.txt"), b"evil"),
    ],
    "symbolic link to a file of the user": [
        (member("evil-1.0/payload", tarfile.SYMTYPE, "OUT/secret"), b""),
    ],
    "hard link to a file of the user": [
        (member("evil-1.0/payload", tarfile.LNKTYPE, "OUT/secret"), b""),
    ],
    "hard link to a file beside": [
        (member("evil-1.0/payload", tarfile.LNKTYPE, "evil-1.0/../../secret"), b""),
    ],
    "device": [(member("evil-1.0/payload", tarfile.CHRTYPE), b"")],
}


@pytest.mark.parametrize("has_filter", [True, False], ids=["filter", "no filter"])
@pytest.mark.parametrize("case", LINKS)
def test_link_that_leaves_the_sdist_is_refused(
    download_sdist: Callable[..., Output],
    tmp_path: Path,
    upstream: str,
    case: str,
    *,
    has_filter: bool,
) -> None:
    """Neither is anything written through it, nor is a file of the user read through it."""
    stolen = tmp_path / "stolen"
    stolen.mkdir()
    (stolen / "secret").write_text("secret")
    members = [(copy.copy(entry), content) for entry, content in LINKS[case]]
    for entry, _ in members:
        entry.linkname = entry.linkname.replace("OUT", str(stolen))
    data = tar_bytes(sdist_files(), members)
    status = status_of(upstream, case if has_filter else f"{case}, no filter")
    output = download_sdist("evil-1.0.tar.gz", data, has_filter=has_filter, status=status)
    assert " tar file " in output.stderr or "Could not unpack an archive" in output.stderr


GOOD_LINKS: list[Member] = [
    (member("evil-1.0/payload-1"), b"first"),
    (member("evil-1.0/payload-2", tarfile.SYMTYPE, "payload-1"), b""),
    (member("evil-1.0/deep/er/up", tarfile.SYMTYPE, "../../later"), b""),
    (member("evil-1.0/payload-3", tarfile.LNKTYPE, "evil-1.0/payload-1"), b""),
    (member("evil-1.0/later/file"), b"later"),
    (member("evil-1.0/deep/er/up/through"), b"through"),
]


@pytest.mark.parametrize("has_filter", [True, False], ids=["filter", "no filter"])
def test_links_within_an_sdist_are_unpacked(
    pip: Pip, tmp_path: Path, upstream: str, *, has_filter: bool
) -> None:
    """Links to files and folders of the same archive stay, also those to a later member."""
    archive = tmp_path / "evil-1.0.tar.gz"
    archive.write_bytes(tar_bytes(sdist_files(), GOOD_LINKS))
    start = ("-m", "pip") if has_filter else ("-c", NO_FILTER)
    case = f"links within an sdist{'' if has_filter else ', no filter'}"
    status = status_of(upstream, case, 0)
    pip.run_python(*start, *into(tmp_path / "venv"), archive, status=status)
    assert installed(tmp_path / "venv") == ([] if status else ["firstfirstfirst"])


def both(tar: str, zipped: str, compression: str = "gz") -> bytes:
    """Return a tar archive with a zip archive behind it, whose wheels have these modules."""
    return tar_bytes(sdist_files(tar), compression=compression) + zip_bytes(sdist_files(zipped))


# The name, the content, and the content type that the server sends.
AMBIGUOUS = {
    "zip behind tar.gz": ("evil-1.0.tar.gz", both("", "evil"), "application/x-gzip"),
    "zip behind tar.bz2": ("evil-1.0.tar.bz2", both("", "evil", "bz2"), "application/x-bzip2"),
    "zip behind tar.xz": ("evil-1.0.tar.xz", both("", "evil", "xz"), "application/octet-stream"),
    "zip behind tar": ("evil-1.0.tar", both("", "evil", ""), "application/x-tar"),
    "sent as a zip": ("evil-1.0.tar.gz", both("", "evil"), "application/zip"),
    "named as a zip": ("evil-1.0.zip", both("", "evil"), "application/zip"),
    "zip behind noise": ("evil-1.0.tar.gz", b"\x1f\x8bno" + zip_bytes(sdist_files("evil")), ""),
    "tar named as a zip": ("evil-1.0.zip", tar_bytes(sdist_files("evil")), "application/zip"),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_archive_of_two_formats_is_refused_or_is_what_its_name_says(
    pip: Pip, server: IndexServer, tmp_path: Path, upstream: str, case: str
) -> None:
    """The files of the archive that its name does not promise are never installed."""
    name, data, content_type = AMBIGUOUS[case]
    status = status_of(upstream, case)
    headers = (("Content-Type", content_type),)
    server.source = {f"/{name}": data}.get
    server.replies[f"/{name}"] = Reply(body=data, headers=headers)
    output = pip.run(*into(tmp_path / "venv"), f"{server.url}{name}", status=status)
    errors = (f"ERROR: {name} is ", "ERROR: Could not unpack an archive: ")
    assert output.stderr.startswith(errors) == (status == 1)
    promised = "evil" if name.endswith(".zip") else ""
    assert installed(tmp_path / "venv") == ([] if status else [promised])


def test_tar_archive_with_a_zip_archive_among_its_members_is_unpacked(
    pip: Pip, tmp_path: Path
) -> None:
    """A zip archive as the last member, with which the file ends for zipfile, changes nothing."""
    inner = zip_bytes(sdist_files("evil"))
    archive = tmp_path / "evil-1.0.tar"
    files = {**sdist_files("good"), "evil-1.0/tests/data.zip": inner}
    archive.write_bytes(tar_bytes(files, compression=""))
    assert zipfile.is_zipfile(archive)
    pip.run(*into(tmp_path / "venv"), archive)
    assert installed(tmp_path / "venv") == ["good"]


@pytest.mark.parametrize(
    ("name", "case"), [("evil-1.0.zip", "zip"), ("evil-1.0.tar.gz", "zip named as a tar")]
)
def test_zip_archive_is_unpacked_under_either_name(
    pip: Pip, tmp_path: Path, upstream: str, name: str, case: str
) -> None:
    """A file that is nothing but a zip archive is unpacked as one where stock pip does so."""
    status = status_of(upstream, case, 0)
    archive = tmp_path / name
    archive.write_bytes(zip_bytes(sdist_files("good")))
    pip.run(*into(tmp_path / "venv"), archive, status=status)
    assert installed(tmp_path / "venv") == ([] if status else ["good"])
