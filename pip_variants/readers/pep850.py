"""Revision 0.2.0 = PEP 850: a provider is a package, static values, or built into the installer."""

from __future__ import annotations

from pip_variants.errors import MetadataError, quoted
from pip_variants.metadata import Metadata, Priorities, Provider
from pip_variants.properties import Features

from . import shapes

_KINDS = ("requires", "static-properties", "builtin")


def read(top: shapes.Table) -> Metadata:
    """Return the model of a 0.2.0 document."""
    path = "default-priorities"
    priorities = shapes.table(top.get(path, {}), path)
    providers = shapes.table(top.get("providers", {}), "providers")
    return Metadata(
        revision="0.2.0",
        priorities=Priorities(shapes.names(priorities.get("namespace", []), f"{path}.namespace")),
        providers=tuple(_provider(namespace, item) for namespace, item in providers.items()),
        variants=shapes.variants(top["variants"]),
    )


def _provider(namespace: str, item: object) -> Provider:
    path = shapes.join("providers", namespace)
    fields = shapes.table(item, path)
    kinds = [kind for kind in _KINDS if kind in fields]
    if len(kinds) != 1:
        raise MetadataError(path, f"expected exactly one of {', '.join(_KINDS)}")
    requires = fields.get("requires", [])
    return Provider(
        namespace=shapes.name(namespace, "providers"),
        requires=shapes.texts(requires, f"{path}.requires"),
        plugin_api=shapes.optional_text(fields, "plugin-api", path),
        optional=shapes.boolean(fields.get("optional", False), f"{path}.optional"),
        builtin=shapes.optional_text(fields, "builtin", path),
        static=_static(fields, path) if kinds == ["static-properties"] else None,
    )


def _static(fields: shapes.Table, path: str) -> Features:
    """Return the static values in ``feature-order``, which several features need (PEP 850)."""
    static = dict(shapes.full_features(fields["static-properties"], f"{path}.static-properties"))
    where = f"{path}.feature-order"
    if "feature-order" not in fields:
        if len(static) > 1:
            raise MetadataError(where, "missing, though there is more than one feature")
        return tuple(static.items())
    order = shapes.names(fields["feature-order"], where)
    for i, feature in enumerate(order):
        if feature not in static:
            raise MetadataError(f"{where}[{i}]", f"{quoted(feature)} has no static values")
    if len(order) != len(static):
        missing = next(feature for feature in static if feature not in order)
        raise MetadataError(where, f"{quoted(missing)} is not listed")
    return tuple((feature, static[feature]) for feature in order)
