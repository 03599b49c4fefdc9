"""The wheels of one version, each with its own metadata, as one document (PEP 825, merging)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .errors import MetadataError, VariantError
from .metadata import Metadata, merged

_BY_AGE = ("early", "0.0.2", "0.0.3", "0.1", "0.2.0")


@dataclass(frozen=True, slots=True)
class Described:
    """A file, by the name that the user knows, and the metadata in it."""

    file: str
    metadata: Metadata


class ContradictionError(VariantError):
    """Two files of one version contradict each other; ``path`` is the value that differs."""

    def __init__(self, first: str, second: str, error: MetadataError) -> None:
        super().__init__(f"{first} and {second} contradict each other: {error}")
        self.first = first
        self.second = second
        self.path = error.path


def combined(files: Sequence[Described]) -> Metadata:
    """Return the metadata of all ``files`` as one, whatever their order, of the newest revision.

    Raise ContradictionError naming two of them that cannot both be true. ``files`` is not empty.
    """
    ordered = sorted(files, key=lambda item: item.file)
    found = ordered[0].metadata
    for place, item in enumerate(ordered[1:], 1):
        try:
            found = merged(found, item.metadata)
        except MetadataError as error:
            raise _contradiction(ordered[:place], item, error) from None
    newest = max(files, key=lambda item: _BY_AGE.index(item.metadata.revision))
    return replace(found, revision=newest.metadata.revision)


def _contradiction(
    earlier: Sequence[Described], item: Described, error: MetadataError
) -> ContradictionError:
    """Return the error that names which of the ``earlier`` files ``item`` contradicts."""
    for other in earlier:
        try:
            merged(other.metadata, item.metadata)
        except MetadataError as own:
            return ContradictionError(other.file, item.file, own)
    return ContradictionError(earlier[-1].file, item.file, error)
