"""The index-level file of a version as it was read (PEP 825, "Index-level metadata")."""

from __future__ import annotations

from dataclasses import dataclass

from pip_variants.core.errors import shortened
from pip_variants.core.metadata import FileProblems, VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.formats.reader import InvalidEntry

from .fetch import unknown_hashes
from .transport import RemoteFile


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index-level file that was read, or why it cannot be used.

    ``document`` are the values of it that count, as its revision has them.
    """

    file: RemoteFile
    metadata: VariantMetadata | None = None
    document: object = None
    invalid: tuple[InvalidEntry, ...] = ()
    error: str | None = None

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
