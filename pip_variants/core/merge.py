"""Several metadata files of one version as one (PEP 825, "Index-level metadata": merging)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .errors import MetadataError, VariantError, quoted
from .metadata import Priorities, VariantMetadata

WITHOUT_PROVIDERS = "0.1"
"""The revision that leaves out providers, and all priorities but those of namespaces."""

_BY_AGE = ("early", "0.0.2", "0.0.3", WITHOUT_PROVIDERS, "0.2.0")


@dataclass(frozen=True, slots=True)
class FileMetadata:
    """The metadata of one file, with the name by which the user knows that file."""

    file: str
    metadata: VariantMetadata


class ContradictionError(VariantError):
    """Two files of one version contradict each other; ``path`` is the value that differs."""

    def __init__(self, first: str, second: str, error: MetadataError) -> None:
        super().__init__(f"{first} and {second} contradict each other: {error}")
        self.first = first
        self.second = second
        self.path = error.path


def merge(first: VariantMetadata, second: VariantMetadata) -> VariantMetadata:
    """Return both documents of one version as one, of the revision of ``first``.

    Raise MetadataError if a label means two things, a namespace has two providers, or neither
    list of namespaces starts with the other.
    """
    merged = _Merged(first)
    merged.add(second)
    return merged.result()


class _Merged:
    """Documents of one version that are merged one after the other."""

    def __init__(self, first: VariantMetadata) -> None:
        self._first = first
        self._priorities = first.priorities
        self._providers = {provider.namespace: provider for provider in first.providers}
        self._variants = {variant.label: variant for variant in first.variants}

    def add(self, other: VariantMetadata) -> None:
        """Merge another document; raise as ``merge``."""
        short, long = sorted(
            (self._priorities, other.priorities), key=lambda priorities: len(priorities.namespaces)
        )
        if long.namespaces[: len(short.namespaces)] != short.namespaces:
            raise MetadataError("default-priorities.namespace", "differs between the files")
        if (short.features, short.values) != (long.features, long.values):
            raise MetadataError("default-priorities", "differs between the files")
        self._priorities = long
        for provider in other.providers:
            if self._providers.setdefault(provider.namespace, provider) != provider:
                raise MetadataError(f"providers.{provider.namespace}", "differs between the files")
        for variant in other.variants:
            known = self._variants.setdefault(variant.label, variant)
            if known is not variant and known.properties != variant.properties:
                path = f"variants[{quoted(variant.label)}]"
                raise MetadataError(path, "differs between the files")

    def result(self) -> VariantMetadata:
        """Return all documents as one, of the revision of the first."""
        return replace(
            self._first,
            priorities=self._priorities,
            providers=tuple(self._providers.values()),
            variants=tuple(self._variants.values()),
        )


def complete(document: VariantMetadata, own: VariantMetadata) -> VariantMetadata:
    """Return a document without providers with those of a wheel of the same version.

    Priorities that it leaves out are the wheel's. Raise MetadataError if a label means two
    things, or a namespace has two providers.
    """
    first, second = document.priorities, own.priorities
    priorities = Priorities(
        first.namespaces or second.namespaces,
        first.features or second.features,
        first.values or second.values,
    )
    return merge(replace(document, priorities=priorities), replace(own, priorities=priorities))


def merge_files(files: Sequence[FileMetadata]) -> VariantMetadata:
    """Return the metadata of all ``files`` as one, of the newest revision among them.

    The order of the files does not matter; there is at least one. Raise ContradictionError with
    the names of two files that contradict each other.
    """
    ordered = sorted(files, key=lambda item: item.file)
    merged = _Merged(ordered[0].metadata)
    for index, item in enumerate(ordered[1:], 1):
        try:
            merged.add(item.metadata)
        except MetadataError as error:
            raise _contradiction(ordered[:index], item, error) from None
    newest = max(files, key=lambda item: _BY_AGE.index(item.metadata.revision))
    return replace(merged.result(), revision=newest.metadata.revision)


def _contradiction(
    earlier: Sequence[FileMetadata], item: FileMetadata, error: MetadataError
) -> ContradictionError:
    """Return the error with the name of the first of ``earlier`` that ``item`` contradicts."""
    for other in earlier:
        try:
            merge(other.metadata, item.metadata)
        except MetadataError as own:
            return ContradictionError(other.file, item.file, own)
    return ContradictionError(earlier[-1].file, item.file, error)
