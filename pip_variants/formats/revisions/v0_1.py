"""Revision 0.1.x = PEP 825: labels and namespaces, without providers."""

from __future__ import annotations

from pip_variants.core.metadata import VariantMetadata
from pip_variants.formats import fields

from .v0_0_2 import read_priorities


def read(top: fields.Table) -> VariantMetadata:
    """Return the model of a 0.1.x document; 0.1.0 still had feature and property priorities."""
    return VariantMetadata(
        revision="0.1",
        priorities=read_priorities(top),
        providers=(),
        variants=fields.variants(top["variants"]),
    )
