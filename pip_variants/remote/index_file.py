"""The index-level file of a version as it was read (PEP 825, "Index-level metadata")."""

from __future__ import annotations

from dataclasses import dataclass

from pip_variants.core.errors import (
    FetchError,
    UnsupportedRevisionError,
    VariantError,
    shortened,
)
from pip_variants.core.metadata import FileProblems, VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.formats.fields import table
from pip_variants.formats.reader import InvalidEntry, read_valid_entries, without_entries

from .fetch import unknown_hashes
from .transport import RemoteFile


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index-level file that was read, or why it cannot be used.

    ``document`` are the values of it that count, as its revision has them. ``is_inlined``: a lock
    has the document, and the wheels beside it have to agree with it.
    """

    file: RemoteFile
    metadata: VariantMetadata | None = None
    document: object = None
    invalid: tuple[InvalidEntry, ...] = ()
    error: str | None = None
    is_inlined: bool = False

    @property
    def problems(self) -> FileProblems | None:
        """What is wrong with it, or None."""
        entries = tuple(shortened(str(item.error)) for item in self.invalid)
        unknown = unknown_hashes(self.file) if self.error is None else ()
        if self.error is None and not entries and not unknown:
            return None
        return FileProblems(self.file.filename, self.error, entries, unknown)

    @property
    def invalid_labels(self) -> dict[Label, str]:
        """The labels whose entry is invalid, each with the reason."""
        return {
            Label(item.name): shortened(f"{self.file.filename}: {item.error}")
            for item in self.invalid
            if item.key == "variants"
        }


def read_index_file(
    file: RemoteFile, document: object, *, is_inlined: bool = False
) -> IndexFile | FetchError:
    """Return what a parsed document says, or FetchError if its revision is not supported."""
    try:
        metadata, invalid = read_valid_entries(document)
    except UnsupportedRevisionError as error:
        return FetchError(f"{file.filename}: {error}")
    except VariantError as error:
        return IndexFile(file, error=str(error), is_inlined=is_inlined)
    valid = without_entries(table(document, ""), invalid)
    return IndexFile(file, metadata, valid, invalid, is_inlined=is_inlined)
