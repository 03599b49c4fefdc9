"""Revision v0.0.2 (August to October 2025): ``plugin-use``, static values among the priorities."""

from __future__ import annotations

from pip_variants.errors import MetadataError, quoted
from pip_variants.metadata import Metadata, Priorities, Provider
from pip_variants.properties import Features

from . import shapes

_USES = ("all", "build", "none")


def read(top: shapes.Table) -> Metadata:
    """Return the model of a v0.0.2 document."""
    priorities = read_priorities(top)
    static = dict(priorities.values)
    providers = []
    for namespace, item in shapes.table(top.get("providers", {}), "providers").items():
        path = shapes.join("providers", namespace)
        fields = shapes.table(item, path)
        use = fields.get("plugin-use", "all")
        if use not in _USES:
            raise MetadataError(
                f"{path}.plugin-use", f"{quoted(use)} is none of {', '.join(_USES)}"
            )
        provider = read_provider(namespace, fields)
        if use != "all":
            provider = static_provider(provider, static.get(namespace, ()))
        providers.append(provider)
    return Metadata(
        revision="0.0.2",
        priorities=priorities,
        providers=tuple(providers),
        variants=shapes.variants(top["variants"]),
    )


def read_priorities(top: shapes.Table) -> Priorities:
    """Return ``default-priorities`` with feature and property orders per namespace."""
    path = "default-priorities"
    fields = shapes.table(top.get(path, {}), path)
    feature = shapes.table(fields.get("feature", {}), f"{path}.feature")
    value = shapes.table(fields.get("property", {}), f"{path}.property")
    return Priorities(
        namespaces=shapes.names(fields.get("namespace", []), f"{path}.namespace"),
        features=tuple(
            (shapes.name(ns, f"{path}.feature"), shapes.names(item, f"{path}.feature.{ns}"))
            for ns, item in feature.items()
        ),
        values=tuple(
            (shapes.name(ns, f"{path}.property"), shapes.features(item, f"{path}.property.{ns}"))
            for ns, item in value.items()
        ),
    )


def read_provider(namespace: str, fields: shapes.Table) -> Provider:
    """Return what every revision before 0.2.0 says of a provider."""
    path = shapes.join("providers", namespace)
    return Provider(
        namespace=shapes.name(namespace, "providers"),
        requires=shapes.texts(fields.get("requires", []), f"{path}.requires"),
        plugin_api=shapes.optional_text(fields, "plugin-api", path),
        enable_if=shapes.optional_text(fields, "enable-if", path),
        optional=shapes.boolean(fields.get("optional", False), f"{path}.optional"),
    )


def static_provider(provider: Provider, static: Features) -> Provider:
    """Return ``provider`` with the values that the metadata carries, so that nobody is asked."""
    return Provider(
        namespace=provider.namespace,
        enable_if=provider.enable_if,
        optional=provider.optional,
        static=static,
    )
