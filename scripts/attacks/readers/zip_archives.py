"""Wheels and source distributions as archives: their records, sizes, overlaps, names and bytes."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import IO

from attacks.runs.oracle import OUTSIDE
from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import FetchError, MetadataError, VariantError
from pip_variants.core.metadata import VariantMetadata
from pip_variants.formats.partial_file import PartialFile
from pip_variants.formats.reader import read
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_archive import (
    archive_errors,
    local_variant,
    read_members,
)
from pip_variants.formats.wheel_content import WheelContent, read_content
from pip_variants.lint.wheel import check_wheel
from pip_variants.publish.known_files import KnownFiles
from pip_variants.publish.make_wheel import plan_wheel, read_source, write_wheel
from pip_variants.publish.sdist import read_pkg_info
from pip_variants.system.unpacking import DiskFullError, Unpacked, Unpacking, replace_by_outline

from .documents import valid
from .guard import Case, InFolder, check_text, outcome, promise
from .mutations import edited_bytes, text

_INFO = "x-1.0.dist-info"
_FILENAME = "x-1.0-py3-none-any-a.whl"
_NAMES = ("METADATA", VARIANT_JSON, "WHEEL", "RECORD")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_SIGNATURES = (
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x07\x08",
)
# After a signature: where fields of the records are, and how many bytes they have.
_FIELDS = {
    b"PK\x01\x02": (
        (8, 2),
        (10, 2),
        (16, 4),
        (20, 4),
        (24, 4),
        (28, 2),
        (30, 2),
        (32, 2),
        (38, 4),
        (42, 4),
    ),
    b"PK\x03\x04": ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\x05\x06": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    b"PK\x06\x06": ((4, 8), (24, 8), (32, 8), (40, 8), (48, 8)),
    b"PK\x06\x07": ((4, 4), (8, 8), (16, 4)),
    b"PK\x07\x08": ((4, 4), (8, 4), (12, 4)),
}
_FORMATS = {2: "<H", 4: "<L", 8: "<Q"}
_MEMBER_NAMES = (
    "x/__init__.py",
    "x/data.bin",
    "x-1.0.data/scripts/run",
    f"{_INFO}/{VARIANT_JSON}",
    f"{_INFO}/{VARIANT_JSON}/",
    f"{_INFO}/METADATA",
    f"{_INFO}/RECORD",
    "y-2.0.dist-info/METADATA",
    f"../{_INFO}/{VARIANT_JSON}",
    str(OUTSIDE),
    "..\\evil",
    "C:\\evil",
    "",
    "/",
)


class ZipArchives(InFolder):
    """Wheels and source distributions on a disk, and wheels of which only parts are at hand."""

    name = "zip"

    def draw(self, rng: Random) -> Case:
        """Return an archive: whole, with changed records, or with changed bytes."""
        folder = self._folder
        kind = rng.random()
        if kind < 0.1:
            return _sdist(rng, folder)
        data = wheel(rng)
        unchanged = kind < 0.2
        if kind > 0.7:
            data = edited_bytes(rng, data, rng.choice((1, 1, 2, 5)), [wheel(rng)])
        elif not unchanged:
            for _ in range(rng.choice((1, 1, 2, 3))):
                data = with_changed_record(rng, data)
        path = folder / _FILENAME
        seed = rng.randrange(1000)

        def check() -> None:
            path.write_bytes(data)
            _check_wheel(data, path, seed)

        return Case(data, check)


def wheel(rng: Random) -> bytes:
    """Return a wheel that is sound as an archive, sometimes with what none should have."""
    _, document = valid(rng)
    document["variants"] = {"a": {"gpu": {"arch": ["1"]}}}
    members: dict[str, bytes] = {
        "x/__init__.py": b"",
        "x/data.bin": rng.randbytes(rng.choice((0, 10, 3000))),
        f"{_INFO}/METADATA": b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\n\nText\n",
        f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{_INFO}/{VARIANT_JSON}": json.dumps(document).encode(),
        f"{_INFO}/entry_points.txt": b"[console_scripts]\nx = x:main\n",
    }
    if rng.random() < 0.2:
        del members[rng.choice([*members])]
    if rng.random() < 0.3:
        name = rng.choice((*_MEMBER_NAMES, text(rng)[:1000]))
        members[name] = rng.choice((b"", b"{}", b"x" * 100_000, rng.randbytes(50)))
    rows = "".join(f"{name},,\n" for name in members)
    members[f"{_INFO}/RECORD"] = f"{rows}{_INFO}/RECORD,,\n".encode("utf-8", "replace")
    return _zipped(rng, members)


def _zipped(rng: Random, members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice(_METHODS)) as archive:
        for name, content in members.items():
            try:
                info = zipfile.ZipInfo(name)
                info.compress_type = rng.choice((archive.compression, zipfile.ZIP_DEFLATED))
                if rng.random() < 0.1:
                    info.comment = b"c" * rng.choice((1, 60_000))
                if rng.random() < 0.05:
                    info.extra = struct.pack("<HH", rng.choice((1, 0x5455)), 4) + b"abcd"
                with archive.open(info, "w", force_zip64=rng.random() < 0.1) as target:
                    target.write(content)
            except (ValueError, UnicodeEncodeError, zipfile.LargeZipFile):
                continue
        archive.comment = rng.choice((b"", b"", b"PK\x05\x06" + b"\x00" * 18, b"c" * 65_535))
    return file.getvalue()


def with_changed_record(rng: Random, data: bytes) -> bytes:
    """Return an archive with one number of one of its records changed, or a record moved."""
    places = [(signature, at) for signature in _SIGNATURES for at in _places(data, signature)]
    if not places:
        return data
    signature, at = rng.choice(places)
    kind = rng.random()
    if kind < 0.08:  # a record twice
        return data[:at] + data[at : at + 60] + data[at:]
    if kind < 0.12:
        other = rng.choice(places)[1]
        return data[:at] + data[other : other + 46] + data[at + 46 :]
    if kind < 0.17:  # what is before the archive counts in no offset
        return rng.randbytes(rng.choice((1, 100))) + data
    if kind < 0.2:
        return data + rng.randbytes(rng.choice((1, 100)))
    offset, size = rng.choice(_FIELDS[signature])
    start = at + offset
    old = int.from_bytes(data[start : start + size], "little")
    number = rng.choice(
        (
            0,
            1,
            old + 1,
            old - 1,
            old ^ 1 << rng.randrange(8 * size),
            256**size - 1,
            rng.choice(places)[1],
            2 ** (8 * size - 1),
            rng.randrange(256**size),
        )
    )
    return data[:start] + struct.pack(_FORMATS[size], number % 256**size) + data[start + size :]


def _places(data: bytes, signature: bytes) -> list[int]:
    found: list[int] = []
    at = data.find(signature)
    while at >= 0 and len(found) < 50:
        found.append(at)
        at = data.find(signature, at + 1)
    return found


def _check_wheel(data: bytes, path: Path, seed: int) -> None:
    """Raise BrokenPromiseError unless all readers of a wheel agree about it."""
    with path.open("rb") as file:
        members = outcome(lambda: _members(file))
    partial = outcome(lambda: _members(_partial(data)))
    same = isinstance(members, Exception) == isinstance(partial, Exception)
    promise(same, "a wheel is read in parts only, or whole only")
    promise(not same or isinstance(members, Exception) or members == partial, "parts differ")
    variant = outcome(lambda: local_variant(path))
    promise(
        isinstance(variant, (MetadataError, FetchError, SelectedVariant)),
        "a wheel is not read, by an error that is not documented",
    )
    content = outcome(lambda: _content(path))
    if isinstance(content, WheelContent):
        for finding in check_wheel(_FILENAME, content).findings:
            check_text(finding.line, "a finding of lint")
    _check_made(path, content)
    if seed % 4 == 0:
        outcome(lambda: KnownFiles(path.parent, hashing=True).facts(str(path)))
        _check_unpacked(path)


def _members(file: IO[bytes] | PartialFile) -> dict[str, bytes]:
    with archive_errors(_FILENAME):
        return read_members(file, _NAMES)


def _content(path: Path) -> WheelContent:
    with archive_errors(_FILENAME), path.open("rb") as file:
        return read_content(file)


def _partial(data: bytes) -> PartialFile:
    """Return the end of a wheel, of which all else is fetched."""
    file = PartialFile(len(data), lambda start, end: data[start:end])
    file.add(max(0, len(data) - 500), data[-500:])
    return file


def _check_made(path: Path, content: object) -> None:
    """Raise BrokenPromiseError unless a variant that is made of a wheel has all that it has."""
    source = outcome(lambda: read_source(path))
    if isinstance(source, Exception) or not source.content.is_complete:
        return
    own = outcome(lambda: source.metadata)
    metadata = own if isinstance(own, VariantMetadata) else None
    if metadata is None:
        metadata = read({"variants": {"b": {"gpu": {"arch": ["1"]}}}})
    plan = outcome(lambda: plan_wheel(source, metadata))
    if isinstance(plan, Exception):
        return
    for finding in check_wheel(plan.name, plan.content).findings:
        check_text(finding.line, "a finding of lint")
    target = path.parent / "made"
    written = outcome(lambda: write_wheel(plan, target, lambda: None))
    made = target / plan.name
    promise(made.exists() == (written is True), "a wheel is there that was not made")
    if written is True:
        again = outcome(lambda: _content(made))
        made.unlink()
        if isinstance(content, WheelContent):
            promise(isinstance(again, WheelContent), "a wheel that was made cannot be read")
        if isinstance(again, WheelContent):
            same = {item.name: item.size for item in again.members} == {
                item.name: item.size for item in plan.content.members
            }
            promise(same, "a wheel that was made has other members than planned")


def _check_unpacked(path: Path) -> None:
    """Raise BrokenPromiseError unless a wheel is unpacked below its folder, or left to pip."""
    done = threading.Event()
    unpacked: list[Unpacked] = []

    def finished(item: Unpacked) -> None:
        unpacked.append(item)
        done.set()

    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        unpacking = Unpacking(1, finished)
        try:
            try:
                unpacking.add(path, Path(name, "target"), None)
            except DiskFullError:
                return
            found = unpacking.wait(path)
        finally:
            unpacking.close()
        if found is not None:
            inside = all(item.parent == found.folder for item in found.files.values())
            promise(inside, "a member is unpacked outside its folder")
            for item in found.files.values():
                promise(item.is_file() and not item.is_symlink(), "a member is no file")
            if found.complete:
                replace_by_outline(found)


def _sdist(rng: Random, folder: Path) -> Case:
    """Return a source distribution in one of its two formats."""
    name = rng.choice(("x-1.0.tar.gz", "x-1.0.zip"))
    inner = rng.choice(("x-1.0/PKG-INFO", "./x-1.0/PKG-INFO", "PKG-INFO", "x-1.0/a/PKG-INFO"))
    content = b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\nRequires-Python: >=3\n"
    if name.endswith(".zip"):
        data = _zipped(rng, {inner: content, "x-1.0/a": b"a"})
        data = with_changed_record(rng, data) if rng.random() < 0.7 else edited_bytes(rng, data, 2)
    else:
        data = _tar(rng, inner, content)
    path = folder / name

    def check() -> object:
        path.write_bytes(data)
        found = outcome(lambda: _pkg_info(path))
        known = KnownFiles(folder, hashing=True)
        facts = outcome(lambda: known.facts(str(path)))
        promise(
            isinstance(found, VariantError) == isinstance(facts, VariantError),
            "a source distribution is read for one purpose only",
        )
        return None

    return Case(data, check)


def _pkg_info(path: Path) -> bytes:
    with archive_errors(path.name):
        return read_pkg_info(path)


def _tar(rng: Random, name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    kind = rng.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT))
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for own, data in (("x-1.0/a" * rng.choice((1, 12)), b"a" * 700), (name, content)):
            info = tarfile.TarInfo(own[:90])
            info.size = len(data)
            info.type = rng.choice(
                (tarfile.REGTYPE,) * 5 + (tarfile.SYMTYPE, tarfile.GNUTYPE_SPARSE)
            )
            if rng.random() < 0.3:
                info.pax_headers = {"comment": text(rng)[:300].encode("utf-8", "replace").decode()}
            archive.addfile(info, io.BytesIO(data))
    data = file.getvalue()
    if rng.random() < 0.7:
        data = edited_bytes(rng, data, rng.choice((1, 3)))
    packed = gzip.compress(data, mtime=0)
    return packed if rng.random() < 0.6 else edited_bytes(rng, packed, 2)
