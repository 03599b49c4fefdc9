"""Revision 0.1.x = PEP 825: labels and namespaces, and no word on providers."""

from __future__ import annotations

from pip_variants.metadata import Metadata

from . import shapes
from .v0_0_2 import read_priorities


def read(top: shapes.Table) -> Metadata:
    """Return the model of a 0.1.x document; 0.1.0 still had feature and property priorities."""
    return Metadata(
        revision="0.1",
        priorities=read_priorities(top),
        providers=(),
        variants=shapes.variants(top["variants"]),
    )
