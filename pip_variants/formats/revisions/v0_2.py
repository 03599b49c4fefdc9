"""Revision 0.2.0 = PEP 850: a provider is a package, static values, or built into the installer."""

from __future__ import annotations

from pip_variants.core.errors import MetadataError, quoted
from pip_variants.core.metadata import Priorities, Provider, VariantMetadata
from pip_variants.core.properties import OrderedFeatures
from pip_variants.formats import fields

_KINDS = ("requires", "static-properties", "builtin")


def read(top: fields.Table) -> VariantMetadata:
    """Return the model of a 0.2.0 document."""
    path = "default-priorities"
    priorities = fields.table(top.get(path, {}), path)
    providers = fields.namespace_table(top.get("providers", {}), "providers")
    return VariantMetadata(
        revision="0.2.0",
        priorities=Priorities(
            fields.namespaces(priorities.get("namespace", []), f"{path}.namespace")
        ),
        providers=tuple(_provider(namespace, item) for namespace, item in providers.items()),
        variants=fields.variants(top["variants"]),
    )


def _provider(namespace: str, item: object) -> Provider:
    path = fields.join("providers", namespace)
    entry = fields.table(item, path)
    kinds = [kind for kind in _KINDS if kind in entry]
    if len(kinds) != 1:
        raise MetadataError(path, f"expected exactly one of {', '.join(_KINDS)}")
    return Provider(
        namespace=fields.namespace(namespace, "providers"),
        requires=fields.requirements(entry.get("requires", []), f"{path}.requires"),
        plugin_api=fields.optional_text(entry, "plugin-api", path),
        optional=fields.boolean(entry.get("optional", False), f"{path}.optional"),
        builtin=fields.optional_text(entry, "builtin", path),
        static=_static(entry, path) if kinds == ["static-properties"] else None,
    )


def _static(entry: fields.Table, path: str) -> OrderedFeatures:
    """Return the static values in ``feature-order``, required for several features (PEP 850)."""
    static = dict(fields.full_features(entry["static-properties"], f"{path}.static-properties"))
    order_path = f"{path}.feature-order"
    if "feature-order" not in entry:
        if len(static) > 1:
            raise MetadataError(order_path, "missing, though there is more than one feature")
        return tuple(static.items())
    order = fields.feature_names(entry["feature-order"], order_path)
    for i, feature in enumerate(order):
        if feature not in static:
            raise MetadataError(f"{order_path}[{i}]", f"{quoted(feature)} has no static values")
    if len(order) != len(static):
        missing = next(feature for feature in static if feature not in order)
        raise MetadataError(order_path, f"{quoted(missing)} is not listed")
    return tuple((feature, static[feature]) for feature in order)
