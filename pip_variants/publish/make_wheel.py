"""A variant of a finished wheel, or the plain wheel again: what is in it, and how it is written.

Only ``variant.json``, RECORD and, with other dependencies, METADATA are new. All other members are
copied as they are, compressed; signatures of the old RECORD are left out.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pip._vendor.packaging.utils import parse_wheel_filename

from pip_variants.core.errors import (
    ArchiveError,
    FilenameError,
    MetadataError,
    RequestError,
    VariantError,
    quoted,
)
from pip_variants.core.filenames import LONGEST_FILENAME, label_of, split_label
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.formats.variant_json import VARIANT_JSON, read_variant_json
from pip_variants.formats.wheel_archive import archive_errors
from pip_variants.formats.wheel_content import (
    METADATA,
    RECORD,
    Member,
    Row,
    WheelContent,
    read_content,
    read_record,
    row_of,
    write_record,
)
from pip_variants.formats.writer import write_text
from pip_variants.formats.zip_records import ArchiveWriter, Entry, Sink, read_entries
from pip_variants.system.atomic_file import replacing
from pip_variants.system.owned import open_regular

from .requirements import variant_markers, with_requirements

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Files in a ``*.dist-info`` that sign its RECORD."""


@dataclass(frozen=True, slots=True)
class SourceWheel:
    """A wheel on a disk: what it contains, without hashes, and where its members are in it."""

    path: Path
    content: WheelContent
    entries: tuple[Entry, ...]

    @property
    def metadata(self) -> VariantMetadata | None:
        """What its own ``variant.json`` says, or None if it has none; raise MetadataError."""
        text = self.content.file(VARIANT_JSON)
        if text is None:
            return None
        try:
            return read_variant_json(text).metadata
        except MetadataError as error:
            raise type(error)("", f"{self.path.name}: {VARIANT_JSON}: {error}") from None


@dataclass(frozen=True, slots=True)
class NewWheel:
    """A wheel to be written.

    ``content`` is all that it will contain, ``texts`` the members that are not copied, by name.
    """

    source: SourceWheel
    name: str
    content: WheelContent
    texts: Mapping[str, bytes]

    @property
    def unsigned(self) -> tuple[str, ...]:
        """The signatures that are left out, because they sign the old RECORD."""
        kept = {member.name for member in self.content.members}
        dropped = [item.name for item in self.source.content.members if item.name not in kept]
        return tuple(name for name in dropped if name.endswith(SIGNATURES))

    @property
    def is_plain_with_markers(self) -> bool:
        """Whether it is a plain wheel whose dependencies have markers about variants."""
        return self.content.file(VARIANT_JSON) is None and bool(self._markers)

    @property
    def former_label(self) -> str | None:
        """The label of the source if it is another one and markers are about it, or None."""
        former = label_of(self.source.path.name)
        about = former is not None and ("variant_label", former) in self._markers
        return former if about and former != label_of(self.name) else None

    @property
    def _markers(self) -> tuple[tuple[str, str], ...]:
        return variant_markers(self.content.file(METADATA) or b"")


def read_source(path: Path) -> SourceWheel:
    """Return what is at a path; raise FilenameError, FetchError or ArchiveError."""
    _unlabelled(path.name)
    if path.exists() and not path.is_file():
        raise FilenameError("not a file")
    with archive_errors(path.name), open_regular(path) as file:
        content = read_content(file, hashing=False)
        entries = read_entries(file)
    return SourceWheel(path, content, entries)


def plan_wheel(
    source: SourceWheel, metadata: VariantMetadata | None, dependencies: Sequence[str] = ()
) -> NewWheel:
    """Return the wheel that is made of a complete one; raise VariantError.

    ``metadata`` has the one variant that it becomes; None: a plain wheel. ``dependencies`` are
    added to its METADATA, or replace others.
    """
    (folder,) = source.content.info_folders
    files = {key: text for key, text in source.content.files if key != VARIANT_JSON}
    if metadata is not None:
        files[VARIANT_JSON] = write_text(metadata).encode()
    if dependencies:
        files[METADATA] = with_requirements(files[METADATA], dependencies)
    new = {name: files[name] for name in (METADATA, VARIANT_JSON) if name in files}
    texts = {
        f"{folder}/{name}": text for name, text in new.items() if text != source.content.file(name)
    }
    without = {f"{folder}/{name}" for name in (RECORD, *SIGNATURES)}
    if VARIANT_JSON not in files:
        without.add(f"{folder}/{VARIANT_JSON}")
    record = f"{folder}/{RECORD}"
    files[RECORD] = texts[record] = _record(source, texts, without, record)
    sizes = {item.name: item.size for item in source.content.members if item.name not in without}
    sizes.update({name: len(text) for name, text in texts.items()})
    content = WheelContent(
        tuple(Member(name, size) for name, size in sizes.items()), tuple(files.items())
    )
    label = None if metadata is None else metadata.variants[0].label
    return NewWheel(source, _name(source.path.name, label), content, texts)


def write_wheel(wheel: NewWheel, folder: Path, progress: Callable[[], None]) -> bool:
    """Write a wheel, at once, and return whether it was not there before.

    Raise RequestError if a different file is in its place, FetchError or ArchiveError if the source
    cannot be copied, and OSError.
    """
    path, target = wheel.source.path, folder / wheel.name
    there = target.exists()
    if there and target.samefile(path):
        raise RequestError(f"{wheel.name} would replace the wheel that it is made of")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("rb") as source:
            if not there:
                with replacing(target) as file:
                    _copy(source, wheel, file, progress)
                return True
            with target.open("rb") as file:
                comparison = _Comparison(file)
                _copy(source, wheel, comparison, progress)
                is_same = comparison.ends_here()
    except zipfile.BadZipFile as error:
        raise ArchiveError("", f"{path.name}: {quoted(str(error))}") from None
    if not is_same:
        raise RequestError(f"{wheel.name} is there already and has another content")
    return False


class _Comparison:
    """Compares what is written with the content of a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._same = True

    def write(self, data: bytes) -> None:
        """Compare what comes next."""
        self._same = self._same and self._file.read(len(data)) == data

    def ends_here(self) -> bool:
        """Return whether all of the file was written, and nothing else."""
        return self._same and not self._file.read(1)


def _copy(source: IO[bytes], wheel: NewWheel, target: Sink, progress: Callable[[], None]) -> None:
    """Write the members in their order, RECORD and a new ``variant.json`` as the last."""
    kept = {member.name for member in wheel.content.members}
    last = dict(wheel.texts)
    writer = ArchiveWriter(target)
    like = next(item for item in wheel.source.entries if item.name.endswith(f".dist-info/{RECORD}"))
    for entry in wheel.source.entries:
        if entry.name in last:
            if entry.name.endswith(f"/{METADATA}"):
                writer.add(entry.name, last.pop(entry.name), entry)
        elif entry.name in kept or entry.name.endswith("/"):
            writer.copy(source, entry, progress)
    for name, text in last.items():
        writer.add(name, text, like)
    writer.close()


def _name(filename: str, label: Label | None) -> str:
    """Return the file name with another label, or without one; raise FilenameError."""
    stem = _unlabelled(filename)
    name = f"{stem}.whl" if label is None else f"{stem}-{label}.whl"
    if len(name) > LONGEST_FILENAME:
        raise FilenameError(f"a file name of {len(name)} characters is too long; shorten the label")
    return name


def _unlabelled(filename: str) -> str:
    """Return the name of a wheel without its label and ``.whl``; raise FilenameError."""
    stem, _ = split_label(filename.removesuffix(".whl"))
    try:
        parse_wheel_filename(f"{stem}{filename[-4:]}")
    except ValueError:
        raise FilenameError("not the file name of a wheel") from None
    return stem


def _record(
    source: SourceWheel, texts: Mapping[str, bytes], without: set[str], record: str
) -> bytes:
    """Return RECORD with rows for the new files, the other rows as they are."""
    try:
        rows = read_record(source.content.file(RECORD) or b"")
    except ValueError as error:
        raise VariantError(f"{RECORD} is not valid: {error}") from None
    new = {path: row_of(path, text) for path, text in texts.items()}
    kept = [new.pop(row.path, row) for row in rows if row.path not in without]
    return write_record([*kept, *new.values(), Row(record, "", "")])
