"""Revision v0.0.3 = PEP 817 (late 2025): ``install-time`` and top-level ``static-properties``."""

from __future__ import annotations

from pip_variants.metadata import Metadata

from . import shapes
from .v0_0_2 import read_priorities, read_provider, static_provider


def read(top: shapes.Table) -> Metadata:
    """Return the model of a v0.0.3 document."""
    path = "static-properties"
    static = {
        shapes.name(namespace, path): shapes.features(item, f"{path}.{namespace}")
        for namespace, item in shapes.table(top.get(path, {}), path).items()
    }
    providers = []
    for namespace, item in shapes.table(top.get("providers", {}), "providers").items():
        path = shapes.join("providers", namespace)
        fields = shapes.table(item, path)
        provider = read_provider(namespace, fields)
        if not shapes.boolean(fields.get("install-time", True), f"{path}.install-time"):
            provider = static_provider(provider, static.get(namespace, ()))
        providers.append(provider)
    return Metadata(
        revision="0.0.3",
        priorities=read_priorities(top),
        providers=tuple(providers),
        variants=shapes.variants(top["variants"]),
    )
