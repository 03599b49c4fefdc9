"""The revisions before August 2025: single strings as values, priorities as lists.

Three of them are in use: ``provider-requires`` for all namespaces at once, ``providers`` with a
list of packages each, and ``providers`` with ``requires`` and ``plugin-api`` beside priorities that
spell out ``namespace :: feature`` and ``namespace :: feature :: value``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pip_variants.core import limits
from pip_variants.core.errors import MetadataError, PropertyError, quoted
from pip_variants.core.metadata import Priorities, Provider, VariantMetadata
from pip_variants.core.properties import (
    Feature,
    Namespace,
    Property,
    Value,
    Variant,
    is_feature,
    is_namespace,
    split_parts,
)
from pip_variants.formats import fields

from .v0_0_2 import read_provider


def read(top: fields.Table) -> VariantMetadata:
    """Return the model of a document of spring or early summer 2025."""
    variants = fields.variants(_with_lists(top["variants"]))
    return VariantMetadata(
        revision="early",
        priorities=_priorities(top),
        providers=tuple(_providers(top, variants)),
        variants=variants,
    )


def _with_lists(variants: object) -> object:
    """Return ``variants`` with each single string as a list of one value."""
    if not isinstance(variants, dict):
        return variants
    return {label: _map(_map_values, item) for label, item in variants.items()}


def _map_values(namespace: object) -> object:
    return _map(lambda value: [value] if isinstance(value, str) else value, namespace)


def _map(change: Callable[[object], object], value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {key: change(item) for key, item in value.items()}


def _providers(top: fields.Table, variants: tuple[Variant, ...]) -> Iterator[Provider]:
    path = "provider-requires"
    if path in top:
        # Which package serves which namespace is not recorded: each may need any of them.
        requires = fields.requirements(top[path], path)
        for namespace in sorted({ns for variant in variants for ns in variant.namespaces}):
            yield Provider(namespace, requires)
        return
    for name, item in fields.namespace_table(top.get("providers", {}), "providers").items():
        path = fields.join("providers", name)
        if isinstance(item, list):
            yield Provider(fields.namespace(name, "providers"), fields.requirements(item, path))
        else:
            yield read_provider(name, fields.table(item, path))


def _priorities(top: fields.Table) -> Priorities:
    path = "default-priorities"
    entry = fields.table(top.get(path, {}), path)
    features: dict[Namespace, list[Feature]] = {}
    feature_path = f"{path}.feature"
    for i, text in enumerate(_listed(entry.get("feature", []), feature_path)):
        namespace, feature = _feature(text, f"{feature_path}[{i}]")
        features.setdefault(namespace, []).append(feature)
    values: dict[Namespace, dict[Feature, list[Value]]] = {}
    property_path = f"{path}.property"
    for i, text in enumerate(_listed(entry.get("property", []), property_path)):
        item = _property(text, f"{property_path}[{i}]")
        values.setdefault(item.namespace, {}).setdefault(item.feature, []).append(item.value)
    return Priorities(
        namespaces=fields.namespaces(entry.get("namespace", []), f"{path}.namespace"),
        features=tuple((namespace, tuple(listed)) for namespace, listed in features.items()),
        values=tuple(
            (namespace, tuple((feature, tuple(listed)) for feature, listed in by_feature.items()))
            for namespace, by_feature in values.items()
        ),
    )


def _listed(value: object, path: str) -> tuple[str, ...]:
    return fields.texts(value, path, limits.PROPERTIES, "values")


def _feature(text: str, path: str) -> tuple[Namespace, Feature]:
    match split_parts(text):
        case (namespace, feature) if is_namespace(namespace) and is_feature(feature):
            return namespace, feature
    raise MetadataError(path, f"{quoted(text)} is not a feature")


def _property(text: str, path: str) -> Property:
    try:
        return Property.parse(text)
    except PropertyError:
        raise MetadataError(path, f"{quoted(text)} is not a property") from None
