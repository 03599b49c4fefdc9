"""``variant.json`` of one wheel (PEP 825, "Variant metadata in wheels")."""

from __future__ import annotations

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import MetadataError, shortened
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label

from .reader import read_text

VARIANT_JSON = "variant.json"


def read_variant_json(text: str | bytes, label: Label | None = None) -> SelectedVariant:
    """Return the one variant that a wheel's own metadata describes.

    Raise MetadataError if the document is invalid or does not have exactly one label. With
    ``label``, that of the file name, it must be this one.
    """
    return own_variant(read_text(text), label)


def own_variant(metadata: VariantMetadata, label: Label | None = None) -> SelectedVariant:
    """Return the one variant of a wheel's own ``metadata``; raise as ``read_variant_json``."""
    labels = [variant.label for variant in metadata.variants]
    if len(labels) != 1 or label not in (None, labels[0]):
        listed = ", ".join(map(shortened, labels[:3])) or "none"
        expected = f"the label {label} of the file name" if label else "one label"
        raise MetadataError("variants", f"expected only {expected}, found {listed}")
    return SelectedVariant(metadata.variants[0], metadata)
