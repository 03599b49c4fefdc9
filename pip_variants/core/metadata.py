"""Variant metadata in one model, whatever revision it was written in (PEP 825, PEP 850).

Only ``formats`` knows the revisions.
"""

from __future__ import annotations

from dataclasses import dataclass

from .properties import Feature, Label, Namespace, OrderedFeatures, Variant


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of one namespace as the metadata declares it (PEP 850, "Providers").

    ``static`` are the supported values that the metadata itself carries, best first, or None if
    the machine decides. ``enable_if`` is an environment marker, in revisions before 0.2.0.
    """

    namespace: Namespace
    requires: tuple[str, ...] = ()
    plugin_api: str | None = None
    enable_if: str | None = None
    optional: bool = False
    builtin: str | None = None
    static: OrderedFeatures | None = None


@dataclass(frozen=True, slots=True)
class Priorities:
    """``default-priorities``: namespaces and, in revisions before 0.2.0, features and values."""

    namespaces: tuple[Namespace, ...] = ()
    features: tuple[tuple[Namespace, tuple[Feature, ...]], ...] = ()
    values: tuple[tuple[Namespace, OrderedFeatures], ...] = ()


@dataclass(frozen=True, slots=True)
class VariantMetadata:
    """All labels of one version on one source, their providers and priorities."""

    revision: str
    priorities: Priorities
    providers: tuple[Provider, ...]
    variants: tuple[Variant, ...]

    def provider(self, namespace: Namespace) -> Provider | None:
        """Return the provider of ``namespace``, or None."""
        return next((p for p in self.providers if p.namespace == namespace), None)

    def variant(self, label: Label) -> Variant | None:
        """Return the variant with this label, or None if the metadata does not list it."""
        return next((v for v in self.variants if v.label == label), None)


NO_METADATA = VariantMetadata("none", Priorities(), (), ())
"""For versions of which only null variants are published, without any metadata."""


@dataclass(frozen=True, slots=True)
class FileProblems:
    """What is wrong with an index-level file.

    ``error`` is why nothing of it is used, None if it is. ``invalid_entries`` are the labels and
    providers in it that cannot be read, ``unknown_hashes`` the algorithms of its hashes if none of
    them is known.
    """

    filename: str
    error: str | None = None
    invalid_entries: tuple[str, ...] = ()
    unknown_hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceMetadata:
    """The metadata of one version on one source.

    ``failures`` are the labels that have no metadata, ``unread`` those whose metadata could not be
    read, each with the reason. ``location`` is the URL without credentials of the index-level file
    that was read, or None.
    """

    metadata: VariantMetadata
    failures: tuple[tuple[Label, str], ...] = ()
    location: str | None = None
    unread: tuple[tuple[Label, str], ...] = ()
    file_problems: FileProblems | None = None
