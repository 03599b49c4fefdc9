"""What a wheel contains: its members, and the files of its ``*.dist-info`` (PEP 427)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from .archives import blocks, open_archive
from .partial_file import PartialFile
from .variant_json import VARIANT_JSON
from .wheel_archive import read_members

METADATA, WHEEL, RECORD = "METADATA", "WHEEL", "RECORD"
ENTRY_POINTS = "entry_points.txt"

# Many tools write RECORD last, and the others first: they are fetched separately.
_TOGETHER = ((METADATA, WHEEL, VARIANT_JSON, ENTRY_POINTS), (RECORD,))
# The last two have no length of their own.
_INSECURE = frozenset({"md5", "sha1", "shake_128", "shake_256"})


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a wheel, and its size in bytes.

    ``hash`` is that of its content as RECORD would have it, ``algorithm=digest``, by the algorithm
    that RECORD states for it; None: it was not computed.
    """

    name: str
    size: int
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class WheelContent:
    """The members of a wheel, without folders, and the files of its ``*.dist-info`` by name.

    Where there is more than one such folder, or a member more than once, no files are read.
    """

    members: tuple[Member, ...]
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def info_folders(self) -> tuple[str, ...]:
        """The ``*.dist-info`` folders at the top, sorted."""
        folders = {member.name.partition("/")[0] for member in self.members if "/" in member.name}
        return tuple(sorted(name for name in folders if name.endswith(".dist-info")))

    @property
    def repeated(self) -> tuple[str, ...]:
        """The names that more than one member has."""
        counts = Counter(member.name for member in self.members)
        return tuple(name for name, number in counts.items() if number > 1)

    @property
    def is_complete(self) -> bool:
        """Whether the files that each wheel must have are there, each once."""
        names = dict(self.files)
        return all(name in names for name in (METADATA, WHEEL, RECORD))

    def file(self, name: str) -> bytes | None:
        """Return a file of the ``*.dist-info``, or None if there is none."""
        return next((text for key, text in self.files if key == name), None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of RECORD."""

    path: str
    hash: str
    size: str


def read_content(file: IO[bytes] | PartialFile, *, hashing: bool = True) -> WheelContent:
    """Return what a wheel contains.

    Of a file that is at hand every member is hashed, of one that is read in parts, or without
    ``hashing``, only what was needed anyway. Raise what ``archive_errors`` turns into errors of the
    engine.
    """
    with open_archive(file) as archive:
        entries = [entry for entry in archive.infolist() if entry.filename[-1:] != "/"]
        members = tuple(Member(entry.filename, entry.file_size) for entry in entries)
        listed = WheelContent(members)
        if listed.repeated or len(listed.info_folders) != 1:
            return listed
        files: dict[str, bytes] = {}
        for names in _TOGETHER:
            files.update(read_members(file, names))
        (folder,) = listed.info_folders
        at_hand = {f"{folder}/{name}": text for name, text in files.items()}
        algorithms = _algorithms(files.get(RECORD, b""))
        whole = archive if hashing and not isinstance(file, PartialFile) else None
        return WheelContent(
            tuple(_hashed(member, algorithms, at_hand, whole) for member in members),
            tuple(files.items()),
        )


def read_record(text: bytes) -> tuple[Row, ...]:
    """Return the rows of RECORD; raise ValueError, whose text is a short sentence."""
    rows = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text.decode(), newline="")), 1):
            if len(row) not in (0, 3):
                raise ValueError(f"row {number:,} does not have three columns")
            rows += [Row(*row)] if row else []
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return tuple(rows)


def write_record(rows: Iterable[Row]) -> bytes:
    """Return RECORD with these rows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((row.path, row.hash, row.size) for row in rows)
    return text.getvalue().encode()


def row_of(path: str, content: bytes) -> Row:
    """Return the row of RECORD for a file."""
    return Row(path, f"sha256={_encoded(hashlib.sha256(content).digest())}", str(len(content)))


def is_secure(algorithm: str) -> bool:
    """Return whether RECORD may have hashes by this algorithm (PEP 427)."""
    return algorithm in hashlib.algorithms_guaranteed - _INSECURE


def _algorithms(record: bytes) -> Mapping[str, str]:
    """Return by path the algorithm that RECORD states, as far as it can be used."""
    try:
        rows = read_record(record)
    except ValueError:
        return {}
    stated = {row.path: row.hash.partition("=")[0] for row in rows}
    return {path: name for path, name in stated.items() if is_secure(name)}


def _hashed(
    member: Member,
    algorithms: Mapping[str, str],
    at_hand: Mapping[str, bytes],
    archive: zipfile.ZipFile | None,
) -> Member:
    algorithm = algorithms.get(member.name)
    if algorithm is None:
        return member
    digest = hashlib.new(algorithm)
    if member.name in at_hand:
        digest.update(at_hand[member.name])
    elif archive is not None:
        for block in blocks(archive, archive.getinfo(member.name)):
            digest.update(block)
    else:
        return member
    return Member(member.name, member.size, f"{algorithm}={_encoded(digest.digest())}")


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
