"""Revision v0.0.3 = PEP 817 (late 2025): ``install-time`` and top-level ``static-properties``."""

from __future__ import annotations

from pip_variants.core.metadata import VariantMetadata
from pip_variants.formats import fields

from .v0_0_2 import read_priorities, read_provider, static_provider


def read(top: fields.Table) -> VariantMetadata:
    """Return the model of a v0.0.3 document."""
    path = "static-properties"
    static = {
        fields.namespace(namespace, path): fields.features(item, f"{path}.{namespace}")
        for namespace, item in fields.namespace_table(top.get(path, {}), path).items()
    }
    providers = []
    for namespace, item in fields.namespace_table(top.get("providers", {}), "providers").items():
        path = fields.join("providers", namespace)
        entry = fields.table(item, path)
        provider = read_provider(namespace, entry)
        if not fields.boolean(entry.get("install-time", True), f"{path}.install-time"):
            provider = static_provider(provider, static.get(provider.namespace, ()))
        providers.append(provider)
    return VariantMetadata(
        revision="0.0.3",
        priorities=read_priorities(top),
        providers=tuple(providers),
        variants=fields.variants(top["variants"]),
    )
