"""The format of an archive: by its content, by its name, and refused where these differ."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError

from patches.common._safety.archives import archive_kind
from tests.e2e.attacks import tar_bytes, zip_bytes

FILES = {"evil-1.0/setup.py": b"print()\n"}
TAR, ZIP = tar_bytes(FILES, compression=""), zip_bytes(FILES)
GZ, BZ2, XZ = (tar_bytes(FILES, compression=kind) for kind in ("gz", "bz2", "xz"))
EMPTY_ZIP = zip_bytes({})
# A zip archive among the members, so near to the end that zipfile finds it.
TAR_OF_ZIP = tar_bytes({**FILES, "evil-1.0/z.zip": ZIP}, compression="")
STORED_TAR_OF_ZIP = gzip.compress(TAR_OF_ZIP, compresslevel=0)
# A tar archive whose first member has a name that begins as a zip archive does.
TAR_OF_PK = tar_bytes({"PK\x03\x04": b""}, compression="")

BOTH = "{} is both a tar archive and a zip archive."
TAR_NAMED_ZIP = "{} is a tar archive, and is named as a zip archive."
ZIP_BEHIND = "{} is no tar archive, and has a zip archive at its end."

# A name, the content, and the format.
KINDS = {
    "tar": ("a.tar", TAR, "tar"),
    "tar.gz": ("a.tar.gz", GZ, "tar"),
    "tgz": ("a.TGZ", GZ, "tar"),
    "tar.bz2": ("a.tar.bz2", BZ2, "tar"),
    "tar.xz": ("a.tar.xz", XZ, "tar"),
    "tar.lzma": ("a.tar.lzma", lzma.compress(TAR, format=lzma.FORMAT_ALONE), "tar"),
    "tar of another compression": ("a.tar.gz", XZ, "tar"),
    "tar without a name": ("download", GZ, "tar"),
    "padded tar": ("a.tar", TAR + bytes(4096), "tar"),
    "padded tar.gz": ("a.tar.gz", GZ + bytes(4096), "tar"),
    "zip": ("a.zip", ZIP, "zip"),
    "wheel": ("a.whl", ZIP, "zip"),
    "zip without a name": ("download", ZIP, "zip"),
    "zip named as a tar": ("a.tar.gz", ZIP, "zip"),
    "empty zip": ("a.zip", EMPTY_ZIP, "zip"),
    "zip behind a program": ("a.zip", b"#!/bin/sh\n" + ZIP, "zip"),
    "zip in a tar": ("a.tar", TAR_OF_ZIP, "tar"),
    "zip in a stored tar.gz": ("a.tar.gz", STORED_TAR_OF_ZIP, "tar"),
    "zip in a padded tar": ("a.tar", TAR_OF_ZIP + bytes(512), "tar"),
    "zip in a tar.gz of two streams": (
        "a.tar.gz",
        gzip.compress(TAR_OF_ZIP[:1024]) + gzip.compress(TAR_OF_ZIP[1024:], compresslevel=0),
        "tar",
    ),
    "nothing": ("a.tar.gz", b"", None),
    "text": ("a.zip", b"not an archive", None),
}
REFUSED = {
    "zip behind a tar": ("a.tar", TAR + ZIP, BOTH),
    "zip behind a tar.gz": ("a.tar.gz", GZ + ZIP, BOTH),
    "zip behind a tar.bz2": ("a.tar.bz2", BZ2 + ZIP, BOTH),
    "zip behind a tar.xz": ("a.tar.xz", XZ + ZIP, BOTH),
    "zip behind padding": ("a.tar.gz", GZ + bytes(512) + ZIP, BOTH),
    "empty zip behind a tar.gz": ("a.tar.gz", GZ + EMPTY_ZIP, BOTH),
    "zip behind a tar, in the compression": (
        "a.tar.gz",
        gzip.compress(TAR + ZIP, compresslevel=0),
        BOTH,
    ),
    "zip behind a tar, in a stream of its own": (
        "a.tar.gz",
        GZ + gzip.compress(ZIP, compresslevel=0),
        BOTH,
    ),
    "tar and zip without a name": ("download", TAR_OF_ZIP, BOTH),
    "tar and zip named as a zip": ("a.zip", TAR_OF_ZIP, BOTH),
    "tar that begins as a zip": ("a.tar", TAR_OF_PK + ZIP, BOTH),
    "tar named as a zip": ("a.zip", GZ, TAR_NAMED_ZIP),
    "tar named as a wheel": ("a.whl", TAR, TAR_NAMED_ZIP),
    "zip behind a damaged tar.gz": ("a.tar.gz", GZ[:40] + ZIP, ZIP_BEHIND),
    "zip behind text, named as a tar": ("a.tar", b"text" + ZIP, ZIP_BEHIND),
    # A bomb: the blocks are read one by one.
    "zip behind a tar that grows without end": (
        "a.tar.bz2",
        bz2.compress(TAR + bytes(64 * 1024 * 1024)) + ZIP,
        BOTH,
    ),
}


@pytest.mark.parametrize(("name", "content", "kind"), KINDS.values(), ids=KINDS)
def test_format_is_found_by_the_content(
    tmp_path: Path, name: str, content: bytes, kind: str | None
) -> None:
    """A name without an extension does not matter, nor a zip archive among the members of a tar."""
    path = tmp_path / name
    path.write_bytes(content)
    assert archive_kind(str(path)) == kind


@pytest.mark.parametrize(("name", "content", "error"), REFUSED.values(), ids=REFUSED)
def test_ambiguous_archive_is_refused_with_its_name(
    tmp_path: Path, name: str, content: bytes, error: str
) -> None:
    """What two programs could read in two ways is an error."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InstallationError) as caught:
        archive_kind(str(path))
    assert str(caught.value) == error.format(name)
