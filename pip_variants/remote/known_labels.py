"""What is known of the labels of one version: from its index-level file and from its wheels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pip_variants.core.errors import (
    FetchError,
    UnsupportedRevisionError,
    VariantError,
    is_about_content,
    shortened,
)
from pip_variants.core.filenames import METADATA_SUFFIX
from pip_variants.core.merge import WITHOUT_PROVIDERS, complete, merge
from pip_variants.core.metadata import NO_METADATA, SourceMetadata, VariantMetadata
from pip_variants.core.properties import NULL_LABEL, Label, Namespace, Variant

from .index_file import IndexFile

_NOTHING: Mapping[Label, Variant] = MappingProxyType({})


@dataclass(slots=True)
class KnownLabels:
    """What is known of the labels of a version, from its index-level file and its wheels.

    ``failed`` is why a wheel could not be fetched.
    """

    file: IndexFile | None
    failed: str | None = None
    metadata: VariantMetadata | None = None
    failures: dict[Label, str] = field(default_factory=dict)
    unread: dict[Label, str] = field(default_factory=dict)
    _looked_up: set[Namespace] = field(default_factory=set)
    _by_label: tuple[VariantMetadata | None, Mapping[Label, Variant]] = (None, _NOTHING)

    def is_known(self, label: Label) -> bool:
        """Return whether nothing about a label has to be read in its wheel."""
        listed = self._listed(label)
        if listed is None:
            return label == NULL_LABEL or label in self.failures
        return not self._lacks_providers or self._looked_up.issuperset(listed.namespaces)

    def add(self, label: Label, filename: str, own: VariantMetadata) -> None:
        """Add what a wheel says about its label, and the providers that a lock leaves out."""
        is_listed = self._listed(label) is not None
        combine = complete if self._lacks_providers else merge
        self._looked_up.update(ns for variant in own.variants for ns in variant.namespaces)
        try:
            self.metadata = own if self.metadata is None else combine(self.metadata, own)
        except VariantError as error:
            if is_listed and self.file is not None:
                name = self.file.file.filename
                self.unread[label] = shortened(f"{filename} contradicts {name}: {error}")
            else:
                self.failures[label] = shortened(f"{filename}: {error}")

    def reject(self, label: Label, error: VariantError) -> None:
        """Add why a wheel says nothing about its label.

        If the wheel was read it does not fit, unless a file that may describe it was not.
        """
        is_read = is_about_content(error)
        is_lost = self.file is not None and self.file.error is not None
        is_contradicted = self._listed(label) is not None
        if isinstance(error, FetchError):
            self.failed = shortened(str(error))
        is_unsupported = isinstance(error, UnsupportedRevisionError)
        if is_read and (is_unsupported or not (is_lost or is_contradicted)):
            self.failures[label] = shortened(str(error))
        else:
            self.unread[label] = shortened(str(error))

    def _listed(self, label: Label) -> Variant | None:
        if self._by_label[0] is not self.metadata:
            variants = self.metadata.variants if self.metadata is not None else ()
            self._by_label = self.metadata, {variant.label: variant for variant in variants}
        return self._by_label[1].get(label)

    @property
    def _lacks_providers(self) -> bool:
        """Whether a lock has a document of a revision without providers, which the wheels have."""
        if self.file is None or not self.file.is_inlined or self.file.metadata is None:
            return False
        return self.file.metadata.revision == WITHOUT_PROVIDERS

    def result(self, labels: Collection[Label]) -> SourceMetadata:
        """Return what was read; raise FetchError if it describes none of ``labels``."""
        found = self.metadata
        if found is None and self.failures and not self.unread and NULL_LABEL not in labels:
            missing = f"there is no *{METADATA_SUFFIX} beside them"
            if self.file is not None:
                missing = f"{self.file.file.filename}: {self.file.error}"
            raise FetchError(f"{missing}, and {next(iter(self.failures.values()))}")
        failures, unread = tuple(self.failures.items()), tuple(self.unread.items())
        if self.file is None:
            return SourceMetadata(found or NO_METADATA, failures, unread=unread)
        location = self.file.file.shown_url if self.file.error is None else None
        return SourceMetadata(found or NO_METADATA, failures, location, unread, self.file.problems)
