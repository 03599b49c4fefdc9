"""Revision v0.0.2 (August to October 2025): ``plugin-use``, static values as priorities."""

from __future__ import annotations

from pip_variants.core.errors import MetadataError, quoted
from pip_variants.core.metadata import Priorities, Provider, VariantMetadata
from pip_variants.core.properties import OrderedFeatures
from pip_variants.formats import fields

_USES = ("all", "build", "none")


def read(top: fields.Table) -> VariantMetadata:
    """Return the model of a v0.0.2 document."""
    priorities = read_priorities(top)
    static = dict(priorities.values)
    providers = []
    for namespace, item in fields.namespace_table(top.get("providers", {}), "providers").items():
        path = fields.join("providers", namespace)
        entry = fields.table(item, path)
        use = entry.get("plugin-use", "all")
        if use not in _USES:
            raise MetadataError(
                f"{path}.plugin-use", f"{quoted(use)} is none of {', '.join(_USES)}"
            )
        provider = read_provider(namespace, entry)
        if use != "all":
            provider = static_provider(provider, static.get(provider.namespace, ()))
        providers.append(provider)
    return VariantMetadata(
        revision="0.0.2",
        priorities=priorities,
        providers=tuple(providers),
        variants=fields.variants(top["variants"]),
    )


def read_priorities(top: fields.Table) -> Priorities:
    """Return ``default-priorities`` with feature and value orders per namespace."""
    path = "default-priorities"
    entry = fields.table(top.get(path, {}), path)
    features = fields.namespace_table(entry.get("feature", {}), f"{path}.feature")
    values = fields.namespace_table(entry.get("property", {}), f"{path}.property")
    return Priorities(
        namespaces=fields.namespaces(entry.get("namespace", []), f"{path}.namespace"),
        features=tuple(
            (
                fields.namespace(ns, f"{path}.feature"),
                fields.feature_names(item, f"{path}.feature.{ns}"),
            )
            for ns, item in features.items()
        ),
        values=tuple(
            (
                fields.namespace(ns, f"{path}.property"),
                fields.features(item, f"{path}.property.{ns}"),
            )
            for ns, item in values.items()
        ),
    )


def read_provider(namespace: str, entry: fields.Table) -> Provider:
    """Return a provider with the fields that every revision before 0.2.0 has."""
    path = fields.join("providers", namespace)
    return Provider(
        namespace=fields.namespace(namespace, "providers"),
        requires=fields.requirements(entry.get("requires", []), f"{path}.requires"),
        plugin_api=fields.optional_text(entry, "plugin-api", path),
        enable_if=fields.optional_text(entry, "enable-if", path),
        optional=fields.boolean(entry.get("optional", False), f"{path}.optional"),
    )


def static_provider(provider: Provider, static: OrderedFeatures) -> Provider:
    """Return ``provider`` with static values in place of its packages."""
    return Provider(
        namespace=provider.namespace,
        enable_if=provider.enable_if,
        optional=provider.optional,
        static=static,
    )
