"""Files in the ``*.dist-info`` of a wheel, above all ``variant.json``."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import ArchiveError, FetchError, MetadataError, quoted
from pip_variants.core.filenames import label_of
from pip_variants.core.properties import Label

from .archives import METHODS, blocks, open_archive
from .info_files import check_counts, check_size
from .partial_file import PartialFile
from .variant_json import VARIANT_JSON, read_variant_json


def local_variant(path: Path) -> SelectedVariant:
    """Return the variant that the ``variant.json`` of a wheel on a disk describes.

    Raise FetchError if the wheel cannot be read, and MetadataError if the file in it is missing,
    invalid, or has another label than the file name.
    """
    members = local_members(path, (VARIANT_JSON,))
    return variant_in(path.name, members, label_of(path.name))


def local_members(path: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return ``read_members`` of a wheel on a disk; raise FetchError or MetadataError."""
    with archive_errors(path.name), path.open("rb") as file:
        return read_members(file, names)


def read_members(file: IO[bytes] | PartialFile, names: Sequence[str]) -> dict[str, bytes]:
    """Return, by name, those of the files ``names`` that the ``*.dist-info`` of a wheel has.

    Raise what ``archive_errors`` turns into errors of the engine.
    """
    with open_archive(file) as archive:
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in archive.infolist():
            folder, _, name = entry.filename.rpartition("/")
            if name not in names or "/" in folder or not folder.endswith(".dist-info"):
                continue
            if name in found:
                raise MetadataError("", f"there are two {name} in it")
            check_size(name, entry.file_size)
            if entry.compress_type not in METHODS:
                raise MetadataError("", f"its {name} is neither stored nor deflated")
            found[name] = entry
        if isinstance(file, PartialFile):
            file.ensure([_span(archive, entry) for entry in found.values()])
        return {name: _content(archive, entry, name) for name, entry in found.items()}


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    content = b"".join(blocks(archive, entry))
    check_counts(name, content)
    return content


def _span(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, int]:
    """Return where an entry begins and ends: before the next one, or the central directory."""
    following = [item.header_offset for item in archive.infolist()]
    end = min((at for at in following if at > entry.header_offset), default=archive.start_dir)
    return entry.header_offset, end


def variant_in(filename: str, members: Mapping[str, bytes], label: Label | None) -> SelectedVariant:
    """Return the variant in the members of a wheel; raise MetadataError."""
    if VARIANT_JSON not in members:
        raise MetadataError("", f"{filename}: there is no {VARIANT_JSON} in it")
    try:
        return read_variant_json(members[VARIANT_JSON], label)
    except MetadataError as error:
        raise type(error)("", f"{filename}: {VARIANT_JSON}: {error}") from None


@contextmanager
def archive_errors(filename: str) -> Iterator[None]:
    """Turn every error of reading the archive ``filename`` into one that names it.

    That is a MetadataError for what it contains, an ArchiveError or a FetchError.
    """
    try:
        yield
    except ArchiveError:  # that of a source distribution, which names it
        raise
    except MetadataError as error:
        raise MetadataError("", f"{filename}: {error}") from None
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
        raise ArchiveError("", f"{filename}: {quoted(str(error))}") from None
    except OSError as error:
        reason = quoted(error.strerror or str(error).rsplit(": ", 1)[-1])
        raise FetchError(f"{filename}: cannot be read: {reason}") from None
