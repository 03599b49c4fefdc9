"""The shapes before August 2025: single strings as values, priorities as lists, bare requirements.

Three of them lie around: ``provider-requires`` for all namespaces at once, ``providers`` with a
list of packages each, and ``providers`` with ``requires`` and ``plugin-api`` beside priorities that
spell out ``namespace :: feature`` and ``namespace :: feature :: value``.
"""

from __future__ import annotations

from collections.abc import Iterator

from pip_variants.errors import MetadataError, quoted
from pip_variants.metadata import Metadata, Priorities, Provider
from pip_variants.properties import Features, Variant, is_name, is_value

from . import shapes
from .v0_0_2 import read_provider

_FEATURE = 2
_PROPERTY = 3


def read(top: shapes.Table) -> Metadata:
    """Return the model of a document of spring or early summer 2025."""
    variants = shapes.variants(_with_lists(top["variants"]))
    return Metadata(
        revision="early",
        priorities=_priorities(top),
        providers=tuple(_providers(top, variants)),
        variants=variants,
    )


def _with_lists(variants: object) -> object:
    """Return ``variants`` with each value that is a single string as a list of one."""
    if not isinstance(variants, dict):
        return variants
    return {label: _map(_map_values, item) for label, item in variants.items()}


def _map_values(namespace: object) -> object:
    return _map(lambda value: [value] if isinstance(value, str) else value, namespace)


def _map(change: shapes.Change, value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {key: change(item) for key, item in value.items()}


def _providers(top: shapes.Table, variants: tuple[Variant, ...]) -> Iterator[Provider]:
    path = "provider-requires"
    if path in top:
        # Nothing says which package serves which namespace: each may need any of them.
        requires = shapes.texts(top[path], path)
        for namespace in sorted({ns for variant in variants for ns in variant.namespaces}):
            yield Provider(namespace, requires)
        return
    for namespace, item in shapes.table(top.get("providers", {}), "providers").items():
        if isinstance(item, list):
            where = shapes.join("providers", namespace)
            yield Provider(shapes.name(namespace, "providers"), shapes.texts(item, where))
        else:
            fields = shapes.table(item, shapes.join("providers", namespace))
            yield read_provider(namespace, fields)


def _priorities(top: shapes.Table) -> Priorities:
    path = "default-priorities"
    fields = shapes.table(top.get(path, {}), path)
    features: dict[str, list[str]] = {}
    for namespace, feature in _split(fields, "feature", _FEATURE):
        features.setdefault(namespace, []).append(feature)
    values: dict[str, dict[str, list[str]]] = {}
    for namespace, feature, value in _split(fields, "property", _PROPERTY):
        values.setdefault(namespace, {}).setdefault(feature, []).append(value)
    return Priorities(
        namespaces=shapes.names(fields.get("namespace", []), f"{path}.namespace"),
        features=tuple((namespace, tuple(listed)) for namespace, listed in features.items()),
        values=tuple((namespace, _frozen(listed)) for namespace, listed in values.items()),
    )


def _split(fields: shapes.Table, key: str, length: int) -> Iterator[tuple[str, ...]]:
    """Yield the parts of each ``::``-joined text that ``default-priorities.key`` lists."""
    path = f"default-priorities.{key}"
    for i, text in enumerate(shapes.texts(fields.get(key, []), path)):
        parts = tuple(part.strip() for part in text.split("::"))
        valid = all(map(is_name, parts[:_FEATURE])) and all(map(is_value, parts[_FEATURE:]))
        if len(parts) != length or not valid:
            raise MetadataError(f"{path}[{i}]", f"{quoted(text)} is not a {key}")
        yield parts


def _frozen(values: dict[str, list[str]]) -> Features:
    return tuple((feature, tuple(listed)) for feature, listed in values.items())
